"""The one production variant of an endpoint configuration."""

from aws_cdk import aws_sagemaker as sagemaker

from chem_endpoints.spec.asynchronous import AsyncServing
from chem_endpoints.spec.realtime import RealtimeServing
from constructs_lib.model import SageMakerModel
from constructs_lib.naming import VARIANT

STARTUP_SECONDS = 600
"""Time for the container to unpack, load and replay the golden rows before its first ``/ping`` must succeed.
AWS allows 60 to 3600. Source: "ProductionVariant", SageMaker API reference."""


def production_variant(
    model: SageMakerModel, serving: RealtimeServing | AsyncServing
) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
    """All traffic goes to this model on the declared instances."""
    return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
        variant_name=VARIANT,
        model_name=model.resource.attr_model_name,
        instance_type=serving.instance_type,
        initial_instance_count=serving.first_instances,
        initial_variant_weight=1,
        container_startup_health_check_timeout_in_seconds=STARTUP_SECONDS,
    )
