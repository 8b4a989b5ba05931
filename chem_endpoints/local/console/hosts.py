"""What serves an endpoint: variants and inference components, their processes, and the bounds of their number."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chem_endpoints.local.components import Component
from chem_endpoints.local.endpoint_view import instances_for
from chem_endpoints.local.fleet import Fleet
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.instance import Instance
from chem_endpoints.local.scaling.scalable_resource import COPIES, INSTANCES, PROVISIONED_CONCURRENCY
from chem_endpoints.local.server_pool import ServerPool
from chem_endpoints.local.variant import ServerlessVariant, Variant
from chem_endpoints.wire.environment import MODEL_SHA256

Bounds = Mapping[tuple[str, str], tuple[int, int]]
"""Least and most capacity, by resource id and dimension."""


@dataclass(frozen=True, kw_only=True)
class ProcessView:
    """One server process."""

    number: int
    pid: int | None
    """None: it has ended, and is started again."""
    state: str
    """``starting``, ``ready``, ``unhealthy`` or ``ended``."""
    seconds: float
    """Real seconds since it was started."""
    in_flight: int
    served: int
    restarts: int


@dataclass(frozen=True, kw_only=True)
class HostView:
    """A variant or a component."""

    name: str
    role: str
    """``variant``, ``shadow``, ``component``; ``place``: a variant whose components serve."""
    status: str | None
    """Of a component."""
    failure_reason: str | None
    running: int
    """Processes that take requests; of a place, instances."""
    desired: int
    least: int | None
    """None: nothing scales it."""
    most: int | None
    digest: str | None
    """SHA-256 of the model that the deployment has declared."""
    instance_type: str | None
    weight: float | None
    processes: Sequence[ProcessView]


def hosts_of(endpoint: HostedEndpoint, components: Sequence[Component], bounds: Bounds) -> Iterator[HostView]:
    """All that serves an endpoint; during an update also what will."""
    for fleet in endpoint.fleets():
        yield from _variants(endpoint.name, fleet, components, bounds)
    for component in components:
        yield _component(component, bounds)


def running_instances(endpoint: HostedEndpoint, components: Iterable[Component]) -> int:
    """Processes of an endpoint that take requests; shadows are not counted."""
    variants = [variant for fleet in endpoint.fleets() for variant in fleet.variants]
    pools = [pool for component in components for pool in component.pools()]
    return sum(_ready(variant.instances) for variant in variants) + sum(_ready(pool.instances) for pool in pools)


def _variants(name: str, fleet: Fleet, components: Sequence[Component], bounds: Bounds) -> Iterator[HostView]:
    for variant in fleet.all_variants:
        serverless = isinstance(variant, ServerlessVariant)
        dimension = PROVISIONED_CONCURRENCY if serverless else INSTANCES
        least, most = bounds.get((f"endpoint/{name}/variant/{variant.name}", dimension), (None, None))
        placed = instances_for(variant, components) if variant.pool is None else 0
        yield HostView(
            name=variant.name,
            role="place" if variant.pool is None else "shadow" if variant in fleet.shadows else "variant",
            status=None,
            failure_reason=None,
            running=_ready(variant.instances) if variant.pool is not None else placed,
            desired=_desired(variant) if variant.pool is not None else placed,
            least=least,
            most=most if not serverless else variant.max_concurrency,
            digest=_digest(variant.pool),
            instance_type=variant.settings.get("InstanceType"),
            weight=variant.weight,
            processes=_processes(variant.pool),
        )


def _desired(variant: Variant) -> int:
    return variant.provisioned if isinstance(variant, ServerlessVariant) else variant.desired


def _component(component: Component, bounds: Bounds) -> HostView:
    least, most = bounds.get((f"inference-component/{component.name}", COPIES), (None, None))
    pools = component.pools()
    return HostView(
        name=component.name,
        role="component",
        status=component.status,
        failure_reason=component.failure_reason,
        running=sum(_ready(pool.instances) for pool in pools),
        desired=component.desired,
        least=least,
        most=most,
        digest=_digest(component.pool),
        instance_type=None,
        weight=None,
        processes=[process for pool in pools for process in _processes(pool)],
    )


def _ready(instances: Iterable[Instance]) -> int:
    return sum(instance.ready for instance in instances)


def _digest(pool: ServerPool | None) -> str | None:
    return pool.start.model.environment.get(MODEL_SHA256) if pool is not None else None


def _processes(pool: ServerPool | None) -> list[ProcessView]:
    if pool is None:
        return []
    now = time.monotonic()
    starting = pool.starting
    return [_process(each, now, starting=each in starting) for each in (*pool.instances, *starting)]


def _process(instance: Instance, now: float, *, starting: bool) -> ProcessView:
    pid = instance.process.group
    if pid is None:
        state = "ended"
    elif instance.ready:
        state = "ready"
    else:
        state = "starting" if starting or not instance.failures else "unhealthy"
    return ProcessView(
        number=instance.number,
        pid=pid,
        state=state,
        seconds=now - instance.started,
        in_flight=instance.outstanding,
        served=instance.served,
        restarts=instance.restarts,
    )
