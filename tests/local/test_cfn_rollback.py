"""Failures without rollback, and what takes a stack back: RollbackStack, ContinueUpdateRollback, CancelUpdateStack."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]
LATE: dict[str, Any] = {"DisableRollback": True, "DisableValidation": True}
"""A failure at the resource's turn, behind which everything stays."""


def broken(*behind: str) -> dict[str, Any]:
    """Fails when those before it are made."""
    properties = {"Type": "String", "Value": "x", "Colour": "red"}
    return {"Type": "AWS::SSM::Parameter", "Properties": properties, "DependsOn": list(behind)}


def bucket(name: str) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}


def group(name: str, days: int) -> dict[str, Any]:
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": f"/g/{name}", "RetentionInDays": days}}


def retention(client: Clients, name: str) -> int:
    return int(client("logs").describe_log_groups(logGroupNamePrefix=f"/g/{name}")["logGroups"][0]["retentionInDays"])


def ended(cloud: Any, operation: str, **parameters: Any) -> str:
    getattr(cloud.api, operation)(StackName=cloud.name, **parameters)
    return str(cloud._wait())


@pytest.fixture
def paused(cloud: Any) -> Any:
    """A stack in UPDATE_FAILED: a log group was changed, a bucket made, a parameter failed."""
    cloud.create({"Logs": group(cloud.name, 30)})
    changed = {"Logs": group(cloud.name, 60), "Bucket": bucket(cloud.name), "Last": broken("Logs", "Bucket")}
    assert cloud.update(changed, **LATE) == "UPDATE_FAILED"
    return cloud


def test_without_rollback_what_was_made_stays_and_rolls_back_later(paused: Any, client: Clients) -> None:
    assert retention(client, paused.name) == 60
    client("s3").head_bucket(Bucket=paused.name)
    assert paused.stack()["DisableRollback"] is True
    assert ended(paused, "rollback_stack") == "UPDATE_ROLLBACK_COMPLETE"
    assert retention(client, paused.name) == 30
    with pytest.raises(ClientError):
        client("s3").head_bucket(Bucket=paused.name)
    assert paused.update({"Logs": group(paused.name, 90)}) == "UPDATE_COMPLETE"
    assert paused.delete() == "DELETE_COMPLETE"


def test_a_paused_stack_takes_a_further_attempt_without_rollback_only(paused: Any, client: Clients) -> None:
    mended = {"Logs": group(paused.name, 90), "Bucket": bucket(paused.name)}
    with pytest.raises(ClientError, match=r"currently in a non-terminal \[UPDATE_FAILED\] state"):
        paused.update(mended)
    assert paused.update({**mended, "Last": broken("Logs")}, **LATE) == "UPDATE_FAILED"
    assert retention(client, paused.name) == 90
    assert ended(paused, "rollback_stack") == "UPDATE_ROLLBACK_COMPLETE"
    assert retention(client, paused.name) == 30, "two failed attempts back, to the last stable state"
    assert paused.delete() == "DELETE_COMPLETE"


def test_a_further_attempt_may_succeed(paused: Any, client: Clients) -> None:
    mended = {"Logs": group(paused.name, 90), "Bucket": bucket(paused.name)}
    assert paused.update(mended, DisableRollback=True) == "UPDATE_COMPLETE"
    assert retention(client, paused.name) == 90
    with pytest.raises(ClientError, match="is in UPDATE_COMPLETE state and can not be rolled back"):
        paused.api.rollback_stack(StackName=paused.name)
    assert paused.delete() == "DELETE_COMPLETE"


def test_a_clean_up_that_fails_leaves_the_rollback_complete(paused: Any, client: Clients) -> None:
    client("s3").put_object(Bucket=paused.name, Key="k", Body=b"x")
    assert ended(paused, "rollback_stack") == "UPDATE_ROLLBACK_COMPLETE"
    assert paused.statuses("Bucket")[0] == "DELETE_FAILED"
    assert retention(client, paused.name) == 30
    client("s3").head_bucket(Bucket=paused.name)
    assert paused.delete() == "DELETE_COMPLETE"
    client("s3").delete_object(Bucket=paused.name, Key="k")
    client("s3").delete_bucket(Bucket=paused.name)


def test_a_rollback_that_fails_is_continued_when_the_cause_is_mended(paused: Any, client: Clients) -> None:
    client("logs").delete_log_group(logGroupName=f"/g/{paused.name}")
    assert ended(paused, "rollback_stack") == "UPDATE_ROLLBACK_FAILED"
    assert "failed to update: [Logs]" in paused.reasons()
    client("s3").head_bucket(Bucket=paused.name)
    with pytest.raises(ClientError, match="is in UPDATE_ROLLBACK_FAILED state and can not be updated"):
        paused.update({"Logs": group(paused.name, 90)})
    client("logs").create_log_group(logGroupName=f"/g/{paused.name}")
    assert ended(paused, "continue_update_rollback") == "UPDATE_ROLLBACK_COMPLETE"
    assert retention(client, paused.name) == 30
    with pytest.raises(ClientError):
        client("s3").head_bucket(Bucket=paused.name)
    assert paused.delete() == "DELETE_COMPLETE"


