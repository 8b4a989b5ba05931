"""An asynchronous endpoint and its configuration."""

from collections.abc import Mapping

from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from chem_endpoints.spec.endpoint_spec import AsyncSpec
from constructs_lib.async_objects import AsyncObjects, CompletionTopics
from constructs_lib.container_logs import ContainerLogs
from constructs_lib.model import SageMakerModel
from constructs_lib.named_endpoint import NamedEndpoint
from constructs_lib.naming import KEY_ALIAS, EndpointNames
from constructs_lib.production_variant import production_variant


class AsyncEndpoint(Construct):
    """Configuration and endpoint; the configuration has no name, because each change replaces it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: AsyncSpec,
        names: EndpointNames,
        model: SageMakerModel,
        objects: AsyncObjects,
        topics: CompletionTopics,
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
            objects: where requests and answers lie.
            topics: where answers and failures are announced.
            logs: its log group.
            tags: what the client reads.
        """
        super().__init__(scope, construct_id)
        self.config = sagemaker.CfnEndpointConfig(
            self,
            "Config",
            production_variants=[production_variant(model, spec.serving)],
            kms_key_id=KEY_ALIAS,
            async_inference_config=_async_settings(spec.serving.workers, objects, topics),
        )
        self.endpoint = NamedEndpoint(
            self,
            "Endpoint",
            names=names,
            config=self.config,
            logs=logs,
            tags=tags,
            scaling_minimum=spec.serving.scaling.min,
        )


def _async_settings(
    workers: int | None, objects: AsyncObjects, topics: CompletionTopics
) -> sagemaker.CfnEndpointConfig.AsyncInferenceConfigProperty:
    """One request per worker at a time: what waits, waits in SageMaker's queue, where scaling sees it."""
    config = sagemaker.CfnEndpointConfig
    return config.AsyncInferenceConfigProperty(
        client_config=(
            config.AsyncInferenceClientConfigProperty(max_concurrent_invocations_per_instance=workers)
            if workers
            else None
        ),
        output_config=config.AsyncInferenceOutputConfigProperty(
            s3_output_path=objects.output.uri,
            s3_failure_path=objects.failure.uri,
            kms_key_id=KEY_ALIAS,
            notification_config=config.AsyncInferenceNotificationConfigProperty(
                success_topic=topics.success.ref, error_topic=topics.error.ref
            ),
        ),
    )
