"""Who read or wrote which object of the shared bucket: S3's own record, in a bucket of its own."""

from aws_cdk import CfnResource, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from chem_endpoints.spec.stages import Stage
from constructs_lib.naming import SharedNames
from constructs_lib.removal import removal_policy

KEPT_DAYS = 90
"""How long who-read-what can be looked up."""


class AccessLogBucket(Construct):
    """The bucket that S3 delivers access logs to.

    S3 delivers to buckets with its own encryption only. Source: "Enabling Amazon S3 server access logging", S3 user
    guide.
    """

    def __init__(self, scope: Construct, construct_id: str, *, names: SharedNames, stage: Stage) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            names: of the bucket whose accesses are recorded.
            stage: what becomes of the bucket with its stack.
        """
        super().__init__(scope, construct_id)
        self._names = names
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=f"{names.bucket}-access-logs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(id="access-logs", expiration=Duration.days(KEPT_DAYS))],
            removal_policy=removal_policy(stage),
        )
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("logging.s3.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects("*")],
                conditions={
                    "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{names.bucket}"},
                    "StringEquals": {"aws:SourceAccount": names.account},
                },
            )
        )

    def record(self, bucket: s3.Bucket) -> None:
        """Records the accesses to the shared bucket, once deliveries are allowed."""
        watched, policy = bucket.node.default_child, self.bucket.policy
        assert isinstance(watched, s3.CfnBucket), "a bucket is made of one"
        assert policy is not None, "the policy was added above"
        watched.logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
            destination_bucket_name=self.bucket.bucket_name
        )
        allowed = policy.node.default_child
        assert isinstance(allowed, CfnResource), "a bucket policy is made of one"
        watched.add_resource_dependency(allowed)
