"""A real-time endpoint and its configuration."""

from collections.abc import Mapping

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from chem_endpoints.spec.endpoint_spec import RealtimeSpec
from constructs_lib.container_logs import ContainerLogs
from constructs_lib.data_capture import capture_settings
from constructs_lib.model import SageMakerModel
from constructs_lib.named_endpoint import NamedEndpoint
from constructs_lib.naming import KEY_ALIAS, EndpointNames
from constructs_lib.production_variant import production_variant


class RealtimeEndpoint(Construct):
    """Configuration and endpoint; the configuration has no name, because each change replaces it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: RealtimeSpec,
        names: EndpointNames,
        model: SageMakerModel,
        logs: ContainerLogs,
        tags: Mapping[str, str],
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            spec: the declaration.
            names: the endpoint's names.
            model: what it serves.
            logs: its log group.
            tags: what the client reads.
        """
        super().__init__(scope, construct_id)
        serving = spec.serving
        self.config = sagemaker.CfnEndpointConfig(
            self,
            "Config",
            production_variants=[production_variant(model, serving)],
            kms_key_id=KEY_ALIAS,
            data_capture_config=capture_settings(serving.capture, names) if serving.capture else None,
        )
        self.endpoint = NamedEndpoint(
            self,
            "Endpoint",
            names=names,
            config=self.config,
            logs=logs,
            tags=tags,
            scaling_minimum=serving.scaling.min if serving.scaling else None,
        )
