"""Metrics in the containers' log lines reach CloudWatch in their minute, and alarms watch them."""

import json
import time
from typing import Any

import pytest

pytestmark = pytest.mark.end_to_end


def emf(rows: int) -> str:
    directive = {
        "Namespace": "ChemEndpoints",
        "Dimensions": [["Endpoint"]],
        "Metrics": [{"Name": "BadRows", "Unit": "Count"}],
    }
    return json.dumps({"_aws": {"CloudWatchMetrics": [directive]}, "Endpoint": "noted", "BadRows": rows})


def alarm(topic: str) -> dict[str, Any]:
    properties = {
        "AlarmName": "noted-bad-rows",
        "AlarmActions": [topic],
        "Namespace": "ChemEndpoints",
        "MetricName": "BadRows",
        "Dimensions": [{"Name": "Endpoint", "Value": "noted"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 10,
        "TreatMissingData": "notBreaching",
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def test_an_alarm_on_a_metric_of_log_lines_fires_in_its_minute(aws: Any) -> None:
    topic = aws("sns").create_topic(Name="noted-topic")["TopicArn"]
    aws.endpoint("noted", instances=1)
    aws.deploy("noted-alarms", {"Alarm": alarm(topic)})
    aws.ask("noted", print=emf(4))
    now = aws.advance(1)
    assert aws.alarm("noted-bad-rows")["StateValue"] == "OK"  # 4 are no more than 10.
    for rows in (5, 6):
        aws.ask("noted", print=emf(rows))
    aws.advance(1)
    assert aws.alarm("noted-bad-rows")["StateValue"] == "ALARM"
    assert "11.0" in aws.alarm("noted-bad-rows")["StateReason"]
    aws.advance(3)  # Two periods beyond the one of the alarm are looked at when that one has no data.
    assert aws.alarm("noted-bad-rows")["StateValue"] == "OK"
    points = aws("cloudwatch").get_metric_statistics(
        Namespace="ChemEndpoints",
        MetricName="BadRows",
        Dimensions=[{"Name": "Endpoint", "Value": "noted"}],
        StartTime="2020-01-01T00:00:00Z",
        EndTime="2100-01-01T00:00:00Z",
        Period=60,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    assert sorted((point["Sum"], point["SampleCount"]) for point in points) == [(4, 1), (11, 2)]
    first = min(point["Timestamp"] for point in points)
    assert first.strftime("%Y-%m-%dT%H:%M") < now  # The clock's time, which may be far from the real one.


def test_lines_that_come_while_an_endpoint_ends_are_counted(aws: Any) -> None:
    aws.endpoint("noted", instances=1)
    aws.ask("noted", print=emf(3))
    aws.forget()
    before = time.monotonic()
    aws.advance(1)
    points = aws("cloudwatch").get_metric_statistics(
        Namespace="ChemEndpoints",
        MetricName="BadRows",
        Dimensions=[{"Name": "Endpoint", "Value": "noted"}],
        StartTime="2020-01-01T00:00:00Z",
        EndTime="2100-01-01T00:00:00Z",
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert 3 in [point["Sum"] for point in points], time.monotonic() - before
