"""Promise: a healthy endpoint has no finding, and each fault, made for real, gives exactly its own."""

import dataclasses
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chem_endpoints.doctor import examine
from chem_endpoints.doctor.checks.capacity import runs_as_much_as_wanted
from chem_endpoints.doctor.look import Look
from chem_endpoints.doctor.subject import read_subject
from chem_endpoints.spec.image_source import REPOSITORY

pytestmark = pytest.mark.end_to_end


def test_a_healthy_endpoint_has_no_finding(healthy: Any) -> None:
    assert healthy.examine() == ()


# Scaling


def test_bounds_that_nobody_deployed(healthy: Any, client: Any, undo: Any) -> None:
    register = client("application-autoscaling").register_scalable_target
    undo.callback(register, **healthy.target_key, MinCapacity=1, MaxCapacity=4)
    register(**healthy.target_key, MinCapacity=1, MaxCapacity=9)
    found = healthy.only("scaling")
    assert found.severity == "error"
    assert "scales from 1 to 9, the stack deployed 1 to 4 or 2 to 6" in found.happened


def test_bounds_of_the_schedule_are_right(patient: Any, client: Any) -> None:
    patient.deploy(patient.resources())
    register = client("application-autoscaling").register_scalable_target
    register(**patient.target_key, MinCapacity=2, MaxCapacity=6)
    assert [each for each in patient.examine() if each.check == "scaling"] == []


def test_suspended_scaling(healthy: Any, client: Any, undo: Any) -> None:
    register = client("application-autoscaling").register_scalable_target
    undo.callback(register, **healthy.target_key, SuspendedState={"DynamicScalingInSuspended": False})
    register(**healthy.target_key, SuspendedState={"DynamicScalingInSuspended": True})
    assert "is suspended (DynamicScalingIn)" in healthy.only("scaling").happened


def test_a_muted_scaling_alarm(healthy: Any, client: Any, undo: Any) -> None:
    name = healthy.alarm_name("wake")
    undo.callback(client("cloudwatch").enable_alarm_actions, AlarmNames=[name])
    client("cloudwatch").disable_alarm_actions(AlarmNames=[name])
    assert f"the actions of the scaling alarm {name} are disabled" in healthy.only("scaling").happened


def test_a_scaling_alarm_that_acts_on_something_else(healthy: Any, client: Any, undo: Any) -> None:
    cloudwatch, name = client("cloudwatch"), healthy.alarm_name("wake")
    alarm = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    given = {key: alarm[key] for key in _PUT if key in alarm}
    undo.callback(cloudwatch.put_metric_alarm, **given)
    cloudwatch.put_metric_alarm(**{**given, "AlarmActions": []})
    assert f"the scaling alarm {name} does not act on the policy" in healthy.only("scaling").happened


_PUT = (
    "AlarmName",
    "AlarmDescription",
    "AlarmActions",
    "Namespace",
    "MetricName",
    "Dimensions",
    "Statistic",
    "Period",
    "EvaluationPeriods",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
)


def test_what_is_missing_of_scaling(patient: Any, client: Any) -> None:
    """From the outside in: schedule, alarm, policy, target."""
    patient.deploy(patient.resources())
    scaling = client("application-autoscaling")
    scaling.delete_scheduled_action(**patient.target_key, ScheduledActionName="office-opens")
    found = patient.only("scaling")
    assert (found.severity, found.happened.startswith("the scheduled action office-opens")) == ("error", True)
    client("cloudwatch").delete_alarms(AlarmNames=[patient.alarm_name("wake")])
    assert [each.happened for each in patient.examine()][1:] == [
        f"the scaling alarm {patient.alarm_name('wake')} is gone: its policy never acts"
    ]
    scaling.delete_scaling_policy(**patient.target_key, PolicyName=f"{patient.name}-wake")
    assert [each.happened for each in patient.examine()][1:] == [f"the scaling policy {patient.name}-wake is gone"]
    scaling.deregister_scalable_target(**patient.target_key)
    found = patient.only("scaling")
    assert found.happened.startswith(f"endpoint/{patient.name}/variant/AllTraffic is not registered for scaling")
    assert f"deploy {patient.stack} with -c scaling=off" in found.remedy


