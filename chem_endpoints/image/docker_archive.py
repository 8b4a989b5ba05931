"""The archive that ``docker save`` writes, unpacked as a push would send it."""

import gzip
import hashlib
import json
import shutil
import tarfile
from pathlib import Path
from typing import IO, Any

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_LEVEL = 6
"""The level of ``docker push``: the default of Go's compress/gzip."""

_TYPES = "application/vnd.docker"
_CONFIG_TYPE = f"{_TYPES}.container.image.v1+json"
_LAYER_TYPE = f"{_TYPES}.image.rootfs.diff.tar.gzip"
_MANIFEST_TYPE = f"{_TYPES}.distribution.manifest.v2+json"


class ArchiveError(Exception):
    """No archive, or one that holds no single image; the message says what to do."""


def unpack_docker_archive(archive: Path, folder: Path) -> None:
    """Writes the archive's one image into a folder: ``manifest.json``, and the blobs by the hex of their digests.

    Engines before 25 write ``ID/layer.tar``, later ones ``blobs/sha256/DIGEST``: the archive's own ``manifest.json``
    names them. Source: "Image Manifest Version 2, Schema 2" of the distribution project.

    Args:
        archive: what ``docker save --output`` wrote.
        folder: where to; it exists.

    Raises:
        ArchiveError: it is broken, holds no image, or several.
    """
    try:
        with tarfile.open(archive, "r:") as opened:
            images = json.load(_member(opened, "manifest.json"))
            if len(images) != 1:
                raise ArchiveError(f"{archive}: it holds {len(images)} images; save one")
            (image,) = images
            manifest = {
                "schemaVersion": 2,
                "mediaType": _MANIFEST_TYPE,
                "config": _blob(_member(opened, image["Config"]), folder, _CONFIG_TYPE),
                "layers": [_layer(_member(opened, name), folder) for name in image["Layers"]],
            }
    except (tarfile.TarError, ValueError, LookupError, TypeError) as error:
        raise ArchiveError(f"{archive}: no archive that docker saved ({error!r}): save it again") from error
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "version").write_text("Directory Transport Version: 1.1\n")


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    """A file of the archive; a link, which stands for a layer that occurs twice, is followed."""
    try:
        found = archive.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        raise ArchiveError(f"no {name} in the archive, so no image that docker saved")
    return found


def _layer(stream: IO[bytes], folder: Path) -> dict[str, Any]:
    """An engine whose storage is containerd's saves layers as they were pulled, gzipped."""
    is_gzipped = stream.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    stream.seek(0)
    if is_gzipped:
        return _blob(stream, folder, _LAYER_TYPE)
    gzipped = folder / "layer.part"
    with gzipped.open("wb") as raw, gzip.GzipFile("", "wb", _GZIP_LEVEL, raw, mtime=0) as packed:
        shutil.copyfileobj(stream, packed, 1 << 20)
    with gzipped.open("rb") as packed_stream:
        described = _blob(packed_stream, folder, _LAYER_TYPE)
    gzipped.unlink()
    return described


def _blob(stream: IO[bytes], folder: Path, media_type: str) -> dict[str, Any]:
    """Writes a blob and describes it, as a manifest does."""
    part = folder / "blob.part"
    digest = hashlib.sha256()
    with part.open("wb") as written:
        while piece := stream.read(1 << 20):
            digest.update(piece)
            written.write(piece)
        size = written.tell()
    part.rename(folder / digest.hexdigest())
    return {"mediaType": media_type, "size": size, "digest": f"sha256:{digest.hexdigest()}"}
