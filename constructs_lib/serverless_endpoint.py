"""A serverless endpoint: memory instead of instances."""

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from chem_endpoints.spec.declared_values import MAIN_VARIANT
from chem_endpoints.spec.endpoint_spec import ServerlessSpec
from constructs_lib.alarm_set import AlarmSet
from constructs_lib.alarms import serverless_alarms
from constructs_lib.concurrency_scaling import ConcurrencyScalingPolicy
from constructs_lib.endpoint_parts import EndpointParts
from constructs_lib.named_endpoint import NamedEndpoint
from constructs_lib.production_variant import serverless_variant
from constructs_lib.tagging import client_tags


class ServerlessEndpoint(Construct):
    """Model, configuration, endpoint, scaling of provisioned concurrency, and alarms.

    Isolation and VPC are not offered, and there is no volume of ours to encrypt.
    """

    def __init__(self, scope: Construct, construct_id: str, *, spec: ServerlessSpec, parts: EndpointParts) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            spec: the declaration.
            parts: what it is made from.
        """
        super().__init__(scope, construct_id)
        self.execution_role = parts.execution_role(self, [])
        self.model = parts.model(
            self, "Model", source=spec.model, execution_role=self.execution_role, isolation=False, placement=None
        )
        self.config = sagemaker.CfnEndpointConfig(
            self, "Config", production_variants=[serverless_variant(model=self.model, serving=spec.serving)]
        )
        self.endpoint = NamedEndpoint(
            self,
            "Endpoint",
            names=parts.names,
            config=self.config,
            logs=parts.logs,
            tags=client_tags(spec, parts.bundle, parts.names),
            scaling_minimum=None,
        )
        self.alarms = AlarmSet(
            self, "Alarms", rules=serverless_alarms(spec.alarms), names=parts.names, variant=MAIN_VARIANT
        )
        if spec.serving.scaling and parts.scaling:
            ConcurrencyScalingPolicy(
                self,
                "Scaling",
                scaling=spec.serving.scaling,
                names=parts.names,
                endpoint=self.endpoint.resource,
            )
