"""The part of an endpoint configuration that makes the endpoint asynchronous.

Source: "Create an asynchronous inference endpoint", SageMaker developer guide.
"""

from aws_cdk import aws_sagemaker as sagemaker

from constructs_lib.async_objects import AsyncObjects, CompletionTopics
from constructs_lib.naming import KEY_ALIAS


def queue_settings(
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
