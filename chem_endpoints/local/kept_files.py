"""Where a local AWS keeps its state, and since when."""

import json
import shutil
from datetime import datetime
from pathlib import Path

STATE_FILE = "state"
"""Its first line is JSON: when it was written, and by which code."""


def kept_folder(folder: Path) -> Path:
    """Where a local AWS with this folder keeps its state."""
    return folder / "kept"


def kept_since(folder: Path) -> datetime | None:
    """When the state in this folder was written; None: there is none."""
    try:
        with (kept_folder(folder) / STATE_FILE).open("rb") as file:
            return datetime.fromisoformat(json.loads(file.readline())["saved"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget_state(folder: Path) -> None:
    """Removes a kept state."""
    shutil.rmtree(kept_folder(folder), ignore_errors=True)
