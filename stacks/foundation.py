"""What all endpoints of an account and region share: key, bucket, alarm topic, image repository."""

from aws_cdk import DefaultStackSynthesizer, Duration, Environment, Stack, Tags
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from chem_endpoints.spec.image_source import REPOSITORY
from chem_endpoints.spec.retention import RETENTION_DAYS
from chem_endpoints.spec.stages import Stage
from constructs_lib.access_log_bucket import AccessLogBucket
from constructs_lib.acknowledgements import acknowledge_findings
from constructs_lib.image.repository import allow_pull, expiry_rules, moving_tags
from constructs_lib.key_access import admit_log_service
from constructs_lib.naming import ALARM_TOPIC, KEY_ALIAS, SharedNames, kept_prefix
from constructs_lib.removal import removal_policy
from constructs_lib.tagging import ENDPOINT, SHARED


class FoundationStack(Stack):
    """Deployed before every endpoint stack, which knows its resources by their literal names alone."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        """
        Args:
            scope: the app.
            construct_id: id and stack name.
            stage: account, region, and what becomes of the resources with the stack.
        """
        super().__init__(
            scope,
            construct_id,
            env=Environment(account=stage.account, region=stage.region),
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        names = SharedNames(account=stage.account, region=stage.region)
        Tags.of(self).add(ENDPOINT, SHARED)
        self.key = self._key(stage, names)
        self.bucket = self._bucket(stage, names)
        self.access_logs = AccessLogBucket(self, "AccessLogs", names=names, stage=stage)
        self.access_logs.record(self.bucket)
        self.alarm_topic = self._alarm_topic()
        self.repository = self._repository(stage)
        acknowledge_findings(self)

    def _key(self, stage: Stage, names: SharedNames) -> kms.Key:
        """One key for all data; its policy leaves the rest to IAM, so no endpoint stack ever edits it."""
        key = kms.Key(
            self,
            "Key",
            alias=KEY_ALIAS,
            description="Chem Endpoints: requests, answers, messages, volumes and images",
            enable_key_rotation=True,
            removal_policy=removal_policy(stage),
        )
        admit_log_service(key, names)
        # Alarms publish as a service, not as a role of the account.
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": stage.account}},
            )
        )
        return key

    def _bucket(self, stage: Stage, names: SharedNames) -> s3.Bucket:
        """Objects leave it by their expiry alone: a bucket that still holds any refuses to be deleted."""
        return s3.Bucket(
            self,
            "Bucket",
            bucket_name=names.bucket,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=False,
            lifecycle_rules=[
                s3.LifecycleRule(id="unfinished-uploads", abort_incomplete_multipart_upload_after=Duration.days(1)),
                *(
                    s3.LifecycleRule(id=f"{days}-days", prefix=kept_prefix(days), expiration=Duration.days(days))
                    for days in RETENTION_DAYS
                ),
            ],
            removal_policy=removal_policy(stage),
        )

    def _alarm_topic(self) -> sns.Topic:
        return sns.Topic(self, "AlarmTopic", topic_name=ALARM_TOPIC, master_key=self.key)

    def _repository(self, stage: Stage) -> ecr.Repository:
        repository = ecr.Repository(
            self,
            "Repository",
            repository_name=REPOSITORY,
            encryption=ecr.RepositoryEncryption.KMS,
            encryption_key=self.key,
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,
            image_tag_mutability_exclusion_filters=moving_tags(),
            lifecycle_rules=expiry_rules(),
            removal_policy=removal_policy(stage),
        )
        allow_pull(repository, stage.pull_accounts)
        return repository
