"""A file that appears whole or not at all, and in nobody's place."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from chem_endpoints.errors import FileError

PART_ENDING = ".part"
"""Ending of the temporary file beside the one that is written; one that stays behind belongs to a killed process."""


class OutputFile:
    """Takes a place for a file before the work whose result it will hold, and fills it at the end.

    Entered, it checks the place and opens a temporary file beside it: a folder that cannot be written to is told before
    anything is computed. Left without an error after `write`, it renames that file; otherwise it removes it. What is no
    plain file, such as ``/dev/stdout`` or a pipe, is written to directly.

    Args:
        path: the file.
        force: overwrite a file that exists.
        never: files that are not overwritten even so, by whatever name: the inputs.

    Raises:
        FileError: there is such a file, or there can be none.
    """

    def __init__(self, path: Path, *, force: bool = False, never: Sequence[Path] = ()) -> None:
        self._path = path
        self._force = force
        self._never = never
        self._part: Path | None = None
        self._file: IO[bytes] | None = None
        self._written = False

    def __enter__(self) -> Self:
        try:
            self._claim()
        except OSError as error:
            raise FileError(f"{self._path}: the file cannot be written ({error.strerror})") from None
        return self

    def write(self, contents: bytes) -> None:
        """Writes the whole contents; the file appears when the block is left.

        Raises:
            FileError: the device is full or gone.
        """
        assert self._file is not None, "write() outside the with block"
        try:
            self._file.write(contents)
            self._file.flush()
            if self._part is not None:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise FileError(f"{self._path}: the file cannot be written ({error.strerror})") from None
        self._written = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        self._file.close()
        if self._part is None:
            return
        try:
            if kind is None and self._written:
                self._rename(self._part)
        finally:
            self._part.unlink(missing_ok=True)

    def _claim(self) -> None:
        path = self._path
        if path.is_dir():
            raise FileError(f"{path}: this is a folder; name a file in it")
        if path.exists() and not path.is_file():
            self._file = path.open("wb")
            return
        if any(_same_file(path, other) for other in self._never):
            raise FileError(f"{path}: this is the input file, which is never overwritten; choose another name")
        if path.exists() and not self._force:
            raise _taken(path)
        if not path.parent.is_dir():
            raise FileError(f"{path}: there is no folder {path.parent}; make it first")
        target = path.resolve()  # a symbolic link stays one
        self._part = target.with_name(f".{target.name}.{secrets.token_hex(4)}{PART_ENDING}")
        descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)  # the caller's umask decides
        self._file = os.fdopen(descriptor, "wb")

    def _rename(self, part: Path) -> None:
        target = self._path.resolve()
        try:
            if self._force:
                part.replace(target)
            else:
                _put_in_free_place(part, target)
        except FileExistsError:
            raise _taken(self._path) from None
        except OSError as error:
            raise FileError(f"{self._path}: the file cannot be written ({error.strerror})") from None


def _put_in_free_place(part: Path, target: Path) -> None:
    """Renames without overwriting what has appeared meanwhile.

    Raises:
        FileExistsError: something has.
    """
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if target.exists():
            raise FileExistsError(target) from None
        part.replace(target)


def _taken(path: Path) -> FileError:
    return FileError(
        f"{path}: there is such a file already; choose another name, or overwrite it (--force, force=True)"
    )


def _same_file(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False
