"""DescribeEndpoint: the members that depend on what runs, not on what was asked for."""

from collections.abc import Sequence
from typing import Any

from chem_endpoints.local.components import Component
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.moto_fixes import summarise_data_capture
from chem_endpoints.local.variant import ServerlessVariant, Variant


def describe(endpoint: HostedEndpoint, components: Sequence[Component]) -> dict[str, Any]:
    """What moto's record of an endpoint gets wrong."""
    truth: dict[str, Any] = {
        "EndpointStatus": endpoint.status,
        "EndpointConfigName": endpoint.config_name,
        "LastModifiedTime": endpoint.modified.timestamp(),
        "ProductionVariants": [],
    }
    if endpoint.failure_reason is not None:
        truth["FailureReason"] = endpoint.failure_reason
    if endpoint.deployment is not None:
        truth["LastDeploymentConfig"] = endpoint.deployment
    fleet = endpoint.fleet
    if fleet is None:
        return truth
    truth["ProductionVariants"] = [_summary(variant, components) for variant in fleet.variants]
    if fleet.shadows:
        truth["ShadowProductionVariants"] = [_summary(variant, ()) for variant in fleet.shadows]
    for name in ("AsyncInferenceConfig", "MetricsConfig"):
        if name in fleet.config:
            truth[name] = fleet.config[name]
    if capture := fleet.config.get("DataCaptureConfig"):
        truth["DataCaptureConfig"] = summarise_data_capture(capture)
    return truth


def _summary(variant: Variant, components: Sequence[Component]) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "VariantName": variant.name,
        "CurrentWeight": variant.weight,
        "DesiredWeight": variant.weight,
    }
    if variant.pool is not None:
        image = variant.pool.start.model.image
        resolved = variant.resolved.timestamp()
        summary["DeployedImages"] = [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": resolved}]
    if isinstance(variant, ServerlessVariant):
        summary["CurrentServerlessConfig"] = summary["DesiredServerlessConfig"] = variant.serverless
    elif variant.pool is not None:
        summary |= {"CurrentInstanceCount": len(variant.instances), "DesiredInstanceCount": variant.desired}
    else:
        count = instances_for(variant, components)
        summary |= {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
    for name in ("ManagedInstanceScaling", "RoutingConfig"):
        if name in variant.settings:
            summary[name] = variant.settings[name]
    return summary


def instances_for(variant: Variant, components: Sequence[Component]) -> int:
    """The instances that hold a variant's copies: one for each, within the bounds; idle ones are released at once."""
    managed = variant.settings.get("ManagedInstanceScaling") or {}
    initial = int(variant.settings.get("InitialInstanceCount", 1))
    if not managed or managed.get("Status", "ENABLED") != "ENABLED":
        return initial
    copies = sum(component.copies for component in components if component.variant_name == variant.name)
    least, most = managed.get("MinInstanceCount", initial), managed.get("MaxInstanceCount", max(initial, copies))
    return max(int(least), min(copies, int(most)))
