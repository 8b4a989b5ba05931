"""What SageMaker refuses to update, and what an update keeps of the variants as they are."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chem_endpoints.local.control_parameters import RefusedError
from chem_endpoints.local.deployment_plan import Plan
from chem_endpoints.local.fleet import Fleet, has_components, is_serverless

DESIRED_INSTANCE_COUNT, DESIRED_WEIGHT, DATA_CAPTURE = "DesiredInstanceCount", "DesiredWeight", "DataCaptureConfig"


def refuse_update(
    old: Mapping[str, Any], new: Mapping[str, Any], *, plan: Plan, autoscaled: Collection[str], components: int
) -> None:
    """Refuses an update that SageMaker does not make.

    Args:
        old: the configuration that is served.
        new: the configuration that is asked for.
        plan: how traffic moves.
        autoscaled: variants that are targets of auto scaling.
        components: inference components on the endpoint.

    Raises:
        RefusedError: with the reason.
    """
    before, after = _by_name(old), _by_name(new)
    if is_serverless(new) and not is_serverless(old):
        raise RefusedError("An instance-based endpoint cannot be updated to a serverless endpoint.")
    if has_components(new) != has_components(old):
        raise RefusedError("An endpoint cannot be updated between models and inference components.")
    if (plan.guarded or components) and set(before) != set(after):
        reason = "with a deployment policy" if plan.guarded else "that has inference components"
        raise RefusedError(
            f"The variants of an endpoint {reason} must keep their names: "
            f"{_listed(before)} would become {_listed(after)}."
        )
    if plan.batches and (len(after) > 1 or is_serverless(new)):
        raise RefusedError("A rolling update is not supported for serverless endpoints or several variants.")
    for name in sorted(set(autoscaled) & set(before)):
        _refuse_for_autoscaled(name, before[name], after.get(name))


def _refuse_for_autoscaled(name: str, before: Mapping[str, Any], after: Mapping[str, Any] | None) -> None:
    if after is None:
        what = "remove the variant"
    elif before.get("InstanceType") != after.get("InstanceType"):
        what = "change its instance type"
    else:
        return
    raise RefusedError(
        f"Variant {name} is registered as a scalable target with Application Auto Scaling: "
        f"deregister it before you {what}, and register it again afterwards."
    )


def retained(config: dict[str, Any], fleet: Fleet, excluded: Collection[str]) -> dict[str, Any]:
    """The configuration with what RetainAllVariantProperties keeps of the variants that serve."""
    current = {variant.name: variant for variant in fleet.variants}
    variants = []
    for settings in config["ProductionVariants"]:
        kept = dict(settings)
        variant = current.get(settings["VariantName"])
        if variant is not None and DESIRED_INSTANCE_COUNT not in excluded and "InitialInstanceCount" in kept:
            kept["InitialInstanceCount"] = variant.desired
        if variant is not None and DESIRED_WEIGHT not in excluded:
            kept["InitialVariantWeight"] = variant.weight
        variants.append(kept)
    result = {**config, "ProductionVariants": variants}
    if DATA_CAPTURE not in excluded:
        result.pop(DATA_CAPTURE, None)
        if DATA_CAPTURE in fleet.config:
            result[DATA_CAPTURE] = fleet.config[DATA_CAPTURE]
    return result


def excluded_properties(listed: Sequence[Mapping[str, str]]) -> set[str]:
    """Names in ExcludeRetainedVariantProperties.

    Raises:
        RefusedError: SageMaker has no such property.
    """
    names = {item["VariantPropertyType"] for item in listed}
    unknown = names - {DESIRED_INSTANCE_COUNT, DESIRED_WEIGHT, DATA_CAPTURE}
    if unknown:
        raise RefusedError(f"ExcludeRetainedVariantProperties: {_listed(unknown)} is not a variant property.")
    return names


def _by_name(config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {variant["VariantName"]: variant for variant in config["ProductionVariants"]}


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
