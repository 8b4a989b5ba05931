"""A small CDK application with every resource type that the product's stacks use: ``cdk_app.py OUT IMAGE BUNDLE``.

Synthesizes several cloud assemblies: ``OUT/first``, ``OUT/changed``, ``OUT/broken``, ``OUT/unknown``.
"""

import sys
from pathlib import Path
from typing import Any

from aws_cdk import App, CfnOutput, CfnResource, Duration, Environment, RemovalPolicy, Stack, Tags
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_ssm as ssm

ACCOUNT, REGION = "123456789012", "us-east-1"
BUCKET = f"local-test-{ACCOUNT}"


class Foundation(Stack):
    def __init__(self, app: App) -> None:
        super().__init__(app, "Foundation", env=Environment(account=ACCOUNT, region=REGION))
        key = kms.Key(
            self, "Key", enable_key_rotation=True, alias="alias/local-test", removal_policy=RemovalPolicy.DESTROY
        )
        bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=BUCKET,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            enforce_ssl=True,
            versioned=False,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                s3.LifecycleRule(prefix="inputs/", expiration=Duration.days(7)),
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(1)),
            ],
            removal_policy=RemovalPolicy.DESTROY,
        )
        topic = sns.Topic(self, "Alarms", topic_name="local-test-alarms", master_key=key, enforce_ssl=True)
        topic.add_subscription(subscriptions.EmailSubscription("team@example.com"))
        repository = ecr.Repository(
            self,
            "Images",
            repository_name="local-test",
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            empty_on_delete=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        repository.add_lifecycle_rule(description="untagged", max_image_count=10, tag_status=ecr.TagStatus.UNTAGGED)
        ssm.StringParameter(self, "Parameter", parameter_name="/local-test/bucket", string_value=bucket.bucket_name)
        CfnOutput(self, "BucketName", value=bucket.bucket_name)


class Model:
    """Role, Model and EndpointConfig of one endpoint."""

    def __init__(self, stack: Stack, *, image: str, bundle: str, environment: dict[str, str], **config: Any) -> None:
        self.role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        asset = s3_assets.Asset(stack, "Bundle", path=bundle)
        asset.grant_read(self.role)
        iam.ManagedPolicy(
            stack,
            "Callers",
            statements=[iam.PolicyStatement(actions=["sagemaker:InvokeEndpoint"], resources=["*"])],
            roles=[self.role],
        )
        model = sagemaker.CfnModel(
            stack,
            "Model",
            execution_role_arn=self.role.role_arn,
            enable_network_isolation=True,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=image, model_data_url=asset.s3_object_url, environment=environment
            ),
        )
        model.node.add_dependency(self.role)
        self.config = sagemaker.CfnEndpointConfig(
            stack,
            "Config",
            production_variants=[
                sagemaker.CfnEndpointConfig.ProductionVariantProperty(
                    variant_name="AllTraffic",
                    model_name=model.attr_model_name,
                    initial_instance_count=1,
                    initial_variant_weight=1,
                    instance_type="ml.c7i.xlarge",
                    container_startup_health_check_timeout_in_seconds=60,
                )
            ],
            **config,
        )


