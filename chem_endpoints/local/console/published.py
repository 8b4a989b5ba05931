"""What follows from the published metrics of a region: the alarms' datapoints and the requests of the last hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.console.alarms import AlarmView, alarm_view, seconds_back, state_of
from chem_endpoints.local.console.history import WINDOW_SECONDS
from chem_endpoints.local.console.requests import RequestsView, requests_view
from chem_endpoints.local.scaling.clock import MINUTE, Clock
from chem_endpoints.local.scaling.datapoints import Datapoints


@dataclass(frozen=True, kw_only=True)
class PublishedView:
    """Of one region."""

    alarms: Sequence[AlarmView]
    requests: Mapping[str, RequestsView]
    """By the endpoint's name."""


@dataclass(frozen=True, kw_only=True)
class _Computed:
    """A view, and what it was computed from."""

    basis: tuple[object, ...]
    view: PublishedView


class Published:
    """Reads all metrics only when one was added, an alarm was put or a minute began; the alarms' states every time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._computed: dict[str, _Computed] = {}

    def view(self, region: str, variants: Mapping[str, Sequence[str]]) -> PublishedView:
        """What is known in a region.

        Args:
            region: its name.
            variants: names of the variants of each endpoint there.
        """
        from moto.cloudwatch.models import cloudwatch_backends

        backend = cloudwatch_backends[ACCOUNT].get(region)
        alarms = list(backend.alarms.values()) if backend is not None else []
        records = backend.metric_data if backend is not None else []
        minute = datetime.fromtimestamp(self._clock.seconds() // MINUTE * MINUTE, UTC)
        basis = (minute, len(records), alarms, {name: tuple(own) for name, own in variants.items()})
        known = self._computed.get(region)
        if known is None or known.basis != basis:
            known = _Computed(basis=basis, view=_view(alarms, list(records), variants, minute))
            self._computed[region] = known
        pairs = zip(known.view.alarms, alarms, strict=True)
        return replace(known.view, alarms=[replace(view, **state_of(alarm)) for view, alarm in pairs])


def _view(
    alarms: Sequence[Any], records: Sequence[Any], variants: Mapping[str, Sequence[str]], minute: datetime
) -> PublishedView:
    seconds = max([WINDOW_SECONDS, *map(seconds_back, alarms)])
    datapoints = Datapoints.from_moto(records, minute - timedelta(seconds=seconds))
    return PublishedView(
        alarms=[alarm_view(alarm, datapoints, minute) for alarm in alarms],
        requests={name: requests_view(name, own, datapoints, minute) for name, own in variants.items()},
    )
