"""An endpoint that sleeps: its first request is refused, and wakes it; here the caller waits for that.

Source: SageMaker developer guide, Scale an endpoint to zero instances.
"""

import sys
import time
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from tqdm.auto import tqdm

from chem_endpoints.errors import EndpointError, NoCapacityError

T = TypeVar("T")

WAKE_SECONDS = 1200.0
"""How long a caller waits for a copy by default: minutes go by until an instance is there and has the model."""

FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 15.0
SECONDS_BETWEEN_LINES = 60.0


def tell_on_stderr(line: str) -> None:
    """Writes a line without tearing a progress bar."""
    tqdm.write(line, file=sys.stderr)


class CapacityWait:
    """Repeats what is refused for want of capacity; says what it waits for, one line a minute for all threads.

    Args:
        name: the endpoint.
        seconds: the caller's patience.
        tell: takes the lines.
    """

    def __init__(self, name: str, seconds: float, *, tell: Callable[[str], None] = tell_on_stderr) -> None:
        self._name, self._seconds, self._tell = name, seconds, tell
        self._lock = Lock()
        self._next_line = 0.0

    def run(self, operation: Callable[[], T], sleep: Callable[[float], object]) -> tuple[T, int]:
        """Calls until there is capacity; returns the result, and how often it was refused.

        Args:
            operation: raises `NoCapacityError` while there is none.
            sleep: waits so many seconds; something true means to give up.

        Raises:
            NoCapacityError: there is still none after the caller's patience.
            EndpointError: the wait was given up.
        """
        started, refused, pause = time.monotonic(), 0, FIRST_PAUSE_SECONDS
        while True:
            try:
                return operation(), refused
            except NoCapacityError as error:
                waited = time.monotonic() - started
                if waited + pause > self._seconds:
                    raise NoCapacityError(f"{error}; waited {waited:.0f} s for one (wake_seconds)") from error
                refused += 1
                self._say(waited)
                if sleep(pause):
                    raise EndpointError("the wait for capacity was given up, because another request failed") from error
                pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)

    def _say(self, waited: float) -> None:
        now = time.monotonic()
        with self._lock:
            if now < self._next_line:
                return
            self._next_line = now + SECONDS_BETWEEN_LINES
        self._tell(
            f"{self._name} sleeps: waiting for auto scaling to start a copy of the model, which takes minutes "
            f"({waited:.0f} of at most {self._seconds:.0f} s)"
        )
