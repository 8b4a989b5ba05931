"""What makes CloudFormation wait for a build, and hear at once how it ended."""

from pathlib import Path

from aws_cdk import CustomResource, Duration, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from chem_endpoints.spec.image_source import IMAGES, REPOSITORY
from chem_endpoints.spec.stages import Stage
from constructs_lib.image.build_project import BUILD_MINUTES, PROJECT, QUEUE_MINUTES, BuildProject
from constructs_lib.key_access import key_alias_arn
from constructs_lib.naming import SharedNames

LOG_GROUP = f"/aws/codebuild/{PROJECT}-trigger"
"""Where the function writes: beside the builds, where the key's policy admits the log service."""

ENDED = ("SUCCEEDED", "FAILED", "FAULT", "STOPPED", "TIMED_OUT")
"""Every state that a build can end in. Source: "Build" in the CodeBuild API reference."""


class BuildTrigger(Construct):
    """A function that starts builds for CloudFormation, and a rule that calls it again when one has ended.

    Nothing runs in between, and nothing depends on the build's own commands: a build that dies before its first
    command ends the deployment as fast as one that fails in its last.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, names: SharedNames, project: BuildProject
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            stage: log retention in days.
            names: name of the repository.
            project: what is started.
        """
        super().__init__(scope, construct_id)
        self._project = project
        self._repository_uri = f"{names.account}.dkr.ecr.{names.region}.amazonaws.com/{REPOSITORY}"
        self.log_group = logs.CfnLogGroup(
            self,
            "Logs",
            log_group_name=LOG_GROUP,
            retention_in_days=stage.log_retention_days,
            kms_key_id=key_alias_arn(names),
        )
        self.log_group.apply_removal_policy(RemovalPolicy.DESTROY)
        self.role = self._role(names)
        code = s3_assets.Asset(
            self,
            "Code",
            display_name="function that starts image builds",
            path=str(Path(__file__).with_name("build_lambda")),
            exclude=["__pycache__", "*.pyc", "__init__.py"],
        )
        self.function = lambda_.CfnFunction(
            self,
            "Function",
            function_name=PROJECT,
            description="Starts image builds and tells CloudFormation how they ended",
            runtime="python3.14",
            handler="handler.on_event",
            code=lambda_.CfnFunction.CodeProperty(s3_bucket=code.s3_bucket_name, s3_key=code.s3_object_key),
            role=self.role.role_arn,
            # Named here, so that it is made first: the function's own would never expire.
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=self.log_group.ref),
            timeout=60,
            memory_size=256,
        )
        self.rule = events.CfnRule(
            self,
            "Ended",
            name=f"{PROJECT}-ended",
            description="An image build has ended",
            event_pattern={
                "source": ["aws.codebuild"],
                "detail-type": ["CodeBuild Build State Change"],
                "detail": {"project-name": [PROJECT], "build-status": list(ENDED)},
            },
            targets=[events.CfnRule.TargetProperty(id="function", arn=self.function.attr_arn)],
        )
        self.permission = lambda_.CfnPermission(
            self,
            "MayCall",
            action="lambda:InvokeFunction",
            function_name=self.function.ref,
            principal="events.amazonaws.com",
            source_arn=self.rule.attr_arn,
        )

    def build(self, construct_id: str, *, image: str, tag: str) -> CustomResource:
        """An image that is in the repository once the resource is complete; nothing is built where it is already.

        Args:
            construct_id: id below this construct.
            image: name of the image.
            tag: its source hash; only another one starts another build.
        """
        resource = CustomResource(
            self,
            construct_id,
            resource_type="Custom::ContainerImage",
            service_token=self.function.attr_arn,
            service_timeout=Duration.minutes(BUILD_MINUTES + QUEUE_MINUTES + 3),
            properties={
                "ProjectName": PROJECT,
                "RepositoryUri": self._repository_uri,
                "Target": IMAGES[image].target,
                "Tag": tag,
            },
        )
        # A build may end before a rule that is made later could hear of it.
        resource.node.add_dependency(self._project, self.rule, self.permission, self.role)
        return resource

    def _role(self, names: SharedNames) -> iam.Role:
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            statements=[
                iam.PolicyStatement(
                    actions=["codebuild:BatchGetBuilds", "codebuild:StartBuild"], resources=[self._project.arn]
                ),
                iam.PolicyStatement(actions=["ecr:DescribeImages"], resources=[names.repository_arn]),
                iam.PolicyStatement(
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[f"arn:aws:logs:{names.region}:{names.account}:log-group:{LOG_GROUP}:log-stream:*"],
                ),
            ],
        )
        return iam.Role(
            self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"), managed_policies=[policy]
        )
