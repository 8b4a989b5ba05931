"""An endpoint of either kind and its configuration."""

from collections.abc import Mapping

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from chem_endpoints.spec.asynchronous import AsyncServing
from chem_endpoints.spec.realtime import RealtimeServing
from constructs_lib.container_logs import ContainerLogs
from constructs_lib.model import SageMakerModel
from constructs_lib.named_endpoint import NamedEndpoint
from constructs_lib.naming import KEY_ALIAS, EndpointNames
from constructs_lib.production_variant import production_variant


class ConfiguredEndpoint(Construct):
    """Configuration and endpoint; the configuration has no name, because each change replaces it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        serving: RealtimeServing | AsyncServing,
        names: EndpointNames,
        model: SageMakerModel,
        logs: ContainerLogs,
        tags: Mapping[str, str],
        capture: sagemaker.CfnEndpointConfig.DataCaptureConfigProperty | None = None,
        queue: sagemaker.CfnEndpointConfig.AsyncInferenceConfigProperty | None = None,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            serving: instances and scaling.
            names: the endpoint's names.
            model: what it serves.
            logs: its log group.
            tags: what the client reads.
            capture: data capture of a real-time endpoint; default: none.
            queue: where requests and answers lie; it makes the endpoint asynchronous. Default: none.
        """
        super().__init__(scope, construct_id)
        self.config = sagemaker.CfnEndpointConfig(
            self,
            "Config",
            production_variants=[production_variant(model, serving)],
            kms_key_id=KEY_ALIAS,
            data_capture_config=capture,
            async_inference_config=queue,
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
