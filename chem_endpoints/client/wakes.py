"""How long endpoints took to wake before: seconds only, in a small file of the user's, so that a wait can be judged."""

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from chem_endpoints.client.user_folders import state_folder

KEPT = 10
"""Wakes that are remembered of each endpoint."""


@dataclass(kw_only=True)
class WakeHistory:
    """Reads and writes the file; a file that cannot be read or written costs a sentence in a line, so it is let be.

    Attributes:
        path: the file.
    """

    path: Path = field(default_factory=lambda: state_folder() / "wakes.json")

    def typical(self, name: str) -> float | None:
        """Median seconds of the last wakes; ``None``: none is known."""
        seconds = self._read().get(name)
        return float(np.median(seconds)) if seconds else None

    def add(self, name: str, seconds: float) -> None:
        """Remembers a wake."""
        known = self._read()
        known[name] = [*known.get(name, []), round(seconds, 1)][-KEPT:]
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.write_text(json.dumps(known, sort_keys=True))

    def _read(self) -> dict[str, list[float]]:
        try:
            known = json.loads(self.path.read_text())
            return {str(name): [float(second) for second in seconds] for name, seconds in known.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}
