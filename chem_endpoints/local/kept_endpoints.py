"""What is kept of endpoints and components: what they were asked to be. Their processes are started anew."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chem_endpoints.local.components import Component
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.variant import ServerlessVariant, Variant

_DELETION_ENDED = "The local AWS was stopped during the deletion: delete it again"


@dataclass(frozen=True, kw_only=True)
class KeptEndpoint:
    """An endpoint without its processes."""

    name: str
    region: str
    config_name: str
    config: dict[str, Any] | None
    """Of what serves, or is about to, with the sizes and weights of now; None: it has failed, or was being deleted."""
    failure_reason: str | None
    deployment: dict[str, Any] | None
    modified: datetime

    @classmethod
    def of(cls, endpoint: HostedEndpoint) -> "KeptEndpoint":
        """What is kept of an endpoint."""
        return cls(
            name=endpoint.name,
            region=endpoint.region,
            config_name=endpoint.config_name,
            config=_config(endpoint),
            failure_reason=_DELETION_ENDED if endpoint.deleted else endpoint.failure_reason,
            deployment=endpoint.deployment,
            modified=endpoint.modified,
        )

    def endpoint(self) -> HostedEndpoint:
        """The endpoint, before anything serves it."""
        endpoint = HostedEndpoint(name=self.name, region=self.region, config_name=self.config_name)
        endpoint.asked, endpoint.deployment = self.config, self.deployment
        if self.config is None:
            endpoint.settle("Failed", self.failure_reason)
        endpoint.modified = self.modified
        return endpoint


def _config(endpoint: HostedEndpoint) -> dict[str, Any] | None:
    fleet = endpoint.fleet
    if fleet is None:
        return None if endpoint.status in ("Failed", "Deleting") else endpoint.asked
    now = {variant.name: variant for variant in fleet.all_variants}
    kinds = ("ProductionVariants", "ShadowProductionVariants")
    return {
        **fleet.config,
        **{kind: [_settings(now[each["VariantName"]]) for each in fleet.config.get(kind) or ()] for kind in kinds},
    }


def _settings(variant: Variant) -> dict[str, Any]:
    """A variant's settings, with its weight and size of now."""
    settings = {**variant.settings, "InitialVariantWeight": variant.weight}
    if isinstance(variant, ServerlessVariant):
        return {**settings, "ServerlessConfig": variant.serverless}
    return {**settings, "InitialInstanceCount": variant.desired} if variant.pool is not None else settings


@dataclass(frozen=True, kw_only=True)
class KeptComponent:
    """An inference component without its copies."""

    name: str
    region: str
    endpoint: str
    variant_name: str
    specification: dict[str, Any]
    desired: int
    tags: dict[str, str]
    deployment: dict[str, Any] | None
    failure_reason: str | None
    """Of one that has no copy since it failed, or was being deleted."""
    created: datetime

    @classmethod
    def of(cls, component: Component) -> "KeptComponent":
        """What is kept of a component."""
        return cls(
            name=component.name,
            region=component.endpoint.region,
            endpoint=component.endpoint.name,
            variant_name=component.variant_name,
            specification=component.specification,
            desired=component.desired,
            tags=component.tags,
            deployment=component.deployment,
            failure_reason=_component_failure(component),
            created=component.created,
        )

    def component(self, endpoint: HostedEndpoint) -> Component:
        """The component, before it has a copy."""
        component = Component(
            name=self.name,
            endpoint=endpoint,
            variant_name=self.variant_name,
            specification=self.specification,
            desired=self.desired,
            tags=self.tags,
            deployment=self.deployment,
            created=self.created,
        )
        if self.failure_reason is not None:
            component.settle("Failed", self.failure_reason)
        return component


def _component_failure(component: Component) -> str | None:
    if component.deleted:
        return _DELETION_ENDED
    return component.failure_reason if component.status == "Failed" else None


@dataclass(frozen=True, kw_only=True)
class KeptHosting:
    """All of them."""

    endpoints: tuple[KeptEndpoint, ...]
    components: tuple[KeptComponent, ...]
