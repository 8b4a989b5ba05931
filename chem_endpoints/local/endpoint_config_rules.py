"""What SageMaker refuses in an endpoint configuration, as far as it decides which kind of endpoint it is.

Sources: API reference, CreateEndpointConfig; SageMaker developer guide, Serverless Inference, Shadow variants and
Scale an endpoint to zero instances. Sentences in AWS's own words are marked; the others are ours.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chem_endpoints.local.control_parameters import RefusedError

Values = Mapping[str, Any]
_MEMORY_SIZES = range(1024, 6145, 1024)
_MOST_CONCURRENCY = 200
_MOST_VARIANTS = 10
_MANAGED_SCALING = "ManagedInstanceScaling is only supported for inference component endpoints."  # AWS's words
_NO_MINIMUM = "Min instance count needs to be greater than 0 for enabled managed instance scaling"  # AWS's words


def refuse_config(config: Values, model: Callable[[str], Values]) -> None:
    """Refuses a configuration that SageMaker would refuse.

    Args:
        config: the parameters of CreateEndpointConfig.
        model: the answer of DescribeModel for a name.

    Raises:
        RefusedError: with the reason.
    """
    variants = config.get("ProductionVariants") or []
    shadows = config.get("ShadowProductionVariants") or []
    everyone = [*variants, *shadows]
    names = [variant["VariantName"] for variant in everyone]
    if not 1 <= len(variants) <= _MOST_VARIANTS or len(set(names)) < len(names):
        raise RefusedError(f"An endpoint has 1 to {_MOST_VARIANTS} production variants with names of their own.")
    if shadows and (len(variants) > 1 or len(shadows) > 1):
        raise RefusedError("With ShadowProductionVariants there is exactly one production and one shadow variant.")
    if any(float(variant.get("InitialVariantWeight", 1)) < 0 for variant in everyone):
        raise RefusedError("InitialVariantWeight must not be negative.")
    for variant in everyone:
        _refuse_variant(variant)
    if any("ServerlessConfig" in variant for variant in everyone):
        _refuse_serverless(config, everyone, model)
    elif any("ModelName" not in variant for variant in everyone):
        _refuse_for_components(config, everyone)
    elif {"VpcConfig", "EnableNetworkIsolation"} & set(config):
        raise RefusedError("VpcConfig and EnableNetworkIsolation belong to the model, not to the endpoint config.")


def _refuse_variant(variant: Values) -> None:
    name = variant["VariantName"]
    managed = variant.get("ManagedInstanceScaling")
    if managed is not None and ("ModelName" in variant or "ServerlessConfig" in variant):
        raise RefusedError(_MANAGED_SCALING)
    on_instances = {"InstanceType", "InitialInstanceCount"} & set(variant)
    if "ServerlessConfig" in variant:
        if on_instances:
            raise RefusedError(
                f"Variant {name} has ServerlessConfig and {', '.join(sorted(on_instances))}: choose one."
            )
    elif not {"InstanceType", "InstancePools"} & set(variant) or "InitialInstanceCount" not in variant:
        raise RefusedError(f"Variant {name} needs InstanceType and InitialInstanceCount, or ServerlessConfig.")


def _refuse_serverless(config: Values, variants: list[Values], model: Callable[[str], Values]) -> None:
    if len(variants) > 1:
        raise RefusedError("Serverless endpoints do not support multiple production variants.")
    for name in ("DataCaptureConfig", "AsyncInferenceConfig", "VpcConfig", "EnableNetworkIsolation"):
        if config.get(name):
            raise RefusedError(f"Serverless endpoints do not support {name}.")
    variant = variants[0]
    settings = variant["ServerlessConfig"]
    if int(settings["MemorySizeInMB"]) not in _MEMORY_SIZES:
        raise RefusedError(f"MemorySizeInMB must be one of {', '.join(map(str, _MEMORY_SIZES))}.")
    concurrency = int(settings["MaxConcurrency"])
    if not 1 <= concurrency <= _MOST_CONCURRENCY:
        raise RefusedError(f"MaxConcurrency must be between 1 and {_MOST_CONCURRENCY}.")
    if not 1 <= int(settings.get("ProvisionedConcurrency", 1)) <= concurrency:
        raise RefusedError("ProvisionedConcurrency must be between 1 and MaxConcurrency.")
    if "ModelName" not in variant:
        raise RefusedError("A serverless variant needs a ModelName.")
    _refuse_serverless_model(model(variant["ModelName"]))


def _refuse_serverless_model(model: Values) -> None:
    if model.get("VpcConfig"):
        raise RefusedError("Serverless endpoints do not support models with VpcConfig.")
    if model.get("EnableNetworkIsolation"):
        raise RefusedError("Serverless endpoints do not support models with network isolation.")
    if (model.get("PrimaryContainer") or {}).get("ModelDataSource"):
        raise RefusedError("Serverless endpoints do not support ModelDataSource; use ModelDataUrl.")
    if len(model.get("Containers") or []) > 1:
        raise RefusedError("Serverless endpoints do not support inference pipelines.")


def _refuse_for_components(config: Values, variants: list[Values]) -> None:
    if any("ModelName" in variant for variant in variants):
        raise RefusedError("Either all variants have a ModelName, or none has.")
    if not config.get("ExecutionRoleArn"):
        raise RefusedError("ExecutionRoleArn is required for endpoints with inference components.")
    for name in ("AsyncInferenceConfig", "ShadowProductionVariants"):
        if config.get(name):
            raise RefusedError(f"Endpoints with inference components do not support {name}.")
    for variant in variants:
        managed = variant.get("ManagedInstanceScaling") or {}
        least, most = managed.get("MinInstanceCount"), managed.get("MaxInstanceCount")
        if least == 0 and managed.get("Status", "ENABLED") != "ENABLED":
            raise RefusedError(_NO_MINIMUM)
        if least is not None and most is not None and most < least:
            raise RefusedError("MaxInstanceCount must not be below MinInstanceCount.")
