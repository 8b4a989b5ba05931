"""What a built image holds: its layers, the files that a container sees, its settings.

Reads a folder as ``podman push --compress IMAGE dir:FOLDER`` writes it: ``manifest.json`` and the blobs by the hex of
their digests. Sources: "OCI Image Layer Filesystem Changeset" (whiteouts, opaque folders) and "Image Manifest" of
opencontainers/image-spec.
"""

import gzip
import json
import tarfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Literal

WHITEOUT = ".wh."
"""Begin of the name that deletes the rest of it from the layers below."""

OPAQUE = ".wh..wh..opq"
"""Name that deletes all that the layers below hold in its folder."""

DPKG_STATUS = "var/lib/dpkg/status"
"""Where Debian lists its installed packages."""

OS_RELEASE = "usr/lib/os-release"
"""Where a distribution names itself."""

SOURCES_LABEL = "org.opencontainers.image.version"
"""Label that names the sources which an image was built from, by their hash."""

_TEXTS_OF_A_PACKAGE = frozenset({"METADATA", "PKG-INFO", "RECORD"})

Kind = Literal["file", "folder", "symlink", "hardlink", "other"]


class ContentsError(Exception):
    """The folder holds no image as a push sends it; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class File:
    """One path of the image's file system."""

    path: str
    """From the root, without the first slash."""
    kind: Kind
    size: int
    """Bytes; 0 for all but a file."""
    compressed: int
    """Bytes of its layer's gzip stream that were read for it, exact to some 10 kB: meant for sums over many files."""
    mode: int
    """Permission bits, setuid, setgid and sticky bit among them."""
    uid: int
    gid: int
    target: str
    """What a link points to, else empty."""
    layer: int
    """Index of the layer that it comes from, 0 the lowest."""

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer as it is pushed."""

    digest: str
    compressed: int
    """Bytes of the blob: what a registry stores and an instance downloads."""
    unpacked: int
    """Bytes of its files."""
    made_by: str
    """The step that made it, as the builder recorded it."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the image says about how it is run."""

    user: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    working_folder: str
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    ports: tuple[str, ...]
    architecture: str


@dataclass(frozen=True, kw_only=True)
class Contents:
    """One image."""

    digest: str
    """Of its configuration, ``sha256:…``: the image's id, the same however its layers are compressed."""
    settings: Settings
    layers: tuple[Layer, ...]
    files: Mapping[str, File]
    """By path: what a container sees."""
    texts: Mapping[str, str]
    """By path: the lists of installed packages."""
    hidden: int
    """Compressed bytes of files that a later layer deletes or replaces: downloaded, never seen."""

    @property
    def compressed(self) -> int:
        """Bytes that a push sends for all layers."""
        return sum(layer.compressed for layer in self.layers)

    @property
    def unpacked(self) -> int:
        """Bytes of the files of all layers."""
        return sum(layer.unpacked for layer in self.layers)


def read_contents(folder: Path) -> Contents:
    """The image in ``folder``, read once from begin to end.

    Raises:
        ContentsError: a blob is missing or broken, or is no gzip stream.
    """
    manifest = _json(folder / "manifest.json")
    if "layers" not in manifest:
        raise ContentsError(f"{folder / 'manifest.json'} is the manifest of no single image: export one architecture")
    config = _json(_blob(folder, manifest["config"]))
    steps = [step.get("created_by", "") for step in config.get("history", []) if not step.get("empty_layer")]

    files: dict[str, File] = {}
    texts: dict[str, str] = {}
    layers, hidden = [], 0
    for index, described in enumerate(manifest["layers"]):
        read = _read_layer(_blob(folder, described), index)
        gone = _gone(files, read)
        hidden += sum(files[path].compressed for path in gone)
        for path in gone:
            del files[path]
            texts.pop(path, None)
        files |= read.added
        texts |= read.texts
        layers.append(
            Layer(
                digest=described["digest"],
                compressed=described["size"],
                unpacked=sum(file.size for file in read.added.values()),
                made_by=steps[index] if index < len(steps) else "",
            )
        )
    return Contents(
        digest=manifest["config"]["digest"],
        settings=_settings(config),
        layers=tuple(layers),
        files=dict(sorted(files.items())),
        texts=texts,
        hidden=hidden,
    )


