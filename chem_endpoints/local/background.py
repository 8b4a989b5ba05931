"""Work that goes on after an operation has been answered."""

import threading
from collections.abc import Callable


class Background:
    """Threads that can be waited for."""

    def __init__(self) -> None:
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        """Set when the local AWS ends: what goes on must end soon."""

    def begin(self, name: str, work: Callable[[], None]) -> None:
        """Begins some work."""
        thread = threading.Thread(target=work, name=name, daemon=True)
        with self._lock:
            self._threads = {*filter(threading.Thread.is_alive, self._threads), thread}
            thread.start()

    def end(self, seconds: float) -> None:
        """Waits for all work, for each so long at most."""
        self.stopping.set()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(seconds)
