"""Where the client keeps what outlives a process: jobs, caches, and how long endpoints took to wake.

Source: XDG Base Directory Specification.
"""

import os
from pathlib import Path

STATE_VARIABLE = "CHEM_ENDPOINTS_STATE"
"""Folder of jobs and of remembered wakes; default ``$XDG_STATE_HOME/chem-endpoints``, else ``~/.local/state/…``."""
CACHE_VARIABLE = "CHEM_ENDPOINTS_CACHE"
"""Folder of cached answers; default ``$XDG_CACHE_HOME/chem-endpoints``, else ``~/.cache/…``."""


def state_folder() -> Path:
    """The folder of jobs and remembered wakes; it may not exist yet."""
    return _folder(STATE_VARIABLE, "XDG_STATE_HOME", ".local/state")


def cache_folder() -> Path:
    """The folder of cached answers; it may not exist yet."""
    return _folder(CACHE_VARIABLE, "XDG_CACHE_HOME", ".cache")


def _folder(own: str, xdg: str, below_home: str) -> Path:
    if given := os.environ.get(own):
        return Path(given)
    base = os.environ.get(xdg)
    return (Path(base) if base else Path.home() / below_home) / "chem-endpoints"