@dataclass(frozen=True, kw_only=True)
class _ReadLayer:
    added: Mapping[str, File]
    texts: Mapping[str, str]
    deleted: Collection[str]
    emptied: Collection[str]


def _read_layer(blob: Path, index: int) -> _ReadLayer:
    added: dict[str, File] = {}
    texts: dict[str, str] = {}
    deleted: set[str] = set()
    emptied: set[str] = set()
    try:
        with blob.open("rb") as stream:
            for member, compressed, text in _members(stream):
                path = PurePosixPath("/", member.name).as_posix().lstrip("/")
                above, _, name = path.rpartition("/")
                if name == OPAQUE:
                    emptied.add(above)
                elif name.startswith(WHITEOUT):
                    deleted.add(f"{above}/{name.removeprefix(WHITEOUT)}".lstrip("/"))
                elif path:
                    added[path] = _file(member, path, compressed, index)
                    if text is not None:
                        texts[path] = text
    except gzip.BadGzipFile as error:
        raise ContentsError(
            f"{blob}: no gzip stream ({error}), so its size says nothing: export with `podman push --compress`"
        ) from error
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ContentsError(f"{blob}: broken layer ({error}): export the image again") from error
    return _ReadLayer(added=added, texts=texts, deleted=deleted, emptied=emptied)


def _members(stream: BinaryIO) -> Iterator[tuple[tarfile.TarInfo, int, str | None]]:
    """Each member with the compressed bytes that it took and, of a package list, its text."""
    with gzip.GzipFile(fileobj=stream) as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
        begin = 0
        before: tuple[tarfile.TarInfo, str | None] | None = None
        for member in archive:
            # The archive has just read past the member before: the stream's place says what that one took.
            if before is not None:
                here = stream.tell()
                yield before[0], here - begin, before[1]
                begin = here
            before = member, _text(archive, member)
        while plain.read(2**20):  # past the archive's end, so that the stream's check sum is read
            pass
        if before is not None:
            yield before[0], stream.tell() - begin, before[1]


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str | None:
    path = PurePosixPath("/", member.name)
    of_a_package = path.parent.suffix in (".dist-info", ".egg-info") and path.name in _TEXTS_OF_A_PACKAGE
    if not member.isreg() or not (of_a_package or path.as_posix().lstrip("/") in (DPKG_STATUS, OS_RELEASE)):
        return None
    opened = archive.extractfile(member)
    return None if opened is None else opened.read().decode("utf-8", "replace")


def _file(member: tarfile.TarInfo, path: str, compressed: int, layer: int) -> File:
    return File(
        path=path,
        kind=_kind(member),
        size=member.size if member.isreg() else 0,
        compressed=compressed,
        mode=member.mode & 0o7777,
        uid=member.uid,
        gid=member.gid,
        target=member.linkname,
        layer=layer,
    )


def _kind(member: tarfile.TarInfo) -> Kind:
    if member.isdir():
        return "folder"
    if member.issym():
        return "symlink"
    if member.islnk():
        return "hardlink"
    return "file" if member.isreg() else "other"


def _gone(below: Mapping[str, File], layer: _ReadLayer) -> list[str]:
    """Paths of the layers below that this layer deletes or replaces."""
    replaced = {path for path, file in layer.added.items() if file.kind != "folder"}  # a folder keeps what is below
    deleted = {*layer.deleted, *replaced}
    return [
        path
        for path in below
        if path in deleted or any(above in deleted or above in layer.emptied for above in _folders_above(path))
    ]


def _folders_above(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition("/")[0]
        yield path


def _settings(config: Mapping[str, Any]) -> Settings:
    run = config.get("config", {})
    return Settings(
        user=run.get("User") or "",
        entrypoint=tuple(run.get("Entrypoint") or ()),
        command=tuple(run.get("Cmd") or ()),
        working_folder=run.get("WorkingDir") or "/",
        environment=dict(entry.partition("=")[::2] for entry in run.get("Env") or ()),
        labels=dict(run.get("Labels") or {}),
        ports=tuple(run.get("ExposedPorts") or ()),
        architecture=config.get("architecture", ""),
    )


def _blob(folder: Path, described: Mapping[str, Any]) -> Path:
    return folder / str(described["digest"]).partition(":")[2]


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise ContentsError(f"{path}: no such file; export the image there first") from error
    except ValueError as error:
        raise ContentsError(f"{path}: no JSON ({error}): export the image again") from error
