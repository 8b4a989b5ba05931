"""Promise: the console tells why an endpoint has as many processes as it has: bounds, policies, alarms with their
datapoints, activities, and the course of processes and queue over the last hour of the clock."""

import json
import time
import urllib.request
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest

from chem_endpoints.local.address import CONSOLE_PATH

pytestmark = pytest.mark.end_to_end
Resources = dict[str, Any]


@pytest.fixture
def shown(aws: Any) -> Callable[[str], dict[str, Any]]:
    """One endpoint as the console has it."""

    def find(name: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{aws.url}{CONSOLE_PATH}state") as answer:
            state = json.load(answer)
        (found,) = (endpoint for endpoint in state["endpoints"] if endpoint["name"] == name)
        return dict(found)

    return find


def sleeping(scalable: Callable[..., Resources], name: str) -> Resources:
    """An endpoint that sleeps after three minutes without requests, wakes for one, and follows its queue."""
    dimensions = [{"Name": "EndpointName", "Value": name}]
    metric = {"Namespace": "AWS/SageMaker", "Dimensions": dimensions, "Statistic": "Average"}
    alarm = {"Namespace": "AWS/SageMaker", "Dimensions": dimensions, "Period": 60}
    step = {"MetricAggregationType": "Average", "Cooldown": 0}
    resources = scalable(
        name,
        0,
        2,
        Follow={
            "TargetValue": 2.5,
            "DisableScaleIn": True,
            "CustomizedMetricSpecification": {**metric, "MetricName": "ApproximateBacklogSizePerInstance"},
        },
        Wake={
            **step,
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": [{"ScalingAdjustment": 1, "MetricIntervalLowerBound": 0}],
        },
        Sleep={
            **step,
            "AdjustmentType": "ExactCapacity",
            "StepAdjustments": [{"ScalingAdjustment": 0, "MetricIntervalUpperBound": 0}],
        },
    )
    wake = {
        **alarm,
        "AlarmName": f"{name}-wake",
        "MetricName": "HasBacklogWithoutCapacity",
        "Statistic": "Average",
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "AlarmActions": [{"Ref": "Wake"}],
    }
    sleep = {
        **alarm,
        "AlarmName": f"{name}-sleep",
        "MetricName": "ApproximateBacklogSize",
        "Statistic": "Maximum",
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 3,
        "Threshold": 0,
        "ComparisonOperator": "LessThanOrEqualToThreshold",
        "AlarmActions": [{"Ref": "Sleep"}],
    }
    for alarm_name, properties in {"WakeAlarm": wake, "SleepAlarm": sleep}.items():
        resources[alarm_name] = {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
    return resources


def alarm(told: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (each for each in told["alarms"] if each["name"] == name)
    return dict(found)


def test_an_endpoint_falls_asleep_and_wakes_before_ones_eyes(
    aws: Any, scalable: Callable[..., Resources], shown: Callable[[str], dict[str, Any]]
) -> None:
    name = "console-sleeper"
    aws.endpoint(name, instances=1, asynchronous=True)
    aws.deploy("console-sleeper", sleeping(scalable, name))
    awake = shown(name)
    assert {policy["name"]: policy["does"] for policy in awake["policies"]} == {
        f"{name}-follow": "keeps ApproximateBacklogSizePerInstance at 2.5, only by adding",
        f"{name}-wake": "when its alarm fires: adds 1",
        f"{name}-sleep": "when its alarm fires: sets 0",
    }
    assert [(host["least"], host["most"], host["running"]) for host in awake["hosts"]] == [(0, 2, 1)]
    assert alarm(awake, f"{name}-sleep")["state"] == "INSUFFICIENT_DATA"

    for _ in range(3):
        aws.advance(1)
    asleep = shown(name)
    assert [host["processes"] for host in asleep["hosts"]] == [[]]
    slept = asleep["alarms"][0]
    assert (slept["name"], slept["state"], slept["values"]) == (f"{name}-sleep", "ALARM", [0.0, 0.0, 0.0])
    assert slept["rule"] == "Maximum of ApproximateBacklogSize ≤ 0, 3 of 3 datapoints of 1 min"
    assert slept["actions"] == [f"policy {name}-sleep"]
    (activity,) = asleep["activities"]
    assert (activity["before"], activity["capacity"], activity["status"]) == (1, 0, "Successful")
    assert activity["cause"].startswith(f"monitor alarm {name}-sleep in state ALARM")

    key = aws.submit(name)
    deadline = time.monotonic() + 10
    while (waiting := shown(name))["history"][-1][1:] != [0, 1]:  # It looks twice a second.
        assert time.monotonic() < deadline, waiting["history"]
        time.sleep(0.05)
    assert (waiting["queue"]["size"], waiting["queue"]["waiting"]) == (1, 1)
    aws.advance(1)
    aws.wait_for(key)
    while shown(name)["queue"]["size"]:  # The result is stored a moment before it is counted.
        assert time.monotonic() < deadline + 20
        time.sleep(0.05)
    aws.advance(1)
    woken = shown(name)
    assert [(each["before"], each["capacity"]) for each in woken["activities"]] == [(0, 1), (1, 0)]
    assert woken["requests"]["answered"] == 1
    assert alarm(woken, f"{name}-sleep")["values"][-1] == 0.0
    course = [instances for instances, _ in groupby(woken["history"], key=lambda point: point[1])]
    assert course[-3:] == [1, 0, 1]


def test_an_alarm_that_was_put_anew_is_told_as_it_is(aws: Any, shown: Callable[[str], dict[str, Any]]) -> None:
    name = "console-alarms"
    aws.endpoint(name, instances=1)
    put = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "AllTraffic"}],
        "Statistic": "Sum",
        "Period": 300,
        "EvaluationPeriods": 2,
        "DatapointsToAlarm": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:ops"],
    }
    for threshold, words in [(5, "5"), (10_000_000, "10 000 000")]:
        aws("cloudwatch").put_metric_alarm(AlarmName="console-busy", Threshold=threshold, **put)
        told = alarm(shown(name), "console-busy")
        assert told["rule"] == f"Sum of Invocations > {words}, 1 of 2 datapoints of 5 min"
        assert told["actions"] == ["topic ops"]
    aws("cloudwatch").set_alarm_state(AlarmName="console-busy", StateValue="ALARM", StateReason="<b>by hand</b>")
    told = alarm(shown(name), "console-busy")
    assert (told["state"], told["reason"]) == ("ALARM", "<b>by hand</b>")
    aws("cloudwatch").delete_alarms(AlarmNames=["console-busy"])
    assert shown(name)["alarms"] == []


def test_an_alarm_of_no_endpoint_that_cannot_be_evaluated_says_so(aws: Any) -> None:
    aws("cloudwatch").put_metric_alarm(
        AlarmName="console-other",
        Namespace="Mine",
        MetricName="Cost",
        Statistic="IQM",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    with urllib.request.urlopen(f"{aws.url}{CONSOLE_PATH}state") as answer:
        told = {each["name"]: each["rule"] for each in json.load(answer)["other_alarms"]}
    aws("cloudwatch").delete_alarms(AlarmNames=["console-other"])
    assert told["console-other"] == "Not evaluated: The local AWS has no statistic IQM"
