"""Moves an endpoint's requests to a new fleet by plan, and back when an alarm says so."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.deployment_plan import Plan
from chem_endpoints.local.fleet import Fleet
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.model_folder import HostingError
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.rollback_alarms import alarm_states
from chem_endpoints.local.scaling.clock import Clock

_LOGGER = logging.getLogger(__name__)
_POLL_SECONDS = 0.1
_FAILED_READS = 3
"""So often in a row the alarms may be unreadable; SageMaker's number is not documented."""


class RolledBackError(Exception):
    """An alarm, alarms that nobody can read, or the time limit ended the update; the message says which."""


@dataclass(kw_only=True)
class Watch:
    """Waits on the local clock while no alarm of the plan is in ALARM."""

    plan: Plan
    region: str
    clients: OwnClients
    clock: Clock
    cancelled: Callable[[], bool]
    started: float
    """Clock time at which the update began."""
    _failed_reads: int = field(default=0, init=False)

    def wait(self, seconds: float, *, since: float | None = None) -> None:
        """Waits so many clock seconds; the alarms are read once in any case.

        Args:
            seconds: how long.
            since: clock time from which they count; default: now.

        Raises:
            RolledBackError: an alarm is in ALARM or cannot be read, or the update takes longer than it may.
            HostingError: the endpoint was deleted.
        """
        end = (self.clock.seconds() if since is None else since) + seconds
        while True:
            self._look()
            if self.clock.seconds() >= end and not self._failed_reads:
                return
            time.sleep(_POLL_SECONDS)

    def _look(self) -> None:
        if self.cancelled():
            raise HostingError("The endpoint was deleted during its update")
        if alarms := self._raised():
            raise RolledBackError(f"One or more alarms went into ALARM during the deployment: {', '.join(alarms)}")
        if self.clock.seconds() - self.started > self.plan.longest_seconds:
            raise RolledBackError("The deployment took longer than MaximumExecutionTimeoutInSeconds")

    def _raised(self) -> list[str]:
        try:
            states = alarm_states(self.plan.alarms, self.region, self.clients)
        except (ClientError, BotoCoreError) as error:
            self._failed_reads += 1
            _LOGGER.warning("The rollback alarms could not be read: %s", type(error).__name__)
            if self._failed_reads >= _FAILED_READS:
                raise RolledBackError("The alarms of the deployment could not be read") from error
            return []
        self._failed_reads = 0
        return sorted(name for name, state in states.items() if state == "ALARM")


def shift(endpoint: HostedEndpoint, fleet: Fleet, watch: Watch) -> None:
    """Gives the new fleet all requests, step by step; both fleets still run afterwards.

    Raises:
        RolledBackError: the old fleet has all requests, and as many instances as before, if they come up.
        HostingError: the same, since an instance did not come up; or the endpoint was deleted.
        OSError: the same, since a process could not be started.
    """
    endpoint.share, endpoint.incoming = 0.0, fleet
    plan, old = watch.plan, endpoint.fleet
    counts = [variant.desired for variant in old.variants] if old is not None else []
    try:
        for number, (share, seconds) in enumerate(plan.steps()):
            if plan.batches:
                fleet.variants[0].resize(plan.batches[number], watch.cancelled)
            shifted = watch.clock.seconds()  # The wait counts from here: ending old instances takes time of its own.
            endpoint.share = share
            if plan.batches and old is not None:
                old.variants[0].resize(round(counts[0] * (1 - share)), watch.cancelled)
            watch.wait(seconds, since=shifted)
    except BaseException:
        endpoint.settle("RollingBack")
        try:
            if plan.batches and old is not None and not watch.cancelled():
                old.variants[0].resize(counts[0], watch.cancelled)
        except (HostingError, OSError) as error:
            _LOGGER.warning("After its rollback %s has fewer instances than before: %s", endpoint.name, error)
        finally:
            # Whatever happened: the new fleet is stopped next, so no request may go there.
            endpoint.share, endpoint.incoming = 0.0, None
        raise
