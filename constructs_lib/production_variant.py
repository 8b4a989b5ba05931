"""The variants of an endpoint configuration, by what they run on.

Source: "ProductionVariant", SageMaker API reference.
"""

from aws_cdk import aws_sagemaker as sagemaker

from chem_endpoints.spec.component import ComponentServing
from chem_endpoints.spec.declared_values import MAIN_VARIANT
from chem_endpoints.spec.image_source import IMAGES
from chem_endpoints.spec.model_source import Image
from chem_endpoints.spec.serverless import ServerlessServing
from constructs_lib.model import SageMakerModel

STARTUP_SECONDS = 600
"""Time for the container to unpack, load and replay the golden rows before its first ``/ping`` must succeed.
AWS allows 60 to 3600."""

DOWNLOAD_SECONDS = 600
"""Time for SageMaker to fetch and unpack the artifact. AWS allows 60 to 3600."""

Variant = sagemaker.CfnEndpointConfig.ProductionVariantProperty


def instance_variant(
    *, name: str, model: SageMakerModel, image: Image, instance_type: str, instances: int, weight: float
) -> Variant:
    """A model on instances; ``instances`` is the number at the first deployment."""
    return Variant(
        variant_name=name,
        model_name=model.resource.attr_model_name,
        instance_type=instance_type,
        initial_instance_count=instances,
        initial_variant_weight=weight,
        container_startup_health_check_timeout_in_seconds=STARTUP_SECONDS,
        model_data_download_timeout_in_seconds=DOWNLOAD_SECONDS,
        inference_ami_version=IMAGES[image].inference_ami_version,
        routing_config=_to_the_idlest(),
    )


def serverless_variant(*, model: SageMakerModel, serving: ServerlessServing) -> Variant:
    """A model on memory; AWS allows three minutes for its start, and no other number."""
    return Variant(
        variant_name=MAIN_VARIANT,
        model_name=model.resource.attr_model_name,
        initial_variant_weight=1,
        serverless_config=sagemaker.CfnEndpointConfig.ServerlessConfigProperty(
            memory_size_in_mb=serving.memory_mb,
            max_concurrency=serving.max_concurrency,
            provisioned_concurrency=serving.provisioned_concurrency,
        ),
    )


def component_variant(*, serving: ComponentServing, image: Image) -> Variant:
    """Instances without a model, which SageMaker adds and removes as the inference components need them."""
    return Variant(
        variant_name=MAIN_VARIANT,
        instance_type=serving.instance_type,
        initial_instance_count=serving.first_instances,
        container_startup_health_check_timeout_in_seconds=STARTUP_SECONDS,
        model_data_download_timeout_in_seconds=DOWNLOAD_SECONDS,
        inference_ami_version=IMAGES[image].inference_ami_version,
        managed_instance_scaling=sagemaker.CfnEndpointConfig.ManagedInstanceScalingProperty(
            status="ENABLED", min_instance_count=serving.instances.min, max_instance_count=serving.instances.max
        ),
        routing_config=_to_the_idlest(),
    )


def _to_the_idlest() -> sagemaker.CfnEndpointConfig.RoutingConfigProperty:
    # One slow row must not hold up the requests that random routing would queue behind it.
    return sagemaker.CfnEndpointConfig.RoutingConfigProperty(routing_strategy="LEAST_OUTSTANDING_REQUESTS")