# Idleness


def test_nobody_invokes_it(healthy: Any, client: Any) -> None:
    later = datetime.now(UTC) + timedelta(days=20)
    found = healthy.only("idle", now=later)
    assert found.severity == "warning"
    assert "nobody has invoked the endpoint in 14 days, and 1 x ml.c7i.xlarge cost money" in found.happened
    assert healthy.examine(now=later, days=30) == (), "it is younger than that"

    # What SageMaker would publish ten days from now.
    dimensions = [{"Name": "EndpointName", "Value": healthy.name}, {"Name": "VariantName", "Value": "AllTraffic"}]
    datum = {"MetricName": "Invocations", "Dimensions": dimensions, "Value": 3, "Timestamp": later - timedelta(days=10)}
    client("cloudwatch").put_metric_data(Namespace="AWS/SageMaker", MetricData=[datum])
    assert healthy.examine(now=later) == ()


def test_the_metrics_of_idleness_are_published() -> None:
    """The names are those of the table that alarms and dashboards are made from."""
    from chem_endpoints.doctor.checks import idle
    from constructs_lib import metrics

    assert (metrics.INVOCATIONS.name,) == idle.INVOCATIONS
    assert metrics.COMPONENT_INVOCATIONS.name == metrics.INVOCATIONS.name
    assert (metrics.PROCESSED_REQUESTS.name, metrics.FAILED_REQUESTS.name) == idle.QUEUE_RESULTS


def test_a_queue_that_nobody_uses(patient: Any, client: Any) -> None:
    output = {"OutputConfig": {"S3OutputPath": "s3://models/out"}}
    resources = patient.resources(config={"AsyncInferenceConfig": output})
    patient.deploy(resources)
    later = datetime.now(UTC) + timedelta(days=20)
    assert "nobody has invoked" in patient.only("idle", now=later).happened
    client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=patient.name,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 0}],
    )
    patient.settled()
    assert patient.examine(now=later) == (), "asleep it costs nothing"


# Images


def test_an_image_that_is_gone(healthy: Any, client: Any, undo: Any) -> None:
    tag = healthy.image.rpartition(":")[2]
    undo.callback(client("ecr").put_image, **_kept(client("ecr"), tag))
    client("ecr").batch_delete_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])
    found = healthy.only("images")
    assert found.severity == "error"
    assert f"the image {healthy.image} is not in its repository" in found.happened


def _kept(ecr: Any, tag: str) -> dict[str, Any]:
    image = ecr.batch_get_image(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])["images"][0]
    return {"repositoryName": REPOSITORY, "imageManifest": image["imageManifest"], "imageTag": tag}


def test_an_image_that_will_expire(healthy: Any, client: Any, undo: Any) -> None:
    rule = {
        "rulePriority": 3,
        "selection": {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 30},
        "action": {"type": "expire"},
    }
    undo.callback(client("ecr").delete_lifecycle_policy, repositoryName=REPOSITORY)
    client("ecr").put_lifecycle_policy(repositoryName=REPOSITORY, lifecyclePolicyText=json.dumps({"rules": [rule]}))
    found = healthy.only("images")
    assert found.severity == "warning"
    assert found.happened.endswith(f"expires the image {healthy.image} 30 days after its push (lifecycle rule 3)")


def test_on_the_local_aws_nobody_misses_images_quotas_or_readers(healthy: Any) -> None:
    found = healthy.examine(local=None)
    assert [(each.check, each.severity) for each in found] == [("images", "note"), ("quota", "note")]


# Artifacts