class SyncEndpoint(Stack):
    def __init__(self, app: App, *, max_capacity: int, unknown: bool, tag: str, **model: Any) -> None:
        super().__init__(app, "Sync", env=Environment(account=ACCOUNT, region=REGION))
        capture = sagemaker.CfnEndpointConfig.DataCaptureConfigProperty(
            capture_options=[sagemaker.CfnEndpointConfig.CaptureOptionProperty(capture_mode="Input")],
            destination_s3_uri=f"s3://{BUCKET}/capture",
            initial_sampling_percentage=100,
            enable_capture=True,
            capture_content_type_header=sagemaker.CfnEndpointConfig.CaptureContentTypeHeaderProperty(
                csv_content_types=["text/csv"]
            ),
        )
        parts = Model(self, data_capture_config=capture, **model)
        endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name="sync-v1",
            endpoint_config_name=parts.config.attr_endpoint_config_name,
            retain_all_variant_properties=True,
        )
        Tags.of(endpoint).add("chem-endpoints:manifest", tag)
        group = logs.LogGroup(
            self,
            "Logs",
            log_group_name="/aws/sagemaker/Endpoints/sync-v1",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        endpoint.node.add_dependency(group)  # else the endpoint's first line makes it: already there
        self._scaling(endpoint, max_capacity)
        if unknown:
            CfnResource(self, "Unknown", type="AWS::Quantum::Computer", properties={"Qubits": 4})
        CfnOutput(self, "EndpointName", value=endpoint.attr_endpoint_name)

    def _scaling(self, endpoint: sagemaker.CfnEndpoint, max_capacity: int) -> None:
        target = scaling.ScalableTarget(
            self,
            "Target",
            service_namespace=scaling.ServiceNamespace.SAGEMAKER,
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            resource_id="endpoint/sync-v1/variant/AllTraffic",
            min_capacity=1,
            max_capacity=max_capacity,
        )
        target.node.add_dependency(endpoint)
        target.scale_to_track_metric(
            "Track",
            target_value=10,
            predefined_metric=scaling.PredefinedMetric.SAGEMAKER_VARIANT_INVOCATIONS_PER_INSTANCE,
        )
        invocations = cloudwatch.Metric(
            namespace="AWS/SageMaker",
            metric_name="ModelLatency",
            statistic="p99",
            dimensions_map={"EndpointName": "sync-v1", "VariantName": "AllTraffic"},
        )
        cloudwatch.Alarm(self, "Slow", metric=invocations, threshold=500_000, evaluation_periods=3)
        board = cloudwatch.Dashboard(self, "Board", dashboard_name="sync-v1")
        board.add_widgets(cloudwatch.GraphWidget(left=[invocations]))


class AsyncEndpoint(Stack):
    def __init__(self, app: App, **model: Any) -> None:
        super().__init__(app, "Async", env=Environment(account=ACCOUNT, region=REGION))
        output = sagemaker.CfnEndpointConfig.AsyncInferenceOutputConfigProperty(
            s3_output_path=f"s3://{BUCKET}/async-v1/out",
            s3_failure_path=f"s3://{BUCKET}/async-v1/failed",
            notification_config=sagemaker.CfnEndpointConfig.AsyncInferenceNotificationConfigProperty(
                error_topic=f"arn:aws:sns:{REGION}:{ACCOUNT}:local-test-alarms"
            ),
        )
        config = sagemaker.CfnEndpointConfig.AsyncInferenceConfigProperty(
            output_config=output,
            client_config=sagemaker.CfnEndpointConfig.AsyncInferenceClientConfigProperty(
                max_concurrent_invocations_per_instance=2
            ),
        )
        parts = Model(self, async_inference_config=config, **model)
        endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name="async-v1",
            endpoint_config_name=parts.config.attr_endpoint_config_name,
        )
        target = scaling.CfnScalableTarget(
            self,
            "Target",
            service_namespace="sagemaker",
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            resource_id="endpoint/async-v1/variant/AllTraffic",
            min_capacity=0,
            max_capacity=4,
        )
        target.add_dependency(endpoint)
        policy = scaling.CfnScalingPolicy(
            self,
            "WakeUp",
            policy_name="wake-up",
            policy_type="StepScaling",
            scaling_target_id=target.ref,
            step_scaling_policy_configuration=scaling.CfnScalingPolicy.StepScalingPolicyConfigurationProperty(
                adjustment_type="ChangeInCapacity",
                cooldown=300,
                step_adjustments=[
                    scaling.CfnScalingPolicy.StepAdjustmentProperty(scaling_adjustment=1, metric_interval_lower_bound=0)
                ],
            ),
        )
        cloudwatch.CfnAlarm(
            self,
            "Backlog",
            namespace="AWS/SageMaker",
            metric_name="HasBacklogWithoutCapacity",
            dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name="EndpointName", value="async-v1")],
            statistic="Average",
            period=60,
            evaluation_periods=2,
            threshold=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="missing",
            alarm_actions=[policy.ref],
        )


def synthesize(
    out: Path, *, image: str, bundle: str, environment: dict[str, str], max_capacity: int = 3, unknown: bool = False
) -> None:
    app = App(outdir=str(out), analytics_reporting=False)
    model = {"image": image, "bundle": bundle}
    foundation = Foundation(app)
    label = environment.get("STAND_IN_LABEL", "none")
    sync = SyncEndpoint(
        app, max_capacity=max_capacity, unknown=unknown, tag=f"s3://b/{label}", environment=environment, **model
    )
    asynchronous = AsyncEndpoint(app, environment={"STAND_IN_LABEL": "async"}, **model)
    for stack in (sync, asynchronous):
        stack.add_dependency(foundation)
    app.synth()


if __name__ == "__main__":
    out, parts = Path(sys.argv[1]), {"image": sys.argv[2], "bundle": sys.argv[3]}
    synthesize(out / "first", environment={"STAND_IN_LABEL": "one"}, **parts)
    synthesize(out / "changed", environment={"STAND_IN_LABEL": "two"}, max_capacity=5, **parts)
    synthesize(out / "broken", environment={"STAND_IN_FAULT": "exit"}, max_capacity=7, **parts)
    synthesize(out / "unknown", environment={"STAND_IN_LABEL": "one"}, unknown=True, **parts)
