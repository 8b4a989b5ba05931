"""The parts of a job as files of the user's: for endpoints that answer within the call, and so need no place in S3."""

import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from chem_endpoints.client.jobs.job_store import Removed
from chem_endpoints.client.jobs.s3_store import BYTES
from chem_endpoints.synced_folder import sync_folder

TEMPORARY = ".part-"
"""Begin of the names of files that are being written."""


class LocalStore:
    """A `chem_endpoints.client.jobs.job_store.JobStore` in a folder that only its user can read.

    Args:
        folder: made with its first part.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.place = f"{folder}/"

    def location(self, name: str) -> None:
        """SageMaker cannot read this machine's files."""
        return

    def put(self, name: str, body: bytes, *, content_type: str = BYTES, only_new: bool = False) -> bool:
        """Stores a part, and returns when it would survive a loss of power."""
        path = self._folder / name
        _make(path.parent)
        temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")
        try:
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            if only_new:
                os.link(temporary, path)  # unlike a rename it fails when the name is taken
            else:
                temporary.replace(path)
        except FileExistsError:
            return False
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
        return True

    def get(self, name: str) -> bytes | None:
        """A part; ``None``: it is not there."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def names(self, prefix: str = "") -> list[str]:
        """The parts whose names begin so, sorted; files that are being written are none."""
        found = (path for path in self._folder.rglob("*") if path.is_file() and not path.name.startswith(TEMPORARY))
        return sorted(name for path in found if (name := path.relative_to(self._folder).as_posix()).startswith(prefix))

    def remove(self, names: Sequence[str]) -> Removed:
        """Deletes parts, and folders that have none left."""
        for name in names:
            (self._folder / name).unlink(missing_ok=True)
        if not self.names():  # nothing but what a killed process had begun to write
            shutil.rmtree(self._folder, ignore_errors=True)
        return Removed(deleted=len(names))


def _make(folder: Path) -> None:
    """Makes a folder and those above it; unlike ``parents=True`` all of them for their user alone."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