def test_an_artifact_that_was_overwritten(patient: Any, client: Any) -> None:
    tag = {"Key": "chem-endpoints:artifact-version", "Value": patient.version}
    patient.deploy(patient.resources(Model=patient.model(Tags=[tag])))
    assert patient.examine() == ()
    client("s3").put_object(Bucket="models", Key=patient.artifact, Body=b"another")
    found = patient.only("artifact")
    assert found.severity == "error"
    assert f"s3://models/{patient.artifact} was overwritten" in found.happened
    assert f"declared is {patient.version}" in found.happened
    client("s3").delete_object(Bucket="models", Key=patient.artifact)
    assert f"s3://models/{patient.artifact} is gone" in patient.only("artifact").happened


def test_the_tags_are_those_that_the_stacks_write() -> None:
    from chem_endpoints.doctor.checks.artifact import VERSION_TAG
    from chem_endpoints.doctor.discovery import ENDPOINT_TAG
    from constructs_lib import tagging

    assert (VERSION_TAG, ENDPOINT_TAG) == (tagging.ARTIFACT_VERSION, tagging.ENDPOINT)


# Quotas


def test_a_quota_below_the_maximum(healthy: Any, quotas: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Service Quotas is a stand-in here, over HTTP; the schedule's six instances are what counts."""
    name = "ml.c7i.xlarge for endpoint usage"
    monkeypatch.setitem(quotas[1].applied, name, 5.0)
    found = healthy.only("quota")
    assert found.severity == "warning"
    assert "may grow to 6 x ml.c7i.xlarge, all endpoints of the account together may have 5" in found.happened
    monkeypatch.delitem(quotas[1].applied, name)
    assert "together may have 0" in healthy.only("quota").happened, "AWS's default"
    monkeypatch.delitem(quotas[1].defaults, name)
    assert healthy.only("quota").severity == "unseen"


# Logs


@pytest.mark.parametrize(
    ("change", "told"),
    [({"RetentionInDays": None}, "never expires"), ({"KmsKeyId": None}, "is not encrypted with a key of yours")],
)
def test_a_log_group_that_is_not_as_it_should_be(patient: Any, change: dict[str, Any], told: str) -> None:
    patient.deploy(patient.resources(Logs=patient.log_group(**change)))
    found = patient.only("logs")
    assert (found.severity, told in found.happened) == ("warning", True)


def test_a_log_group_that_somebody_deleted(patient: Any, client: Any) -> None:
    patient.deploy(patient.resources())
    group = {"logGroupName": f"/aws/sagemaker/Endpoints/{patient.name}"}
    while not client("logs").describe_log_streams(**group)["logStreams"]:  # Its first lines would make it anew.
        time.sleep(0.05)
    client("logs").delete_log_group(**group)
    assert "is gone" in patient.only("logs").happened


# Alarms


def test_a_raised_alarm(healthy: Any, client: Any, undo: Any) -> None:
    name, state = healthy.alarm_name("server-errors"), client("cloudwatch").set_alarm_state
    undo.callback(state, AlarmName=name, StateValue="OK", StateReason="mended")
    state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    found = healthy.only("alarms")
    assert found.severity == "error"
    assert f"the alarm {name} is in ALARM since {datetime.now(UTC):%Y-}" in found.happened
    assert found.remedy == "Follow docs/runbook.md#server-errors"


def test_a_raised_scaling_alarm_is_no_fault(healthy: Any, client: Any, undo: Any) -> None:
    name, state = healthy.alarm_name("wake"), client("cloudwatch").set_alarm_state
    undo.callback(state, AlarmName=name, StateValue="OK", StateReason="mended")
    state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    assert [each for each in healthy.examine() if each.check in ("alarms", "scaling")] == []


def test_a_muted_alarm(healthy: Any, client: Any, undo: Any) -> None:
    name = healthy.alarm_name("server-errors")
    undo.callback(client("cloudwatch").enable_alarm_actions, AlarmNames=[name])
    client("cloudwatch").disable_alarm_actions(AlarmNames=[name])
    assert f"the actions of the alarm {name} are disabled" in healthy.only("alarms").happened


def test_a_rollback_alarm_that_is_gone(patient: Any, client: Any) -> None:
    name = patient.alarm_name("server-errors")
    alarms = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name}]}}
    at_once = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    blue_green = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": at_once}}
    patient.deploy(patient.resources(endpoint={"DeploymentConfig": {**blue_green, **alarms}}))
    assert patient.examine() == ()
    client("cloudwatch").delete_alarms(AlarmNames=[name])
    found = patient.only("alarms")
    assert f"the alarm {name} is gone: no update is rolled back by it" in found.happened


