"""All that the console shows, read at one moment. Reading changes nothing."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.async_invocations import AsyncInvocations
from chem_endpoints.local.cfn_api import CloudFormationApi
from chem_endpoints.local.console.alarms import AlarmView
from chem_endpoints.local.console.endpoints import EndpointView, Surroundings, endpoint_view, kind_of
from chem_endpoints.local.console.history import History, Key, Level
from chem_endpoints.local.console.hosts import running_instances
from chem_endpoints.local.console.policies import activity_view, policy_view
from chem_endpoints.local.console.published import Published, PublishedView
from chem_endpoints.local.console.stacks import StackView, stack_view
from chem_endpoints.local.faults.live import LiveFaults
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.hosting import Hosting
from chem_endpoints.local.scaling.scaler import Scaler
from chem_endpoints.local.scaling.traffic import Traffic
from chem_endpoints.local.settings import Settings


@dataclass(frozen=True, kw_only=True)
class ClockView:
    """The clock that metrics, alarms and queues follow."""

    now: float
    """Seconds since 1970."""
    speed: float
    """Clock seconds per real second; 0: it stands still."""
    ahead_seconds: float
    """Of the real time."""


@dataclass(frozen=True, kw_only=True)
class StateView:
    """What the local AWS is at."""

    pid: int
    keeps: bool
    """Whether its state outlives it."""
    idle_minutes: float | None
    """It stops after that long without a request; None: never."""
    clock: ClockView
    endpoints: Sequence[EndpointView]
    """By name."""
    other_alarms: Sequence[AlarmView]
    """Those of no endpoint."""
    stacks: Sequence[StackView]
    """The one that changed last is the first."""
    faults: Sequence[dict[str, Any]]
    """Those that were ordered and are not over, as `chem-endpoints local fault list` shows them."""


class ConsoleState:
    """Reads the parts of a local AWS where they are, without a request to any of its services."""

    def __init__(
        self,
        *,
        settings: Settings,
        hosting: Hosting,
        scaler: Scaler,
        async_invocations: AsyncInvocations,
        traffic: Traffic,
        cloudformation: CloudFormationApi,
        faults: LiveFaults,
    ) -> None:
        self._settings, self._hosting, self._scaler = settings, hosting, scaler
        self._async, self._traffic = async_invocations, traffic
        self._cloudformation, self._faults = cloudformation, faults
        self._published = Published(scaler.clock)
        self.history = History(scaler.clock, self._levels)
        """Of instances and queues; looks only between its `start` and its `stop`."""
        scaler.on_moved_minute.append(self.history.note)

    def read(self) -> StateView:
        """The present."""
        clock = self._scaler.clock
        endpoints = sorted(self._hosting.endpoints(), key=lambda endpoint: endpoint.name.lower())
        published = self._published_by_region(endpoints)
        views = [view for region in published for view in self._endpoints(region, endpoints, published[region])]
        owned = {alarm.name for view in views for alarm in view.alarms}
        alarms = [alarm for found in published.values() for alarm in found.alarms if alarm.name not in owned]
        stacks, _ = self._cloudformation.snapshot()
        living = [stack_view(stack) for stack in stacks if stack.deleted is None]
        return StateView(
            pid=os.getpid(),
            keeps=self._settings.keep,
            idle_minutes=self._settings.idle_minutes,
            clock=ClockView(now=clock.seconds(), speed=clock.speed, ahead_seconds=clock.snapshot()),
            endpoints=views,
            other_alarms=alarms,
            stacks=sorted(living, key=lambda stack: -stack.changed),
            faults=[fault for fault in self._faults.listing() if fault["state"] != "over"],
        )

    def _levels(self) -> Iterator[tuple[Key, Level]]:
        for endpoint in self._hosting.endpoints():
            running = running_instances(endpoint, self._hosting.components.on(endpoint))
            queued = self._async.backlog(endpoint.region, endpoint.name).size if kind_of(endpoint) == "async" else None
            yield (endpoint.region, endpoint.name), Level(running, queued)

    def _published_by_region(self, endpoints: Sequence[HostedEndpoint]) -> Mapping[str, PublishedView]:
        """Of every region that has endpoints or alarms."""
        from moto.cloudwatch.models import cloudwatch_backends

        variants: dict[str, dict[str, list[str]]] = {region: {} for region in sorted(cloudwatch_backends[ACCOUNT])}
        for endpoint in endpoints:
            names = [variant.name for fleet in endpoint.fleets() for variant in fleet.variants]
            variants.setdefault(endpoint.region, {})[endpoint.name] = list(dict.fromkeys(names))
        return {region: self._published.view(region, own) for region, own in variants.items()}

    def _endpoints(
        self, region: str, endpoints: Sequence[HostedEndpoint], published: PublishedView
    ) -> Iterator[EndpointView]:
        around = self._surroundings(region, published)
        for endpoint in endpoints:
            if endpoint.region == region:
                yield endpoint_view(
                    endpoint,
                    self._hosting.components.on(endpoint),
                    around,
                    queue=self._async.backlog(region, endpoint.name),
                    in_flight=self._traffic.in_flight(region, endpoint.name),
                    requests=published.requests.get(endpoint.name),
                    history=self.history.of(region, endpoint.name),
                )

    def _surroundings(self, region: str, published: PublishedView) -> Surroundings:
        from moto.applicationautoscaling.models import applicationautoscaling_backends

        backend = applicationautoscaling_backends[ACCOUNT].get(region)
        targets = list(backend.targets.items()) if backend is not None else []
        policies = list(backend.policies.values()) if backend is not None else []
        return Surroundings(
            bounds={
                (resource, dimension): (int(target.min_capacity or 0), int(target.max_capacity or 0))
                for dimension, by_resource in targets
                for resource, target in list(by_resource.items())
            },
            policies=[policy_view(policy) for policy in policies if policy.service_namespace == "sagemaker"],
            alarms=published.alarms,
            activities=[
                activity_view(activity)
                for activity in reversed(self._scaler.activities.snapshot())
                if activity.key.region == region
            ],
        )
