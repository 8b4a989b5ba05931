"""An asynchronous endpoint with its deployed policies: wakes, follows its queue, sleeps, and cuts no running job."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.end_to_end
Resources = dict[str, Any]
IDLE_MINUTES = 10


def alarm(endpoint: str, name: str, metric: str, action: str, **rule: Any) -> Resources:
    properties = {
        "AlarmName": f"{endpoint}-{name}",
        "Namespace": "AWS/SageMaker",
        "MetricName": metric,
        "Dimensions": [{"Name": "EndpointName", "Value": endpoint}],
        "Period": 60,
        "AlarmActions": [{"Ref": action}],
        **rule,
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


@pytest.fixture(scope="module")
def backlog_scaling(scalable: Callable[..., Resources]) -> Callable[..., Resources]:
    """What constructs_lib/backlog_scaling.py deploys."""

    def make(endpoint: str, least: int = 0, most: int = 3) -> Resources:
        resources = scalable(
            endpoint,
            least,
            most,
            Backlog={
                "TargetValue": 2,
                "DisableScaleIn": True,
                "ScaleOutCooldown": 300,
                "CustomizedMetricSpecification": {
                    "Namespace": "AWS/SageMaker",
                    "MetricName": "ApproximateBacklogSizePerInstance",
                    "Statistic": "Average",
                    "Dimensions": [{"Name": "EndpointName", "Value": endpoint}],
                },
            },
            Wake={
                "AdjustmentType": "ChangeInCapacity",
                "MetricAggregationType": "Average",
                "Cooldown": 300,
                "StepAdjustments": [{"ScalingAdjustment": 1, "MetricIntervalLowerBound": 0}],
            },
            Sleep={
                "AdjustmentType": "ExactCapacity",
                "MetricAggregationType": "Average",
                "Cooldown": 60,
                "StepAdjustments": [{"ScalingAdjustment": least, "MetricIntervalUpperBound": 0}],
            },
        )
        resources["WakeAlarm"] = alarm(
            endpoint,
            "wake",
            "HasBacklogWithoutCapacity",
            "Wake",
            Statistic="Average",
            EvaluationPeriods=2,
            DatapointsToAlarm=2,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="missing",
        )
        resources["SleepAlarm"] = alarm(
            endpoint,
            "sleep",
            "ApproximateBacklogSize",
            "Sleep",
            Statistic="Maximum",
            EvaluationPeriods=IDLE_MINUTES,
            DatapointsToAlarm=IDLE_MINUTES,
            Threshold=0,
            ComparisonOperator="LessThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )
        return resources

    return make


def test_it_sleeps_after_ten_idle_minutes_and_wakes_after_two_datapoints(
    aws: Any, backlog_scaling: Callable[..., Resources]
) -> None:
    aws.endpoint("nightly", instances=1, asynchronous=True)
    aws.deploy("nightly", backlog_scaling("nightly"))
    assert aws.alarm("nightly-sleep")["StateValue"] == "INSUFFICIENT_DATA"
    aws.advance(IDLE_MINUTES - 1)
    assert aws.instances("nightly") == 1
    assert aws.alarm("nightly-sleep")["StateValue"] == "OK"
    aws.advance(1)
    assert aws.instances("nightly") == 0
    assert aws.alarm("nightly-sleep")["StateValue"] == "ALARM"
    (slept,) = aws.activities("nightly")
    assert slept["StatusCode"] == "Successful"
    assert slept["Description"] == "Setting desired instance count to 0."
    assert slept["Cause"] == "monitor alarm nightly-sleep in state ALARM triggered policy nightly-sleep"

    key = aws.submit("nightly", n=1)
    aws.advance(1)
    assert aws.instances("nightly") == 0
    aws.advance(1)
    assert aws.alarm("nightly-wake")["StateValue"] == "ALARM"
    assert aws.instances("nightly") == 1
    aws.wait_for(key)
    woke, _ = aws.activities("nightly")
    assert woke["Cause"] == "monitor alarm nightly-wake in state ALARM triggered policy nightly-wake"
    assert woke["StartTime"] > slept["StartTime"]
    aws.advance(1)
    assert aws.alarm("nightly-wake")["StateValue"] == "OK"
    aws.advance(IDLE_MINUTES)
    assert aws.instances("nightly") == 0


def test_a_job_of_fifty_minutes_is_never_cut(aws: Any, backlog_scaling: Callable[..., Resources]) -> None:
    aws.endpoint("long", instances=2, asynchronous=True)
    aws.deploy("long", backlog_scaling("long"))
    release = aws.folder / "release-long"
    key = aws.submit("long", hold=str(release))
    for _ in range(50):
        aws.advance(1)
        assert aws.instances("long") == 2
    assert aws.activities("long") == []
    release.touch()
    aws.wait_for(key)  # The very request that began 50 minutes ago is answered.
    aws.advance(IDLE_MINUTES - 1)
    assert aws.instances("long") == 2
    aws.advance(1)
    assert aws.instances("long") == 0


def test_it_follows_its_queue_within_its_bounds_and_its_cooldown(
    aws: Any, backlog_scaling: Callable[..., Resources]
) -> None:
    aws.endpoint("queue", instances=1, asynchronous=True)
    aws.deploy("queue", backlog_scaling("queue", most=4))
    release = aws.folder / "release-queue"
    keys = [aws.submit("queue", hold=str(release)) for _ in range(3)]
    aws.advance(2)
    assert aws.instances("queue") == 1
    aws.advance(1)
    assert aws.instances("queue") == 2  # 3 unfinished ones, 2 per instance wanted.
    keys += [aws.submit("queue", hold=str(release)) for _ in range(4)]
    aws.advance(4)  # 7 on 2 instances: from the capacity before the cooldown, 1 * 3.5 / 2 gives no more than 2.
    assert aws.instances("queue") == 2
    aws.advance(1)
    assert aws.instances("queue") == 4
    release.touch()
    for key in keys:
        aws.wait_for(key)


def test_the_queue_is_published_as_sagemaker_names_it(aws: Any) -> None:
    aws.endpoint("counted", instances=1, asynchronous=True)
    release = aws.folder / "release-counted"
    keys = [aws.submit("counted", hold=str(release)), aws.submit("counted", status=500, hold=str(release))]
    aws.advance(1)
    found = latest(aws, "counted")
    assert found["ApproximateBacklogSize"] == found["ApproximateBacklogSizePerInstance"] == 2
    assert found["HasBacklogWithoutCapacity"] == 0
    assert 0 < found["ApproximateAgeOfOldestRequest"] <= 60
    release.touch()
    aws.wait_for(keys[0])
    while latest(aws, "counted")["ApproximateBacklogSize"]:
        aws.advance(1)
    of_variant = {"EndpointName": "counted", "VariantName": "AllTraffic"}
    assert total(aws, "InvocationsProcessed", of_variant) == 2
    assert total(aws, "InvocationFailures", of_variant) == 1
    listed = aws("cloudwatch").list_metrics(Dimensions=[{"Name": "EndpointName", "Value": "counted"}])["Metrics"]
    names = {item["MetricName"] for item in listed}
    assert "Invocations" not in names  # Asynchronous endpoints publish none.


def statistics(aws: Any, name: str, dimensions: dict[str, str]) -> list[dict[str, Any]]:
    found = aws("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime="2020-01-01T00:00:00Z",
        EndTime="2100-01-01T00:00:00Z",
        Period=60,
        Statistics=["Sum", "Maximum"],
    )["Datapoints"]
    return sorted(found, key=lambda item: item["Timestamp"])


def latest(aws: Any, endpoint: str) -> dict[str, float]:
    names = (
        "ApproximateBacklogSize",
        "ApproximateBacklogSizePerInstance",
        "HasBacklogWithoutCapacity",
        "ApproximateAgeOfOldestRequest",
    )
    found = {name: statistics(aws, name, {"EndpointName": endpoint}) for name in names}
    return {name: float(points[-1]["Maximum"]) for name, points in found.items() if points}


def total(aws: Any, name: str, dimensions: dict[str, str]) -> float:
    return sum(float(point["Sum"]) for point in statistics(aws, name, dimensions))
