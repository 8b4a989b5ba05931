"""The minute hand: publishes metrics, evaluates alarms, scales; once per minute of the clock, in order."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.scaling.activities import Activities
from chem_endpoints.local.scaling.alarm_book import AlarmBook
from chem_endpoints.local.scaling.autoscaler import Autoscaler
from chem_endpoints.local.scaling.clock import MINUTE, Clock
from chem_endpoints.local.scaling.datapoints import Datapoints
from chem_endpoints.local.scaling.published_metrics import Stamp
from chem_endpoints.local.scaling.publisher import Publisher
from chem_endpoints.local.scaling.target_tracking import IN_MINUTES

_LOGGER = logging.getLogger(__name__)
_KEPT = timedelta(days=1)
"""How long datapoints are kept; CloudWatch keeps those of a minute for 15 days."""

_SETTLE_SECONDS = 60.0
"""Real time that a change of capacity may take while the clock is moved by hand."""

_POLL_SECONDS = 0.02


class Scaler:
    """Runs every minute of a clock exactly once, whether the clock ran or was moved."""

    def __init__(
        self, *, clock: Clock, publisher: Publisher, clients: OwnClients, activities: Activities | None = None
    ) -> None:
        """
        Args:
            clock: whose minutes count.
            publisher: gives CloudWatch the endpoints' metrics.
            clients: boto3 clients of this local AWS.
            activities: where changes of capacity are noted; default: a new record.
        """
        self.clock = clock
        self.activities = activities if activities is not None else Activities()
        self._publisher = publisher
        self._alarms, self._autoscaler = AlarmBook(clients), Autoscaler(clients, self.activities)
        self._turn = threading.Lock()
        self._next = (clock.seconds() // MINUTE + 1) * MINUTE
        self._stopping = threading.Event()
        self.on_moved_minute: list[Callable[[], None]] = []
        """Called after each minute over which the clock was moved, once all that it caused is done."""

    def start(self) -> None:
        """Follows the clock in the background."""
        threading.Thread(target=self._follow, name="scaler", daemon=True).start()

    def stop(self) -> None:
        """Ends the background thread."""
        self._stopping.set()

    def snapshot(self) -> dict[str, Any]:
        """What is kept: activities, and what is remembered of the targets. Counts of the present minute are lost."""
        return {"activities": self.activities.snapshot(), "targets": self._autoscaler.snapshot()}

    def restore(self, kept: dict[str, Any]) -> None:
        """Takes what another scaler kept, once the clock has been restored: the minutes between them do not happen."""
        self.activities.restore(kept["activities"])
        self._autoscaler.restore(kept["targets"])
        self._next = (self.clock.seconds() // MINUTE + 1) * MINUTE

    def advance(self, seconds: float) -> None:
        """Moves the clock, minute by minute: each ends with what it changed done, so that tests can count minutes."""
        with self._turn:
            end = self.clock.seconds() + seconds
            while self._next <= end and not self._stopping.is_set():
                self.clock.advance(max(0.0, self._next - self.clock.seconds()))
                self._run_next()
                self._settle()
                for tell in self.on_moved_minute:
                    tell()
            self.clock.advance(max(0.0, end - self.clock.seconds()))

    def _follow(self) -> None:
        while not self._stopping.is_set():
            with self._turn:
                while self._next <= self.clock.seconds() and not self._stopping.is_set():
                    self._run_next()
                left = self._next - self.clock.seconds()
            self._stopping.wait(self.clock.real_seconds(max(0.0, left)))

    def _run_next(self) -> None:
        minute = datetime.fromtimestamp(self._next, UTC)
        self._next += MINUTE
        try:
            self.run_minute(minute)
        except Exception:
            _LOGGER.exception("A minute of scaling failed inside the local AWS; the next one follows")

    def run_minute(self, minute: datetime) -> None:
        """What happens when this minute begins: the one before it is published, judged and acted on."""
        from moto.applicationautoscaling.models import applicationautoscaling_backends
        from moto.cloudwatch.models import cloudwatch_backends

        self._autoscaler.finish(minute)
        self._publisher.publish(Stamp(start=minute - timedelta(seconds=MINUTE)))
        targets, metrics = applicationautoscaling_backends[ACCOUNT], cloudwatch_backends[ACCOUNT]
        for region in sorted({*targets, *metrics}):
            cloudwatch = metrics[region]
            _forget_old(cloudwatch.metric_data, minute - _KEPT)
            alarms = list(cloudwatch.alarms.values())
            seconds = max(self._alarms.longest_seconds(alarms), IN_MINUTES * MINUTE)
            since = minute - timedelta(seconds=seconds)
            datapoints = Datapoints.from_moto(list(cloudwatch.metric_data), since)
            triggers = self._alarms.evaluate(region, alarms, datapoints, minute)
            self._autoscaler.act(targets[region], triggers, datapoints, minute)

    def _settle(self) -> None:
        deadline = time.monotonic() + _SETTLE_SECONDS
        while self._autoscaler.finish(self.clock.now()) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)


def _forget_old(records: list[Any], before: datetime) -> None:
    """Drops the leading old records in one step: others append meanwhile."""
    old = 0
    for record in records:
        at = record.timestamp
        if (at if at.tzinfo else at.replace(tzinfo=UTC)) >= before:
            break
        old += 1
    del records[:old]
