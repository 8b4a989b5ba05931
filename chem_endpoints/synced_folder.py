"""A folder's entries on the disk: a file that was made or renamed there is found after a power cut."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Writes the names in a folder onto the disk; their contents are synced by whoever writes them."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