def test_a_topic_that_nobody_reads(healthy: Any, client: Any, undo: Any) -> None:
    (topic,) = client("sns").list_topics()["Topics"]
    (subscription,) = client("sns").list_subscriptions_by_topic(TopicArn=topic["TopicArn"])["Subscriptions"]
    undo.callback(client("sns").subscribe, TopicArn=topic["TopicArn"], Protocol="email", Endpoint="team@example.org")
    client("sns").unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    found = healthy.only("alarms")
    assert found.severity == "warning"
    assert f"{topic['TopicArn']} has no confirmed subscriber: nobody is told" in found.happened
    assert [each.severity for each in healthy.examine(local=None)] == ["note", "note", "note"]


# Capacity


def test_fewer_instances_than_wanted(healthy: Any, session: Any) -> None:
    """The local AWS has room for every instance: its own answer, with another number in it."""
    look = Look(session=session, now=datetime.now(UTC), days=14, local=False)
    subject = read_subject(look, healthy.name, None)
    assert list(runs_as_much_as_wanted(subject, look)) == []
    assert subject.endpoint is not None
    (variant,) = subject.endpoint["ProductionVariants"]
    fewer = {**subject.endpoint, "ProductionVariants": [{**variant, "DesiredInstanceCount": 3}]}
    (flaw,) = runs_as_much_as_wanted(dataclasses.replace(subject, endpoint=fewer), look)
    assert flaw.severity == "warning"
    assert flaw.happened == "variant AllTraffic has 1 instances, not the 3 that are wanted"


def test_an_update_that_does_not_end(patient: Any, client: Any, session: Any) -> None:
    patient.deploy(patient.resources())
    sagemaker = client("sagemaker")
    sick = patient.model(fault="sick")["Properties"]
    sagemaker.create_model(ModelName=f"{patient.name}-sick", **sick)
    variant = {"VariantName": "AllTraffic", "ModelName": f"{patient.name}-sick", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"{patient.name}-sick", ProductionVariants=[{**variant, "InstanceType": "ml.c7i.xlarge"}]
    )
    sagemaker.update_endpoint(EndpointName=patient.name, EndpointConfigName=f"{patient.name}-sick")
    under_way = patient.only("live")
    assert (under_way.severity, under_way.happened) == ("unseen", "the endpoint is Updating")
    stuck = examine([patient.name], session=session, local=False, now=datetime.now(UTC) + timedelta(hours=10))
    assert [(each.check, each.severity) for each in stuck] == [("live", "unseen"), ("capacity", "error")]
    assert stuck[1].happened.startswith("the endpoint is Updating since ")


# Without any scaling


def test_a_queue_whose_stack_lost_its_scaling(patient: Any) -> None:
    """What the first of two steps leaves when the second one fails."""
    resources = patient.resources(config={"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://models/o"}}})
    for name in patient.scaling():
        del resources[name]
    patient.deploy(resources)
    found = patient.only("scaling")
    assert found.severity == "error"
    assert "its stack declares no automatic scaling: at zero it never wakes" in found.happened
    assert found.remedy == f"Deploy it with its scaling: chem-endpoints deploy {patient.name}"


def test_a_fixed_fleet_needs_no_scaling(patient: Any) -> None:
    resources = patient.resources()
    for name in patient.scaling():
        del resources[name]
    patient.deploy(resources)
    assert patient.examine() == ()
