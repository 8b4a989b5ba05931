"""One instance behind an endpoint as the router and the supervisor see it."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from chem_endpoints.local.model_folder import HostingError
from chem_endpoints.local.server_process import ServerProcess

_LOGGER = logging.getLogger(__name__)
CANCELLED = "The endpoint was deleted before it was in service"
FAILED_CHECKS = 3
"""So many health checks in a row fail before an instance is replaced; SageMaker's number is not documented."""

_POLL_SECONDS = 0.05
_FIRST_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 30.0
_MOST_DOUBLINGS = 10
_STEADY_SECONDS = 60.0


@dataclass(eq=False, kw_only=True)
class Instance:
    """A server process, its health and its load."""

    number: int
    process: ServerProcess
    startup_seconds: float
    check_seconds: float
    """Time between two health checks of a running server."""
    check_image: Callable[[], None]
    """Raises HostingError when the clone's code is no longer the Model's."""
    ready: bool = False
    outstanding: int = 0
    served: int = 0
    restarts: int = 0
    failures: int = 0
    started: float = field(default_factory=time.monotonic)
    checked: float = field(default_factory=time.monotonic)

    def await_health(self, owner: str, cancelled: Callable[[], bool]) -> None:
        """Waits until the server answers its health check.

        Raises:
            HostingError: it ends, or it takes too long; the message is the endpoint's FailureReason.
        """
        deadline = self.started + self.startup_seconds
        while not self.process.ping():
            if cancelled():
                raise HostingError(CANCELLED)
            if not self.process.alive:
                raise self._unhealthy(owner, f"the server ended with exit code {self.process.exit_code}")
            if time.monotonic() > deadline:
                raise self._unhealthy(owner, f"no healthy answer within {self.startup_seconds:g} s")
            time.sleep(_POLL_SECONDS)
        self.ready, self.checked = True, time.monotonic()

    def _unhealthy(self, owner: str, what: str) -> HostingError:
        return HostingError(
            f"The primary container for {owner} did not pass the ping health check: {what}. "
            f"Last log line: {self.process.last_log_line() or '(none)'}. Log: {self.process.log}"
        )

    def supervise(self) -> None:
        """Starts a dead process again, after a pause that doubles with each death; routes to it once it pings.

        A process that lives but does not answer its health checks is killed, and so started again.
        """
        now = time.monotonic()
        if self.process.alive:
            self._check_health(now)
            return
        if self.ready:
            self.ready, self.started = False, now
        pause = min(_FIRST_BACKOFF_SECONDS * 2 ** min(self.restarts, _MOST_DOUBLINGS), _LONGEST_BACKOFF_SECONDS)
        if now - self.started >= pause:
            self.restarts, self.started = self.restarts + 1, now
            self._start_again()

    def _check_health(self, now: float) -> None:
        if self.ready and now - self.checked < self.check_seconds:
            return
        healthy, self.checked = self.process.ping(), now
        if healthy:
            self.ready, self.failures = True, 0
            if now - self.started > _STEADY_SECONDS:
                self.restarts = 0
            return
        self.failures += self.ready
        if self.failures >= FAILED_CHECKS or (not self.ready and now - self.started > self.startup_seconds):
            _LOGGER.warning("A server does not answer its health checks and is replaced; its log: %s", self.process.log)
            self.ready, self.failures, self.started = False, 0, now
            self.process.stop(0.0)

    def _start_again(self) -> None:
        try:
            self.check_image()
            self.process.start()
        except HostingError as error:
            _LOGGER.warning("A server that ended is not started again: %s", error)
        except Exception:
            _LOGGER.exception("A server that ended could not be started again; the next attempt follows")
