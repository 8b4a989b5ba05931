"""Model Monitor's schedules: records that SageMaker's operations make, change, stop and remove."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.address import ACCOUNT

Clients = Callable[[str], Any]
ROLE = f"arn:aws:iam::{ACCOUNT}:role/monitor"
HOURLY, DAILY = "cron(0 * ? * * *)", "cron(0 7 ? * * *)"


def definition(name: str) -> dict[str, Any]:
    """A data quality job as CreateDataQualityJobDefinition and its CloudFormation type take it."""
    output = {"S3Output": {"S3Uri": "s3://b/reports", "LocalPath": "/opt/ml/processing/output"}}
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}
    return {
        "JobDefinitionName": name,
        "DataQualityAppSpecification": {"ImageUri": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/analyzer"},
        "DataQualityJobInput": {"EndpointInput": {"EndpointName": "watched", "LocalPath": "/opt/ml/processing/input"}},
        "DataQualityJobOutputConfig": {"MonitoringOutputs": [output]},
        "JobResources": {"ClusterConfig": cluster},
        "RoleArn": ROLE,
    }


def config(job: str, expression: str = HOURLY) -> dict[str, Any]:
    return {
        "MonitoringJobDefinitionName": job,
        "MonitoringType": "DataQuality",
        "ScheduleConfig": {"ScheduleExpression": expression},
    }


@pytest.fixture
def job(client: Clients) -> Iterator[str]:
    name = f"job-{uuid.uuid4().hex[:8]}"
    client("sagemaker").create_data_quality_job_definition(**definition(name))
    yield name
    client("sagemaker").delete_data_quality_job_definition(JobDefinitionName=name)


@pytest.fixture
def schedule(client: Clients, job: str) -> Iterator[str]:
    name = f"schedule-{uuid.uuid4().hex[:8]}"
    tags = [{"Key": "team", "Value": "admet"}]
    create = client("sagemaker").create_monitoring_schedule
    create(MonitoringScheduleName=name, MonitoringScheduleConfig=config(job), Tags=tags)
    yield name
    client("sagemaker").delete_monitoring_schedule(MonitoringScheduleName=name)


def test_a_schedule_is_told_as_it_was_made(client: Clients, schedule: str, job: str) -> None:
    sagemaker = client("sagemaker")
    found = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=schedule)
    assert found["MonitoringScheduleConfig"] == config(job)
    assert (found["MonitoringScheduleStatus"], found["EndpointName"]) == ("Scheduled", "watched")
    listed = sagemaker.list_monitoring_schedules(EndpointName="watched", NameContains=schedule)
    (summary,) = listed["MonitoringScheduleSummaries"]
    assert summary["MonitoringScheduleArn"] == found["MonitoringScheduleArn"]
    assert sagemaker.list_monitoring_schedules(EndpointName="other")["MonitoringScheduleSummaries"] == []
    executions = sagemaker.list_monitoring_executions(MonitoringScheduleName=schedule)
    assert executions["MonitoringExecutionSummaries"] == []


def test_a_schedule_changes_stops_and_starts(client: Clients, schedule: str, job: str) -> None:
    sagemaker = client("sagemaker")

    def told() -> dict[str, Any]:
        return dict(sagemaker.describe_monitoring_schedule(MonitoringScheduleName=schedule))

    sagemaker.update_monitoring_schedule(MonitoringScheduleName=schedule, MonitoringScheduleConfig=config(job, DAILY))
    assert told()["MonitoringScheduleConfig"]["ScheduleConfig"]["ScheduleExpression"] == DAILY
    sagemaker.stop_monitoring_schedule(MonitoringScheduleName=schedule)
    assert told()["MonitoringScheduleStatus"] == "Stopped"
    sagemaker.start_monitoring_schedule(MonitoringScheduleName=schedule)
    assert told()["MonitoringScheduleStatus"] == "Scheduled"


def test_a_schedule_has_tags(client: Clients, schedule: str) -> None:
    sagemaker = client("sagemaker")
    arn = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=schedule)["MonitoringScheduleArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "assay", "Value": "logS"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["team"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "assay", "Value": "logS"}]


@pytest.mark.parametrize(
    ("name", "changed", "words"),
    [
        pytest.param("new", {"MonitoringJobDefinitionName": "none"}, "Could not find job definition", id="no-job"),
        pytest.param("new", {"MonitoringType": "ModelBias"}, "no job definitions of type ModelBias", id="other-type"),
        pytest.param(
            "new",
            {"ScheduleConfig": {"ScheduleExpression": "rate(5 minutes)"}},
            "Invalid schedule expression",
            id="every-five-minutes",
        ),
        pytest.param(None, {}, "already exists", id="taken"),
    ],
)
def test_what_sagemaker_refuses_is_refused(
    client: Clients, schedule: str, job: str, name: str | None, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        client("sagemaker").create_monitoring_schedule(
            MonitoringScheduleName=name or schedule, MonitoringScheduleConfig={**config(job), **changed}
        )


def test_a_missing_schedule_is_not_found(client: Clients) -> None:
    with pytest.raises(ClientError, match="Could not find monitoring schedule"):
        client("sagemaker").describe_monitoring_schedule(MonitoringScheduleName="none")


def test_a_stack_makes_changes_and_removes_a_schedule(client: Clients, cloud: Any) -> None:
    job = {key: value for key, value in definition("").items() if key != "JobDefinitionName"}
    arn = {"Fn::GetAtt": ["Job", "JobDefinitionArn"]}

    def resources(step: int) -> dict[str, Any]:
        name = {"Fn::Select": [1, {"Fn::Split": ["/", arn]}]}
        settings = {**config("", HOURLY if step == 1 else DAILY), "MonitoringJobDefinitionName": name}
        tags = [{"Key": "step", "Value": str(step)}]
        schedule = {"MonitoringScheduleName": cloud.name, "MonitoringScheduleConfig": settings, "Tags": tags}
        return {
            "Job": {"Type": "AWS::SageMaker::DataQualityJobDefinition", "Properties": job},
            "Schedule": {"Type": "AWS::SageMaker::MonitoringSchedule", "Properties": schedule},
        }

    sagemaker = client("sagemaker")
    assert cloud.create(resources(1)) == "CREATE_COMPLETE", cloud.reasons()
    assert cloud.update(resources(2)) == "UPDATE_COMPLETE", cloud.reasons()
    found = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=cloud.name)
    assert found["MonitoringScheduleConfig"]["ScheduleConfig"]["ScheduleExpression"] == DAILY
    assert {"Key": "step", "Value": "2"} in sagemaker.list_tags(ResourceArn=found["MonitoringScheduleArn"])["Tags"]
    assert cloud.delete() == "DELETE_COMPLETE", cloud.reasons()
    assert sagemaker.list_monitoring_schedules(NameContains=cloud.name)["MonitoringScheduleSummaries"] == []
