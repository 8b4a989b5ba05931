"""One line that tells how far a call is: rows, failed rows, rows per second, time left."""

import sys
import warnings
from threading import Lock
from types import TracebackType
from typing import Any


def watched() -> bool:
    """Whether somebody sees what is written: a terminal, or a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


class Progress:
    """A progress line on standard error; nothing at all when nobody watches. Safe to call from several threads.

    Args:
        total: rows that will be answered; 0 shows nothing, ``None``: nobody knows how many.
        name: what the line begins with, such as the endpoint's name.
        watched: whether to show it; `watched` tells whether somebody would see it.
    """

    def __init__(self, total: int | None, name: str, watched: bool) -> None:
        self._failed = 0
        self._lock = Lock()
        self._bar: Any = None
        if watched and total != 0:
            with warnings.catch_warnings():
                # A notebook without ipywidgets gets the line as text; that is no news for a chemist.
                warnings.filterwarnings("ignore", message="IProgress not found")
                from tqdm.auto import tqdm  # not needed by whoever shows nothing

            self._bar = tqdm(total=total, desc=name, unit="row", leave=False, file=sys.stderr)

    def advance(self, rows: int, failed: int = 0) -> None:
        """Adds answered rows, of which ``failed`` came back with a reason instead of a prediction."""
        with self._lock:
            self._failed += failed
            if self._bar is None:
                return
            if self._failed:
                self._bar.set_postfix_str(f"{self._failed:,} failed", refresh=False)
            self._bar.update(rows)

    def say(self, text: str) -> None:
        """Writes a sentence above the line, such as what is waited for."""
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)

    def close(self) -> None:
        """Removes the line; what was said stays."""
        with self._lock:
            if self._bar is not None:
                self._bar.close()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
