"""Where an asynchronous endpoint's requests and answers lie, and the topics that announce the answers."""

from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from chem_endpoints.spec.asynchronous import Retain
from constructs_lib.naming import KEY_ALIAS, EndpointNames
from constructs_lib.s3_location import S3Location


@dataclass(frozen=True, kw_only=True)
class AsyncObjects:
    """Prefixes of the shared bucket; each expires on its own day, whether or not the endpoint still exists."""

    input: S3Location
    output: S3Location
    failure: S3Location

    @classmethod
    def of(cls, names: EndpointNames, retain: Retain) -> "AsyncObjects":
        """The prefixes of one endpoint."""
        return cls(
            input=names.async_objects("input", retain.input_days),
            output=names.async_objects("output", retain.output_days),
            failure=names.async_objects("failure", retain.output_days),
        )


class CompletionTopics(Construct):
    """One topic for answers, one for failures, both encrypted with the shared key.

    Messages carry locations, never the answers themselves. Source: "Check prediction results", SageMaker developer
    guide.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
        """
        super().__init__(scope, construct_id)
        self.success = sns.CfnTopic(self, "Success", kms_master_key_id=KEY_ALIAS)
        self.error = sns.CfnTopic(self, "Error", kms_master_key_id=KEY_ALIAS)


def serve_queue(objects: AsyncObjects, topics: CompletionTopics) -> tuple[iam.PolicyStatement, ...]:
    """What the execution role needs to read requests, write answers and announce them."""
    return (
        iam.PolicyStatement(actions=["s3:GetObject"], resources=[objects.input.contents_arn]),
        iam.PolicyStatement(
            actions=["s3:AbortMultipartUpload", "s3:PutObject"],
            resources=[objects.output.contents_arn, objects.failure.contents_arn],
        ),
        iam.PolicyStatement(actions=["sns:Publish"], resources=[topics.success.ref, topics.error.ref]),
    )
