"""An endpoint: the fleet that serves it, and during an update the one that will."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chem_endpoints.local.fleet import Fleet
from chem_endpoints.local.shares import Share


@dataclass(eq=False)
class HostedEndpoint:
    """An endpoint and what serves it."""

    name: str
    region: str
    config_name: str
    """The configuration that it serves; while it is created or has failed, the one that it should."""
    status: str = "Creating"
    failure_reason: str | None = None
    fleet: Fleet | None = None
    incoming: Fleet | None = None
    """During an update: the new fleet, once it is healthy."""
    share: float = 0.0
    """The share of the requests that the new fleet gets."""
    asked: dict[str, Any] | None = None
    """The configuration that it was created with."""
    deployment: dict[str, Any] | None = None
    """LastDeploymentConfig."""
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    deleted: bool = False
    _turns: Share = field(default_factory=Share)
    _settling: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, status: str, reason: str | None = None) -> None:
        """Ends or begins a change; what is being deleted stays so, whatever change ends meanwhile."""
        with self._settling:
            if not self.deleted:
                self.status, self.failure_reason, self.modified = status, reason, datetime.now(UTC)

    def begin_deletion(self) -> Fleet | None:
        """Takes it out of service; returns the fleet that is to be stopped, if there is one."""
        with self._settling:
            self.deleted, self.status = True, "Deleting"
            self.failure_reason, self.modified = None, datetime.now(UTC)
            fleet, self.fleet = self.fleet, None
        return fleet

    def next_fleet(self) -> Fleet | None:
        """The fleet that takes the next request."""
        incoming = self.incoming
        if incoming is not None and self._turns.next(self.share):
            return incoming
        return self.fleet

    def fleets(self) -> list[Fleet]:
        """All fleets that run."""
        return [fleet for fleet in (self.fleet, self.incoming) if fleet is not None]
