"""An endpoint that sleeps: its first request is refused, and wakes it; here the caller waits for that.

Source: SageMaker developer guide, Scale an endpoint to zero instances.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from chem_endpoints.client.wakes import WakeHistory
from chem_endpoints.errors import EndpointError, NoCapacityError

WAKE_SECONDS = 1200.0
"""How long a caller waits for a copy by default: minutes go by until an instance is there and has the model."""

PROBE_SECONDS = 10.0
"""Between two looks whether there is capacity: a probe is a real request, and each one is refused at once."""
SECONDS_BETWEEN_LINES = 60.0


@dataclass(kw_only=True)
class CapacityWait:
    """Waits for capacity within the caller's patience, and says what for: one line a minute.

    Attributes:
        name: the endpoint.
        seconds: the caller's patience.
        tell: takes the lines.
        history: how long such waits took before.
    """

    name: str
    seconds: float
    tell: Callable[[str], None]
    history: WakeHistory = field(default_factory=WakeHistory)
    _since: float | None = field(default=None, init=False)
    _next_line: float = field(default=0.0, init=False)

    def pause(self, error: EndpointError, now: float) -> float:
        """Seconds until the next probe.

        Raises:
            NoCapacityError: there is still none after the caller's patience.
        """
        if self._since is None:
            self._since = self._next_line = now
        waited = now - self._since
        if waited + PROBE_SECONDS > self.seconds:
            raise NoCapacityError(
                f"{error}; waited {waited:.0f} s for one. Wait longer (wake_seconds), or wake the endpoint before"
            ) from error
        if now >= self._next_line:
            self._next_line = now + SECONDS_BETWEEN_LINES
            self.tell(self._line(waited))
        return PROBE_SECONDS

    def over(self, now: float) -> None:
        """There is capacity: the wait, if there was one, is remembered."""
        if self._since is not None:
            self.history.add(self.name, now - self._since)
            self._since = None

    def _line(self, waited: float) -> str:
        before = self.history.typical(self.name)
        known = f"; such a start took {before:.0f} s before" if before is not None else ", which takes minutes"
        return (
            f"{self.name} sleeps: waiting for auto scaling to start a copy of the model{known} "
            f"({waited:.0f} of at most {self.seconds:.0f} s)"
        )
