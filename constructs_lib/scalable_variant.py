"""The endpoint's variant as something that Application Auto Scaling may resize."""

from aws_cdk import aws_applicationautoscaling as autoscaling
from constructs import Construct

from constructs_lib.named_endpoint import NamedEndpoint
from constructs_lib.naming import EndpointNames


class ScalableVariant(Construct):
    """Scalable target without a role: AWS uses its service-linked one.

    Source: "Register a model with the command line", SageMaker developer guide.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: EndpointNames,
        endpoint: NamedEndpoint,
        minimum: int,
        maximum: int,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            names: the endpoint's names.
            endpoint: what is resized; must exist first.
            minimum: fewest instances.
            maximum: most instances.
        """
        super().__init__(scope, construct_id)
        self.target = autoscaling.CfnScalableTarget(
            self,
            "Target",
            service_namespace="sagemaker",
            resource_id=names.scaling_resource,
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            min_capacity=minimum,
            max_capacity=maximum,
        )
        self.target.add_resource_dependency(endpoint.resource)
