"""Memory of a server and its children: pages that they share count once, in parts (PSS, Linux)."""

import contextlib
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType

_EVERY_SECONDS = 0.05
_PROC = Path("/proc")


ALL = ("Pss",)
OWN = ("Pss_Anon", "Pss_Shmem", "SwapPss")
"""Without files: a process's part of a library grows when another one that had it loaded ends."""


def group_bytes(group: int | None, parts: Collection[str] = ALL) -> int:
    """Proportional set size of all processes of a group, in bytes; 0 where /proc does not tell it.

    Args:
        group: its id; ``None``: none.
        parts: which lines of ``smaps_rollup`` count.
    """
    return sum(_pss(process, parts) for process in _members(group)) if group is not None else 0


class MemoryWatch:
    """Measures a process group again and again while a ``with`` block runs.

    Args:
        group: its id.

    Attributes:
        peak: the most bytes that were seen.
    """

    def __init__(self, group: int | None) -> None:
        self.peak = 0
        self._group = group
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_EVERY_SECONDS):
            self.peak = max(self.peak, group_bytes(self._group))


def _members(group: int) -> Iterator[Path]:
    for process in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):  # it has ended meanwhile
            # The name in parentheses may hold blanks; state, parent and group follow it.
            if int((process / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                yield process


def _pss(process: Path, parts: Collection[str]) -> int:
    with contextlib.suppress(OSError):  # it has ended meanwhile
        lines = (process / "smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.partition(":")[0] in parts)
    return 0
