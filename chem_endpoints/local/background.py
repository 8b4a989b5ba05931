"""Work that goes on after an operation has been answered."""

import threading
import time
from collections.abc import Callable


class Background:
    """Threads that can be waited for."""

    def __init__(self) -> None:
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        """Set when the local AWS ends: what goes on must end soon."""

    def begin(self, name: str, work: Callable[[], None]) -> threading.Thread:
        """Begins some work; returns its thread, for who wants to wait for it."""
        thread = threading.Thread(target=work, name=name, daemon=True)
        with self._lock:
            self._threads = {*filter(threading.Thread.is_alive, self._threads), thread}
            thread.start()
        return thread

    def end(self, seconds: float) -> None:
        """Waits for all work, so long at most."""
        self.stopping.set()
        with self._lock:
            threads = list(self._threads)
        deadline = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
