"""Small images as files: a folder as a push to ``dir:`` would leave it, layer by layer."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One path of a layer that is more than a plain file of root's."""

    content: bytes = b""
    kind: bytes = tarfile.REGTYPE
    mode: int = 0o644
    uid: int = 0
    target: str = ""


FOLDER = Entry(kind=tarfile.DIRTYPE, mode=0o755)

Layer = Mapping[str, Entry | str]


def write_image(folder: Path, *layers: Layer, user: str = "10001:10001", compress: bool = True) -> Path:
    """Writes an image and returns its folder.

    Args:
        folder: for the image; made where it is missing.
        layers: of the image, the lowest first: contents by path.
        user: whom the image runs as.
        compress: whether the layers are gzipped.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tars = [_tar(layer) for layer in layers]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "User": user,
            "Entrypoint": ["/bin/sh", "/serve"],
            "Cmd": ["serve"],
            "Env": ["PATH=/opt/venv/bin:/bin", "EMPTY="],
            "Labels": {"org.opencontainers.image.version": "abc"},
            "WorkingDir": "/opt/program",
            "ExposedPorts": {"8080/tcp": {}},
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars]},
        "history": [
            part
            for index in range(len(tars))
            for part in ({"created_by": f"step {index}"}, {"created_by": "ENV A=b", "empty_layer": True})
        ],
    }
    blobs = [gzip.compress(tar, mtime=0) if compress else tar for tar in tars]
    manifest = {
        "schemaVersion": 2,
        "config": _blob(folder, json.dumps(config).encode()),
        "layers": [_blob(folder, blob) for blob in blobs],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def _tar(layer: Layer) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for path, entry in layer.items():
            described = Entry(content=entry.encode()) if isinstance(entry, str) else entry
            member = tarfile.TarInfo(path)
            member.type, member.mode, member.uid = described.kind, described.mode, described.uid
            member.size, member.linkname = len(described.content), described.target
            archive.addfile(member, io.BytesIO(described.content))
    return written.getvalue()


def _blob(folder: Path, content: bytes) -> dict[str, str | int]:
    digest = hashlib.sha256(content).hexdigest()
    (folder / digest).write_bytes(content)
    return {"digest": f"sha256:{digest}", "size": len(content)}


def distribution(
    name: str,
    version: str,
    *,
    modules: Mapping[str, str] | None = None,
    headers: str = "",
    folder: str = "opt/venv/lib/python3.11/site-packages",
) -> dict[str, Entry | str]:
    """Paths of one installed Python package, with byte code that its RECORD does not list.

    Args:
        name: as its metadata writes it.
        version: its release.
        modules: sources by path below ``folder``; default: one module.
        headers: further lines of its metadata.
        folder: where it is installed.
    """
    sources = {f"{name.lower()}.py": "x = 1\n"} if modules is None else modules
    information = f"{folder}/{name}-{version}.dist-info"
    files: dict[str, Entry | str] = {f"{folder}/{path}": source for path, source in sources.items()}
    for path in sources:
        above, _, module = f"{folder}/{path}".rpartition("/")
        files[f"{above}/__pycache__/{module.removesuffix('.py')}.cpython-311.pyc"] = "code"
    record = "".join(f"{path},,\n" for path in (*sources, f"{name}-{version}.dist-info/METADATA"))
    metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{headers}\n\nWords.\n"
    return {**files, f"{information}/METADATA": metadata, f"{information}/RECORD": record}
