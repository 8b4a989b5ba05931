"""The CodeBuild project that builds an image from the sources of one deployment and pushes it to our repository."""

from pathlib import Path

from aws_cdk import IgnoreMode, RemovalPolicy
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from chem_endpoints.spec.stages import Stage
from constructs_lib.key_access import key_alias_arn, use_shared_key
from constructs_lib.naming import KEY_ALIAS, SharedNames

PROJECT = "chem-endpoints-images"
"""Name of the project; of the function that starts it, too."""

LOG_GROUP = f"/aws/codebuild/{PROJECT}"
"""Where the builds write."""

BUILD_MINUTES = 45
QUEUE_MINUTES = 10
"""Together less than the hour that CloudFormation waits for a custom resource."""

_PUSH_AND_PULL = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)


class BuildProject(Construct):
    """Project, its role, its log group, and the sources as an asset that holds just what .dockerignore lets in."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, names: SharedNames, root: Path) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            stage: log retention in days.
            names: names of the key and the repository.
            root: the repository's root, where .dockerignore lies.
        """
        super().__init__(scope, construct_id)
        self.name = PROJECT
        self.arn = f"arn:aws:codebuild:{names.region}:{names.account}:project/{PROJECT}"
        self.sources = s3_assets.Asset(
            self,
            "Sources",
            display_name="sources of the container images",
            path=str(root),
            exclude=(root / ".dockerignore").read_text(encoding="utf-8").splitlines(),
            ignore_mode=IgnoreMode.DOCKER,
        )
        self.log_group = logs.CfnLogGroup(
            self,
            "Logs",
            log_group_name=LOG_GROUP,
            retention_in_days=stage.log_retention_days,
            kms_key_id=key_alias_arn(names),
        )
        self.log_group.apply_removal_policy(RemovalPolicy.DESTROY)
        self.role = self._role(names)
        self.project = self._project()

    def _role(self, names: SharedNames) -> iam.Role:
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            statements=[
                # A registry token is not bound to a repository: AWS accepts no other resource than * for it.
                iam.PolicyStatement(actions=["ecr:GetAuthorizationToken"], resources=["*"]),
                iam.PolicyStatement(actions=list(_PUSH_AND_PULL), resources=[names.repository_arn]),
                iam.PolicyStatement(
                    actions=["s3:GetObject", "s3:GetObjectVersion"],
                    resources=[self.sources.bucket.arn_for_objects(self.sources.s3_object_key)],
                ),
                iam.PolicyStatement(actions=["s3:GetBucketLocation"], resources=[self.sources.bucket.bucket_arn]),
                iam.PolicyStatement(
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[f"arn:aws:logs:{names.region}:{names.account}:log-group:{LOG_GROUP}:log-stream:*"],
                ),
                use_shared_key(names),
            ],
        )
        return iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "codebuild.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": names.account}}
            ),
            managed_policies=[policy],
        )

    def _project(self) -> codebuild.CfnProject:
        sources = f"{self.sources.s3_bucket_name}/{self.sources.s3_object_key}"
        return codebuild.CfnProject(
            self,
            "Resource",
            name=PROJECT,
            description="Builds the container images of Chem Endpoints, each once",
            service_role=self.role.role_arn,
            encryption_key=KEY_ALIAS,
            artifacts=codebuild.CfnProject.ArtifactsProperty(type="NO_ARTIFACTS"),
            source=codebuild.CfnProject.SourceProperty(
                type="S3",
                location=sources,
                build_spec=Path(__file__).with_name("buildspec.yaml").read_text(encoding="utf-8"),
            ),
            environment=codebuild.CfnProject.EnvironmentProperty(
                type="LINUX_CONTAINER",
                compute_type="BUILD_GENERAL1_MEDIUM",
                image="aws/codebuild/standard:7.0",
                # The Docker daemon needs it.
                privileged_mode=True,
            ),
            logs_config=codebuild.CfnProject.LogsConfigProperty(
                cloud_watch_logs=codebuild.CfnProject.CloudWatchLogsConfigProperty(
                    status="ENABLED", group_name=self.log_group.ref
                )
            ),
            timeout_in_minutes=BUILD_MINUTES,
            queued_timeout_in_minutes=QUEUE_MINUTES,
        )
