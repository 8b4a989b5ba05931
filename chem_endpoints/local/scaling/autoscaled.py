"""Which variants are targets of auto scaling: SageMaker refuses some updates of those."""

from chem_endpoints.local.address import ACCOUNT, REGION
from chem_endpoints.local.scaling.scalable_resource import COPIES, ResourceKey, UnknownResourceError


def autoscaled_variants(endpoint: str, region: str = REGION) -> set[str]:
    """Names of the endpoint's variants that are registered as scalable targets.

    Source: "Endpoints with automatic scaling", SageMaker developer guide.
    """
    from moto.applicationautoscaling.models import applicationautoscaling_backends

    targets = applicationautoscaling_backends[ACCOUNT][region].targets
    keys = [
        ResourceKey(region, resource_id, dimension)
        for dimension, by_resource in list(targets.items())
        for resource_id in list(by_resource)
        if dimension.startswith("sagemaker:") and dimension != COPIES
    ]
    found = set()
    for key in keys:
        try:
            name, variant = key.variant
        except UnknownResourceError:
            continue
        if name.lower() == endpoint.lower():
            found.add(variant)
    return found
