"""Model Monitor compares what callers send with a baseline, by the hour or the day.

The local AWS keeps the definition and the schedule; it runs no monitoring jobs.

Sources: "Monitor data quality" (SageMaker developer guide); "CreateDataQualityJobDefinition", "ScheduleConfig"
(SageMaker API reference).
"""

from aws_cdk import Fn
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from chem_endpoints.spec.capture import Capture
from chem_endpoints.spec.monitor import DataQualityMonitor
from chem_endpoints.spec.monitor_images import analyzer_image, analyzer_repository_arn
from constructs_lib.execution_role import pull_images, sagemaker_principal
from constructs_lib.key_access import lend_shared_key, use_shared_key
from constructs_lib.metrics import DRIFT_NAMESPACE
from constructs_lib.named_endpoint import NamedEndpoint
from constructs_lib.naming import KEY_ALIAS, EndpointNames
from constructs_lib.s3_location import S3Location

_SCHEDULES = {"hour": "cron(0 * ? * * *)", "day": "cron(0 0 ? * * *)"}
_INPUT_FOLDER = "/opt/ml/processing/input"
_OUTPUT_FOLDER = "/opt/ml/processing/output"
_VOLUME_GB = 20
_LOG_GROUP = "/aws/sagemaker/ProcessingJobs"


def _name_of(job: sagemaker.CfnDataQualityJobDefinition) -> str:
    """Name of a job definition that CloudFormation names: ``Ref`` gives its ARN, and a schedule wants the name."""
    return Fn.select(1, Fn.split("/", job.attr_job_definition_arn))


class DataQuality(Construct):
    """Job definition, schedule, and the role of the jobs."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        monitor: DataQualityMonitor,
        capture: Capture,
        names: EndpointNames,
        endpoint: NamedEndpoint,
    ) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            monitor: baseline, schedule, instance.
            capture: what the jobs read; reports are kept as long.
            names: the endpoint's names.
            endpoint: the endpoint, which must exist first.
        """
        super().__init__(scope, construct_id)
        self.role = self._role(monitor, capture, names)
        self.job_definition = self._job_definition(monitor, capture, names)
        self.job_definition.add_resource_dependency(endpoint.resource)
        schedule = sagemaker.CfnMonitoringSchedule
        self.schedule = schedule(
            self,
            "Schedule",
            # A schedule's name is never updated in place, and one endpoint has one.
            monitoring_schedule_name=names.endpoint,
            monitoring_schedule_config=schedule.MonitoringScheduleConfigProperty(
                monitoring_job_definition_name=_name_of(self.job_definition),
                monitoring_type="DataQuality",
                schedule_config=schedule.ScheduleConfigProperty(schedule_expression=_SCHEDULES[monitor.every]),
            ),
        )

    def _job_definition(
        self, monitor: DataQualityMonitor, capture: Capture, names: EndpointNames
    ) -> sagemaker.CfnDataQualityJobDefinition:
        job = sagemaker.CfnDataQualityJobDefinition
        return job(
            self,
            "Job",
            role_arn=self.role.role_arn,
            data_quality_app_specification=job.DataQualityAppSpecificationProperty(
                image_uri=analyzer_image(names.shared.region)
            ),
            data_quality_baseline_config=job.DataQualityBaselineConfigProperty(
                constraints_resource=job.ConstraintsResourceProperty(s3_uri=monitor.baseline.constraints),
                statistics_resource=job.StatisticsResourceProperty(s3_uri=monitor.baseline.statistics),
            ),
            data_quality_job_input=job.DataQualityJobInputProperty(
                endpoint_input=job.EndpointInputProperty(endpoint_name=names.endpoint, local_path=_INPUT_FOLDER)
            ),
            data_quality_job_output_config=job.MonitoringOutputConfigProperty(
                kms_key_id=KEY_ALIAS,
                monitoring_outputs=[
                    job.MonitoringOutputProperty(
                        s3_output=job.S3OutputProperty(
                            local_path=_OUTPUT_FOLDER,
                            s3_uri=names.monitoring_reports(capture.retain_days).uri,
                            s3_upload_mode="EndOfJob",
                        )
                    )
                ],
            ),
            job_resources=job.MonitoringResourcesProperty(
                cluster_config=job.ClusterConfigProperty(
                    instance_count=1,
                    instance_type=monitor.instance_type,
                    volume_size_in_gb=_VOLUME_GB,
                    volume_kms_key_id=KEY_ALIAS,
                )
            ),
            network_config=job.NetworkConfigProperty(enable_network_isolation=True),
            stopping_condition=job.StoppingConditionProperty(max_runtime_in_seconds=60 * monitor.max_minutes),
        )

    def _role(self, monitor: DataQualityMonitor, capture: Capture, names: EndpointNames) -> iam.Role:
        captured, reports = names.captured(capture.retain_days), names.monitoring_reports(capture.retain_days)
        baseline = [S3Location.from_uri(uri) for uri in (monitor.baseline.statistics, monitor.baseline.constraints)]
        group = f"arn:aws:logs:{names.shared.region}:{names.shared.account}:log-group:{_LOG_GROUP}"
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            statements=[
                *pull_images([analyzer_repository_arn(names.shared.region)]),
                iam.PolicyStatement(
                    actions=["s3:GetObject"], resources=[captured.contents_arn, *(each.arn for each in baseline)]
                ),
                iam.PolicyStatement(
                    actions=["s3:ListBucket"],
                    resources=[captured.bucket_arn],
                    conditions={"StringLike": {"s3:prefix": [f"{captured.key}*", f"{reports.key}*"]}},
                ),
                iam.PolicyStatement(actions=["s3:PutObject"], resources=[reports.contents_arn]),
                iam.PolicyStatement(
                    actions=[
                        "logs:CreateLogGroup",
                        "logs:CreateLogStream",
                        "logs:DescribeLogStreams",
                        "logs:PutLogEvents",
                    ],
                    resources=[group, f"{group}:*"],
                ),
                iam.PolicyStatement(
                    actions=["cloudwatch:PutMetricData"],
                    resources=["*"],
                    conditions={"StringEquals": {"cloudwatch:namespace": [DRIFT_NAMESPACE]}},
                ),
                use_shared_key(names.shared),
                lend_shared_key(names.shared),
            ],
        )
        return iam.Role(self, "Role", assumed_by=sagemaker_principal(names.shared), managed_policies=[policy])
