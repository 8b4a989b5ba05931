"""How many machines each endpoint of a template may run: bounds, first deployment, schedule, guardrails."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chem_endpoints.plan.template import (
    COMPONENT,
    ENDPOINT,
    ENDPOINT_CONFIG,
    SCALABLE_TARGET,
    Resource,
    Template,
    shown,
)

_TWO_FLEET_STRATEGIES = frozenset({"CANARY", "LINEAR"})


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What Application Auto Scaling keeps to.

    Attributes:
        resource: what it resizes, for example ``endpoint/NAME/variant/AllTraffic``.
        dimension: in what unit, for example ``sagemaker:variant:DesiredInstanceCount``.
        minimum, maximum: of that unit.
        schedule: one line per scheduled action.
        scheduled_minimum: highest minimum that a scheduled action sets; 0 where none does.
        highest: highest maximum, scheduled actions included.
    """

    resource: str
    dimension: str
    minimum: int
    maximum: int
    schedule: tuple[str, ...] = ()
    scheduled_minimum: int = 0
    highest: int


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A variant that runs on instances.

    Attributes:
        variant: its name.
        instance_type: for example ``ml.c7i.large``.
        initial: instances at the first deployment, and after an update that does not keep the number.
        idle: instances that run outside the schedule.
        maximum: most instances, the schedule's included.
        base_maximum: most instances outside the schedule.
        scheduled_idle: most instances that the schedule keeps running; 0 where it keeps no more than ``idle``.
        shadow: it gets a copy of the requests and answers nobody.
    """

    variant: str
    instance_type: str
    initial: int
    idle: int
    maximum: int
    base_maximum: int
    scheduled_idle: int = 0
    shadow: bool = False


@dataclass(frozen=True, kw_only=True)
class Serverless:
    """A serverless variant; provisioned concurrency 0 costs nothing while idle.

    Attributes:
        provisioned_idle: outside the schedule.
        provisioned_maximum: the schedule's included.
        provisioned_scheduled: most that the schedule keeps; 0 where it keeps no more than ``provisioned_idle``.
    """

    variant: str
    memory_mb: int
    provisioned_idle: int
    provisioned_maximum: int
    concurrency: int
    provisioned_scheduled: int = 0


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """One endpoint.

    Attributes:
        endpoint: its name.
        pools: variants on instances.
        serverless: serverless variants.
        asynchronous: requests wait in a queue.
        guarded: it has a ``DeploymentConfig``.
        strategy: traffic shifting of an update (ALL_AT_ONCE, CANARY, LINEAR, ROLLING); empty where none is declared.
        keeps_count: an update starts as many instances as run, not ``initial``.
        components: it serves inference components.
    """

    endpoint: str
    pools: tuple[Pool, ...] = ()
    serverless: tuple[Serverless, ...] = ()
    asynchronous: bool = False
    guarded: bool = False
    strategy: str = ""
    keeps_count: bool = False
    components: bool = False

    @property
    def variants(self) -> frozenset[str]:
        """Names of all its variants."""
        return frozenset([pool.variant for pool in self.pools] + [each.variant for each in self.serverless])

    @property
    def doubles(self) -> bool:
        """An update runs a second fleet beside the first (blue/green)."""
        return self.strategy != "ROLLING" and bool(self.pools)

    @property
    def update_minimum(self) -> int:
        """Fewest instances per variant that an update starts."""
        return 2 if self.strategy in _TWO_FLEET_STRATEGIES else 1


def bounds(template: Template) -> dict[tuple[str, str], Bounds]:
    """Scaling bounds by resource and dimension."""
    found = (_bounds(target.properties) for target in template.of_type(SCALABLE_TARGET))
    return {(one.resource, one.dimension): one for one in found}


def _bounds(properties: Mapping[str, Any]) -> Bounds:
    actions = properties.get("ScheduledActions", [])
    scheduled = [action.get("ScalableTargetAction", {}) for action in actions]
    low, high = int(properties["MinCapacity"]), int(properties["MaxCapacity"])
    lows = [int(each["MinCapacity"]) for each in scheduled if "MinCapacity" in each]
    highs = [int(each["MaxCapacity"]) for each in scheduled if "MaxCapacity" in each]
    return Bounds(
        resource=shown(properties["ResourceId"]),
        dimension=shown(properties["ScalableDimension"]),
        minimum=low,
        maximum=high,
        schedule=tuple(map(_scheduled, actions)),
        scheduled_minimum=max(lows, default=0),
        highest=max(high, *lows, *highs) if scheduled else high,
    )


def _scheduled(action: Mapping[str, Any]) -> str:
    target = action.get("ScalableTargetAction", {})
    zone = action.get("Timezone", "UTC")
    limits = f"min {target.get('MinCapacity', '-')}, max {target.get('MaxCapacity', '-')}"
    return f"{action.get('ScheduledActionName', '')}: {action.get('Schedule', '')} {zone}: {limits}"


def capacities(template: Template) -> dict[str, Capacity]:
    """Every endpoint of a template, by name."""
    scaled = bounds(template)
    found: dict[str, Capacity] = {}
    for endpoint in template.of_type(ENDPOINT):
        config = template.referred(endpoint.properties.get("EndpointConfigName"), ENDPOINT_CONFIG)
        if config is not None:
            capacity = _capacity(template, endpoint, config, scaled)
            found[capacity.endpoint] = capacity
    return found


def _capacity(
    template: Template, endpoint: Resource, config: Resource, scaled: Mapping[tuple[str, str], Bounds]
) -> Capacity:
    name = shown(endpoint.properties.get("EndpointName", endpoint.logical_id))
    variants = list(_variants(config))
    return Capacity(
        endpoint=name,
        pools=tuple(_pool(name, variant, shadow, scaled) for variant, shadow in variants if "InstanceType" in variant),
        serverless=tuple(
            _serverless(name, variant, scaled) for variant, _ in variants if "ServerlessConfig" in variant
        ),
        asynchronous="AsyncInferenceConfig" in config.properties,
        guarded="DeploymentConfig" in endpoint.properties,
        strategy=_strategy(endpoint.properties.get("DeploymentConfig", {})),
        keeps_count=_keeps_count(endpoint),
        components=any(True for _ in template.of_type(COMPONENT)),
    )


def _variants(config: Resource) -> Iterator[tuple[Mapping[str, Any], bool]]:
    for variant in config.properties.get("ProductionVariants", []):
        yield variant, False
    for variant in config.properties.get("ShadowProductionVariants", []):
        yield variant, True


def _pool(endpoint: str, variant: Mapping[str, Any], shadow: bool, scaled: Mapping[tuple[str, str], Bounds]) -> Pool:
    initial = int(variant.get("InitialInstanceCount", 1))
    managed = variant.get("ManagedInstanceScaling", {})
    limits = scaled.get((f"endpoint/{endpoint}/variant/{variant['VariantName']}", _INSTANCES))
    low, high = (limits.minimum, limits.maximum) if limits else (initial, initial)
    scheduled, highest = (limits.scheduled_minimum, limits.highest) if limits else (0, high)
    if managed.get("Status") == "ENABLED":
        low, high = int(managed.get("MinInstanceCount", 0)), int(managed.get("MaxInstanceCount", initial))
        scheduled, highest = 0, high
    return Pool(
        variant=variant["VariantName"],
        instance_type=shown(variant["InstanceType"]),
        initial=initial,
        idle=low,
        maximum=max(highest, low),
        base_maximum=max(high, low),
        scheduled_idle=scheduled if scheduled > low else 0,
        shadow=shadow,
    )


_INSTANCES = "sagemaker:variant:DesiredInstanceCount"
_PROVISIONED = "sagemaker:variant:DesiredProvisionedConcurrency"


def _serverless(endpoint: str, variant: Mapping[str, Any], scaled: Mapping[tuple[str, str], Bounds]) -> Serverless:
    config = variant["ServerlessConfig"]
    provisioned = int(config.get("ProvisionedConcurrency", 0))
    limits = scaled.get((f"endpoint/{endpoint}/variant/{variant['VariantName']}", _PROVISIONED))
    scheduled = limits.scheduled_minimum if limits and limits.scheduled_minimum > limits.minimum else 0
    return Serverless(
        variant=variant["VariantName"],
        memory_mb=int(config["MemorySizeInMB"]),
        provisioned_idle=limits.minimum if limits else provisioned,
        provisioned_maximum=limits.highest if limits else provisioned,
        concurrency=int(config["MaxConcurrency"]),
        provisioned_scheduled=scheduled,
    )


def _strategy(deployment: Mapping[str, Any]) -> str:
    if "RollingUpdatePolicy" in deployment:
        return "ROLLING"
    routing = deployment.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
    return str(routing.get("Type", ""))


def _keeps_count(endpoint: Resource) -> bool:
    excluded = endpoint.properties.get("ExcludeRetainedVariantProperties", [])
    return bool(endpoint.properties.get("RetainAllVariantProperties")) and not any(
        entry.get("VariantPropertyType") == "DesiredInstanceCount" for entry in excluded
    )
