"""One endpoint with all that belongs to it: what serves it, its queue, its policies, alarms and activities."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chem_endpoints.local.components import Component
from chem_endpoints.local.console.alarms import AlarmView
from chem_endpoints.local.console.history import Point
from chem_endpoints.local.console.hosts import Bounds, HostView, hosts_of
from chem_endpoints.local.console.policies import ActivityView, PolicyView
from chem_endpoints.local.console.requests import RequestsView
from chem_endpoints.local.fleet import has_components, is_serverless
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.scaling.published_metrics import Backlog

MOST_ACTIVITIES = 12
"""Newest activities that are shown of one endpoint."""

_OWNER_DIMENSIONS = ("EndpointName", "Endpoint", "InferenceComponentName")
"""Dimensions of metrics that say whose they are."""


@dataclass(frozen=True, kw_only=True)
class EndpointView:
    """An endpoint."""

    name: str
    region: str
    kind: str
    """``realtime``, ``async``, ``serverless`` or ``inference_component``, as a declaration calls it; empty: unknown."""
    status: str
    failure_reason: str | None
    config_name: str
    modified: float
    """Real seconds since 1970."""
    share: float | None
    """Of requests that the new fleet gets, from 0 to 1; None: no update is shifting any."""
    hosts: Sequence[HostView]
    queue: Backlog | None
    """None: requests are not queued."""
    in_flight: int
    """Requests that containers work on now."""
    requests: RequestsView | None
    policies: Sequence[PolicyView]
    alarms: Sequence[AlarmView]
    activities: Sequence[ActivityView]
    """Newest first."""
    history: Sequence[Point]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What was read once for all endpoints of a region."""

    bounds: Bounds
    policies: Sequence[PolicyView]
    alarms: Sequence[AlarmView]
    activities: Sequence[ActivityView]
    """Newest first."""


def endpoint_view(
    endpoint: HostedEndpoint,
    components: Sequence[Component],
    around: Surroundings,
    *,
    queue: Backlog,
    in_flight: int,
    requests: RequestsView | None,
    history: Sequence[Point],
) -> EndpointView:
    """An endpoint as the console shows it."""
    kind = kind_of(endpoint)
    resources = _Resources(endpoint.name, components)
    policies = [policy for policy in around.policies if resources.has(policy.resource)]
    activities = [activity for activity in around.activities if resources.has(activity.resource)]
    return EndpointView(
        name=endpoint.name,
        region=endpoint.region,
        kind=kind,
        status=endpoint.status,
        failure_reason=endpoint.failure_reason,
        config_name=endpoint.config_name,
        modified=endpoint.modified.timestamp(),
        share=endpoint.share if endpoint.incoming is not None else None,
        hosts=list(hosts_of(endpoint, components, around.bounds)),
        queue=queue if kind == "async" else None,
        in_flight=in_flight,
        requests=requests,
        policies=policies,
        alarms=own_alarms(endpoint.name, components, around.alarms, policies),
        activities=activities[:MOST_ACTIVITIES],
        history=history,
    )


def kind_of(endpoint: HostedEndpoint) -> str:
    """The kind by the configuration that serves, or that shall."""
    config = endpoint.fleet.config if endpoint.fleet is not None else endpoint.asked
    if config is None:
        return ""
    if "AsyncInferenceConfig" in config:
        return "async"
    if has_components(config):
        return "inference_component"
    return "serverless" if is_serverless(config) else "realtime"


def own_alarms(
    name: str, components: Iterable[Component], alarms: Iterable[AlarmView], policies: Iterable[PolicyView]
) -> list[AlarmView]:
    """The alarms that look at an endpoint or its components, or that scale them.

    Those that fire are the first, then those that scale.
    """
    owners = {name.lower(), *(component.name.lower() for component in components)}
    scaling = {policy.arn for policy in policies}  # Not their names: each endpoint may have one that is called alike.
    own = [
        alarm
        for alarm in alarms
        if owners & {value.lower() for key, value in alarm.dimensions.items() if key in _OWNER_DIMENSIONS}
        or scaling & set(alarm.action_arns)
    ]
    return sorted(own, key=lambda alarm: (alarm.state != "ALARM", not scaling & set(alarm.action_arns), alarm.name))


class _Resources:
    """The scalable resources of an endpoint."""

    def __init__(self, name: str, components: Iterable[Component]) -> None:
        self._variants = f"endpoint/{name}/variant/".lower()
        self._components = {f"inference-component/{component.name}".lower() for component in components}

    def has(self, resource: str) -> bool:
        return resource.lower().startswith(self._variants) or resource.lower() in self._components
