"""The bodies of S3 objects in a kept state: one file each, written once, since an object never changes.

An object in moto's S3 holds its body in a buffer. The buffer carries the name of its file, so that the next time
nothing is copied.
"""

import io
import os
import uuid
from collections.abc import Collection
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from chem_endpoints.local.s3_bodies import LARGE_BYTES
from chem_endpoints.synced_folder import sync_folder

_PIECE_BYTES = 1 << 20
_NAME = "kept_name"


class KeptBody:
    """The file of a body, by its name."""

    def __init__(self, name: str) -> None:
        self.name = name


class KeptBodies:
    """The folder of the bodies; only its owner can read them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, key: Any) -> KeptBody:
        """Writes the body of one of moto's objects, unless its file is there."""
        with key.lock:
            buffer = key._value_buffer
            name, size = getattr(buffer, _NAME, ("", -1))
            if size != key.contentsize or not (self._folder / name).is_file():
                name = self._write(buffer)
                setattr(buffer, _NAME, (name, key.contentsize))
        return KeptBody(name)

    def _write(self, buffer: IO[bytes]) -> str:
        """Writes a body onto the disk; returns its file's name, which ends with its size."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stem = uuid.uuid4().hex
        draft = self._folder / f"{stem}.tmp"
        with open(draft, "xb", opener=_private) as file:
            if not buffer.closed:  # That of an object which was deleted meanwhile is closed.
                buffer.seek(0)
                while piece := buffer.read(_PIECE_BYTES):
                    file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            name = f"{stem}-{file.tell()}"
        draft.replace(self._folder / name)
        return name

    def buffer(self, name: str) -> IO[bytes]:
        """The body for an object that is restored: in memory as moto would have it, or its file itself.

        Raises:
            ValueError: its file is not whole.
        """
        path = self._folder / name
        size = path.stat().st_size
        if name.rpartition("-")[2] != str(size):
            raise ValueError(f"the file of an object's body has {size} bytes, not those that were written")
        buffer: Any = path.open("rb")
        if size <= LARGE_BYTES:
            with buffer as file:
                buffer = SpooledTemporaryFile(max_size=LARGE_BYTES)  # noqa: SIM115
                buffer.write(file.read())
        setattr(buffer, _NAME, (name, size))
        return buffer  # type: ignore[no-any-return]

    def sync(self) -> None:
        """Has the disk know the files' names, too."""
        if self._folder.is_dir():
            sync_folder(self._folder)

    def forget_all_but(self, names: Collection[str]) -> None:
        """Removes the files that nothing refers to."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if path.name not in names:
                path.unlink(missing_ok=True)


def empty_buffer() -> IO[bytes]:
    """The body of nothing."""
    return io.BytesIO()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
