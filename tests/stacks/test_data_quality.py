"""Model Monitor reads what is captured, compares it with the declared baseline, and may do nothing else."""

from collections.abc import Callable
from typing import Any

STACK = "monitored-v1"
Resources = Callable[..., dict[str, Any]]


def only(assembly: Any, resources_of: Resources, kind: str) -> dict[str, Any]:
    (found,) = resources_of(assembly.template(STACK), f"AWS::SageMaker::{kind}").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def policy_of_the_jobs(assembly: Any) -> list[dict[str, Any]]:
    (found,) = (
        each["Properties"]["PolicyDocument"]["Statement"]
        for name, each in assembly.template(STACK)["Resources"].items()
        if each["Type"] == "AWS::IAM::ManagedPolicy" and "Monitor" in name
    )
    statements: list[dict[str, Any]] = found
    return statements


def test_the_job_compares_the_endpoint_with_the_declared_baseline(assembly: Any, resources_of: Resources) -> None:
    job = only(assembly, resources_of, "DataQualityJobDefinition")
    assert job["DataQualityJobInput"]["EndpointInput"]["EndpointName"] == STACK
    baseline = job["DataQualityBaselineConfig"]
    assert baseline["StatisticsResource"] == {"S3Uri": "s3://models/statistics.json"}
    assert baseline["ConstraintsResource"] == {"S3Uri": "s3://models/limits.json"}
    assert job["DataQualityAppSpecification"]["ImageUri"] == (
        "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
    )


def test_the_jobs_are_cut_off_encrypted_and_end_before_the_next(assembly: Any, resources_of: Resources) -> None:
    job = only(assembly, resources_of, "DataQualityJobDefinition")
    assert job["NetworkConfig"] == {"EnableNetworkIsolation": True}
    assert job["JobResources"]["ClusterConfig"]["VolumeKmsKeyId"] == "alias/chem-endpoints"
    assert job["DataQualityJobOutputConfig"]["KmsKeyId"] == "alias/chem-endpoints"
    assert job["StoppingCondition"]["MaxRuntimeInSeconds"] == 1800
    assert "JobDefinitionName" not in job, "every property is replaced on change, so a name would collide with itself"


def test_the_schedule_follows_the_job_definition(assembly: Any, resources_of: Resources) -> None:
    schedule = only(assembly, resources_of, "MonitoringSchedule")
    config = schedule["MonitoringScheduleConfig"]
    (job,) = resources_of(assembly.template(STACK), "AWS::SageMaker::DataQualityJobDefinition")
    assert schedule["MonitoringScheduleName"] == STACK
    assert config["MonitoringType"] == "DataQuality"
    assert config["ScheduleConfig"] == {"ScheduleExpression": "cron(0 0 ? * * *)"}
    arn = {"Fn::GetAtt": [job, "JobDefinitionArn"]}
    assert config["MonitoringJobDefinitionName"] == {"Fn::Select": [1, {"Fn::Split": ["/", arn]}]}, "Ref is an ARN"


def test_reports_are_kept_as_long_as_the_captured_requests(assembly: Any, resources_of: Resources) -> None:
    job = only(assembly, resources_of, "DataQualityJobDefinition")
    (output,) = job["DataQualityJobOutputConfig"]["MonitoringOutputs"]
    assert output["S3Output"]["S3Uri"].endswith(f"/kept-90-days/monitor/{STACK}/")


def test_the_jobs_read_captured_requests_and_baseline_and_write_reports(assembly: Any) -> None:
    def resources(action: str) -> list[str]:
        (found,) = (each["Resource"] for each in policy_of_the_jobs(assembly) if action in each["Action"])
        return found if isinstance(found, list) else [found]

    bucket = "arn:aws:s3:::chem-endpoints-123456789012-us-east-1"
    assert resources("s3:GetObject") == [
        f"{bucket}/kept-90-days/capture/{STACK}/*",
        "arn:aws:s3:::models/statistics.json",
        "arn:aws:s3:::models/limits.json",
    ]
    assert resources("s3:PutObject") == [f"{bucket}/kept-90-days/monitor/{STACK}/*"]