def test_a_continued_rollback_skips_what_it_is_told_to(paused: Any, client: Clients) -> None:
    client("logs").delete_log_group(logGroupName=f"/g/{paused.name}")
    assert ended(paused, "rollback_stack") == "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(ClientError, match=r"\[Bucket\] are not in UPDATE_FAILED state"):
        paused.api.continue_update_rollback(StackName=paused.name, ResourcesToSkip=["Bucket"])
    assert ended(paused, "continue_update_rollback", ResourcesToSkip=["Logs"]) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Resource skipped during UpdateRollback" in paused.reasons()
    client("logs").create_log_group(logGroupName=f"/g/{paused.name}")
    assert paused.delete() == "DELETE_COMPLETE"


def test_a_stack_whose_rollback_failed_is_deleted_with_all_that_it_made(paused: Any, client: Clients) -> None:
    client("logs").delete_log_group(logGroupName=f"/g/{paused.name}")
    assert ended(paused, "rollback_stack") == "UPDATE_ROLLBACK_FAILED"
    client("logs").create_log_group(logGroupName=f"/g/{paused.name}")
    assert paused.delete() == "DELETE_COMPLETE", paused.reasons()
    with pytest.raises(ClientError):
        client("s3").head_bucket(Bucket=paused.name)


def test_a_creation_without_rollback_goes_when_it_is_rolled_back(cloud: Any, client: Clients) -> None:
    assert cloud.create({"Bucket": bucket(cloud.name), "Last": broken("Bucket")}, **LATE) == "CREATE_FAILED"
    client("s3").put_object(Bucket=cloud.name, Key="k", Body=b"x")
    assert ended(cloud, "rollback_stack") == "ROLLBACK_FAILED"
    assert "failed to delete: [Bucket]" in cloud.reasons()
    client("s3").delete_object(Bucket=cloud.name, Key="k")
    assert cloud.delete() == "DELETE_COMPLETE"
    with pytest.raises(ClientError):
        client("s3").head_bucket(Bucket=cloud.name)


@pytest.mark.parametrize("retained", [False, True], ids=["kept", "deleted"])
def test_a_rollback_keeps_a_retained_resource_unless_told_otherwise(
    cloud: Any, client: Clients, retained: bool
) -> None:
    resource = {**bucket(cloud.name), "DeletionPolicy": "Retain"}
    assert cloud.create({"Bucket": resource, "Last": broken("Bucket")}, **LATE) == "CREATE_FAILED"
    assert ended(cloud, "rollback_stack", RetainExceptOnCreate=retained) == "ROLLBACK_COMPLETE"
    names = {item["Name"] for item in client("s3").list_buckets()["Buckets"]}
    assert (cloud.name in names) is not retained
    assert cloud.delete() == "DELETE_COMPLETE"


def test_a_replacement_needs_rollback(cloud: Any, client: Clients) -> None:
    cloud.create({"Bucket": bucket(cloud.name)})
    other = {"Bucket": bucket(f"{cloud.name}-{uuid.uuid4().hex[:8]}")}
    assert cloud.update(other, DisableRollback=True) == "UPDATE_FAILED"
    assert "Replacement type updates not supported on stack with disable-rollback." in cloud.reasons()
    assert ended(cloud, "rollback_stack") == "UPDATE_ROLLBACK_COMPLETE"
    client("s3").head_bucket(Bucket=cloud.name)
    assert cloud.delete() == "DELETE_COMPLETE"


def test_only_a_running_update_is_cancelled(cloud: Any) -> None:
    cloud.create({"Bucket": bucket(cloud.name)})
    with pytest.raises(ClientError, match="CancelUpdateStack cannot be called from current stack status"):
        cloud.api.cancel_update_stack(StackName=cloud.name)
    assert cloud.delete() == "DELETE_COMPLETE"


def test_a_stack_is_deleted_while_it_is_created(cloud: Any, deployer: Any, client: Clients) -> None:
    slow = {"EndpointConfigName": deployer.config(environment={"STAND_IN_FAULT": "slow-start"})}
    resources = {
        "Bucket": bucket(cloud.name),
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {"EndpointName": cloud.name, **slow},
            "DependsOn": "Bucket",
        },
        "Last": {**bucket(f"{cloud.name}-last"), "DependsOn": "Endpoint"},
    }
    body = json.dumps({"Resources": resources})
    cloud.stack_id = cloud.api.create_stack(StackName=cloud.name, TemplateBody=body)["StackId"]
    while "CREATE_IN_PROGRESS" not in cloud.statuses("Endpoint"):
        time.sleep(0.02)
    cloud.api.delete_stack(StackName=cloud.name)
    assert cloud.stack()["StackStatus"] == "DELETE_IN_PROGRESS"
    assert cloud._wait() == "DELETE_COMPLETE"
    assert cloud.statuses("Last") == [], "the creation was cancelled"
    assert "DELETE_COMPLETE" in cloud.statuses("Endpoint")
    with pytest.raises(ClientError):
        client("s3").head_bucket(Bucket=cloud.name)


def test_a_running_deployment_ends_with_the_local_aws(own_aws: Any) -> None:
    endpoint = {"EndpointConfigName": own_aws.deployer.config(environment={"STAND_IN_FAULT": "slow-start"})}
    body = json.dumps({"Resources": {"Endpoint": {"Type": "AWS::SageMaker::Endpoint", "Properties": endpoint}}})
    own_aws.client("cloudformation").create_stack(StackName="slow", TemplateBody=body)
    while not own_aws.client("sagemaker").list_endpoints()["Endpoints"]:
        time.sleep(0.02)
    assert own_aws.stop() == 0
    assert "an operation on stack slow ends with the local AWS" in own_aws.log()
    assert "Traceback" not in own_aws.log()
