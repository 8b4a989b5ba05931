"""Deployed alarms change their states, tell their topics, and refuse aloud what they cannot judge."""

import json
import time
from typing import Any

import pytest

pytestmark = pytest.mark.end_to_end
PERCENT = "IF(FILL(part, 0) > 0, 100 * part / MAX([FILL(whole, 0), part]), 0)"


def count(name: str, identifier: str) -> dict[str, Any]:
    dimensions = [{"Name": "EndpointName", "Value": "watched"}, {"Name": "VariantName", "Value": "AllTraffic"}]
    metric = {"Namespace": "AWS/SageMaker", "MetricName": name, "Dimensions": dimensions}
    return {"Id": identifier, "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}}


def math(name: str, expression: str, topic: str) -> dict[str, Any]:
    properties = {
        "AlarmName": name,
        "AlarmActions": [topic],
        "OKActions": [topic],
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 10,
        "EvaluationPeriods": 1,
        "DatapointsToAlarm": 1,
        "TreatMissingData": "notBreaching",
        "Metrics": [
            {"Id": "percent", "Expression": expression, "ReturnData": True},
            count("Invocation5XXErrors", "part"),
            count("Invocations", "whole"),
        ],
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def slow(name: str, topic: str) -> dict[str, Any]:
    dimensions = [{"Name": "EndpointName", "Value": "watched"}, {"Name": "VariantName", "Value": "AllTraffic"}]
    properties = {
        "AlarmName": name,
        "AlarmActions": [topic],
        "Namespace": "AWS/SageMaker",
        "MetricName": "ModelLatency",
        "Dimensions": dimensions,
        "ExtendedStatistic": "p99",
        "Period": 60,
        "EvaluationPeriods": 2,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1,  # microsecond
        "TreatMissingData": "notBreaching",
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def heard(aws: Any, queue: str) -> list[dict[str, Any]]:
    messages = aws("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        aws("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(json.loads(message["Body"])["Message"]) for message in messages]


def test_alarms_of_errors_and_latency(aws: Any) -> None:
    topic = aws("sns").create_topic(Name="alarms")["TopicArn"]
    queue = aws("sqs").create_queue(QueueName="alarms")["QueueUrl"]
    arn = aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    aws.endpoint("watched", instances=1)
    aws.deploy(
        "watched",
        {
            "Errors": math("errors", PERCENT, topic),
            "Strange": math("strange", "ANOMALY_DETECTION_BAND(part, 2)", topic),
            "Slow": slow("slow", topic),
        },
    )
    for _ in range(9):
        aws.ask("watched")
    with pytest.raises(aws("sagemaker-runtime").exceptions.ModelError):
        aws.ask("watched", status=500)
    aws.advance(1)
    assert aws.alarm("errors")["StateValue"] == "OK"  # One of ten is not more than 10 %.
    assert aws.alarm("slow")["StateValue"] == "OK"
    strange = aws.alarm("strange")
    assert strange["StateValue"] == "INSUFFICIENT_DATA"
    assert "does not compute the expression" in strange["StateReason"]
    assert "ANOMALY_DETECTION_BAND(part, 2)" in (aws.folder / "service.log").read_text()

    for status in (500, 200):
        try:
            aws.ask("watched", status=status)
        except aws("sagemaker-runtime").exceptions.ModelError:
            assert status == 500
    aws.advance(1)
    assert aws.alarm("errors")["StateValue"] == "ALARM"  # Two of twelve within five minutes.
    assert aws.alarm("slow")["StateValue"] == "ALARM"
    assert "greater than the threshold" in aws.alarm("slow")["StateReason"]
    aws.advance(6)
    assert aws.alarm("errors")["StateValue"] == aws.alarm("slow")["StateValue"] == "OK"

    notices, deadline = heard(aws, queue), time.monotonic() + 10
    while len(notices) < 4 and time.monotonic() < deadline:
        notices += heard(aws, queue)
    told = [(each["AlarmName"], each["OldStateValue"], each["NewStateValue"]) for each in notices]
    assert sorted(told) == [
        ("errors", "ALARM", "OK"),
        ("errors", "INSUFFICIENT_DATA", "OK"),
        ("errors", "OK", "ALARM"),
        ("slow", "OK", "ALARM"),
    ]


def test_a_changed_alarm_keeps_its_state(aws: Any) -> None:
    settings = {
        "AlarmName": "kept",
        "Namespace": "n",
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "ignore",
    }
    aws("cloudwatch").put_metric_alarm(**settings)
    assert aws.alarm("kept")["StateValue"] == "INSUFFICIENT_DATA"
    aws("cloudwatch").set_alarm_state(AlarmName="kept", StateValue="ALARM", StateReason="by hand")
    aws("cloudwatch").put_metric_alarm(**{**settings, "Threshold": 2})
    aws.advance(1)
    assert aws.alarm("kept")["StateValue"] == "ALARM"
