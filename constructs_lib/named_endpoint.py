"""The SageMaker Endpoint: a literal name, the current configuration, and the tags that the client reads."""

from collections.abc import Mapping

from aws_cdk import Tags
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from constructs_lib.container_logs import ContainerLogs
from constructs_lib.naming import EndpointNames


class NamedEndpoint(Construct):
    """An Endpoint. Its name is the only property that is never updated in place, so a literal one is safe, and
    alarms, scaling and roles can name it before it exists."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: EndpointNames,
        config: sagemaker.CfnEndpointConfig,
        logs: ContainerLogs,
        tags: Mapping[str, str],
        scaling_minimum: int | None,
        deployment: sagemaker.CfnEndpoint.DeploymentConfigProperty | None = None,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            names: the endpoint's names.
            config: its configuration.
            logs: the log groups, which must be there first.
            tags: what the client reads.
            scaling_minimum: fewest instances of an autoscaled endpoint; None where the number is fixed.
            deployment: guardrails; default: none.
        """
        super().__init__(scope, construct_id)
        self.resource = sagemaker.CfnEndpoint(
            self,
            "Resource",
            endpoint_name=names.endpoint,
            endpoint_config_name=config.attr_endpoint_config_name,
            deployment_config=deployment,
            retain_all_variant_properties=None if scaling_minimum is None else True,
            exclude_retained_variant_properties=_not_retained(scaling_minimum),
        )
        for group in logs.log_groups:
            self.resource.add_resource_dependency(group)
        for key, value in tags.items():
            Tags.of(self.resource).add(key, value)


def _not_retained(scaling_minimum: int | None) -> list[sagemaker.CfnEndpoint.VariantPropertyProperty] | None:
    """What an update takes from the new configuration although the endpoint keeps its scaled size.

    An update of an endpoint that sleeps must start instances, or it could not check the new model.
    """
    if scaling_minimum is None:
        return None
    kinds = ["DesiredWeight", "DataCaptureConfig", *(["DesiredInstanceCount"] if scaling_minimum == 0 else [])]
    return [sagemaker.CfnEndpoint.VariantPropertyProperty(variant_property_type=kind) for kind in kinds]
