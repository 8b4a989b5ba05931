"""EventBridge: events reach the functions that rules name, and no others."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chem_endpoints.local import event_rules, lambda_functions
from chem_endpoints.local.address import ACCOUNT, REGION

Clients = Callable[[str], Any]
CODE = """
import json, os, boto3
def handler(event, context):
    bucket, name = "events-seen", context.function_name
    boto3.client("s3").put_object(Bucket=bucket, Key=f"{name}/{context.aws_request_id}", Body=json.dumps(event))
"""
EVENT = {"Source": "lab.robot", "DetailType": "Plate Read", "Detail": json.dumps({"plate": "P1", "wells": 96})}


@pytest.fixture(scope="module")
def function_code(client: Clients) -> Iterator[dict[str, Any]]:
    client("iam").create_role(RoleName="events", AssumeRolePolicyDocument="{}")
    client("s3").create_bucket(Bucket="events-seen")
    yield {
        "Handler": "index.handler",
        "Runtime": "python3.11",
        "Timeout": 20,
        "Role": f"arn:aws:iam::{ACCOUNT}:role/events",
        "Code": {"ZipFile": CODE},
    }
    client("iam").delete_role(RoleName="events")


def resources(code: dict[str, Any], *, permission: bool = True, **rule: Any) -> dict[str, Any]:
    function = {"Fn::GetAtt": ["Function", "Arn"]}
    target = {"Id": "function", "Arn": function, **rule.pop("target", {})}
    found: dict[str, Any] = {
        "Function": {"Type": "AWS::Lambda::Function", "Properties": code},
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {"EventPattern": {"source": ["lab.robot"]}, "Targets": [target], **rule},
        },
    }
    if permission:
        allowed = {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "Function"},
            "Principal": "events.amazonaws.com",
            "SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]},
        }
        found["Permission"] = {"Type": "AWS::Lambda::Permission", "Properties": allowed}
    return found


def function_of(cloud: Any) -> str:
    found = cloud.api.describe_stack_resource(StackName=cloud.name, LogicalResourceId="Function")
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def seen(client: Clients, name: str) -> list[Any]:
    s3 = client("s3")
    found = s3.list_objects_v2(Bucket="events-seen", Prefix=f"{name}/").get("Contents", [])
    return [json.load(s3.get_object(Bucket="events-seen", Key=item["Key"])["Body"]) for item in found]


def first_seen(client: Clients, name: str, seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := seen(client, name)):
        assert time.monotonic() < deadline, "no event has reached the function"
        time.sleep(0.05)
    return found[0]


def test_an_event_reaches_the_function_of_a_rule_that_it_fits(
    client: Clients, cloud: Any, function_code: dict[str, Any]
) -> None:
    assert cloud.create(resources(function_code)) == "CREATE_COMPLETE", cloud.reasons()
    assert client("events").put_events(Entries=[EVENT])["FailedEntryCount"] == 0
    event = first_seen(client, function_of(cloud))
    assert event["detail"] == {"plate": "P1", "wells": 96}
    assert (event["source"], event["detail-type"], event["account"]) == ("lab.robot", "Plate Read", ACCOUNT)
    assert event["time"].endswith("Z")
    assert cloud.delete() == "DELETE_COMPLETE"
    assert client("events").list_rules()["Rules"] == []


def test_a_target_may_choose_what_it_gets(client: Clients, cloud: Any, function_code: dict[str, Any]) -> None:
    transformer = {
        "InputPathsMap": {"plate": "$.detail.plate", "wells": "$.detail.wells"},
        "InputTemplate": '{"read": <plate>, "words": "plate <plate>: <wells> wells"}',
    }
    assert cloud.create(resources(function_code, target={"InputTransformer": transformer})) == "CREATE_COMPLETE"
    client("events").put_events(Entries=[EVENT])
    assert first_seen(client, function_of(cloud)) == {"read": "P1", "words": "plate P1: 96 wells"}
    cloud.delete()


@pytest.mark.parametrize(
    ("settings", "event"),
    [
        pytest.param({}, {**EVENT, "Source": "lab.fridge"}, id="other-source"),
        pytest.param({"State": "DISABLED"}, EVENT, id="disabled"),
        pytest.param({"permission": False}, EVENT, id="no-permission"),
    ],
)
def test_an_event_does_not_reach_a_function_that_it_must_not(
    client: Clients, cloud: Any, function_code: dict[str, Any], settings: dict[str, Any], event: dict[str, Any]
) -> None:
    marker = f"after-{uuid.uuid4().hex[:8]}"
    assert cloud.create(resources(function_code, **settings)) == "CREATE_COMPLETE", cloud.reasons()
    name = function_of(cloud)
    client("events").put_events(Entries=[event])
    client("lambda").invoke(FunctionName=name, Payload=json.dumps(marker))["Payload"].read()
    assert seen(client, name) == [marker]
    cloud.delete()


def test_an_updated_rule_has_its_new_targets_and_pattern_only(
    client: Clients, cloud: Any, function_code: dict[str, Any]
) -> None:
    assert cloud.create(resources(function_code)) == "CREATE_COMPLETE", cloud.reasons()
    changed = resources(function_code, EventPattern={"source": ["lab.fridge"]}, Description="cold")
    changed["Rule"]["Properties"]["Targets"][0]["Id"] = "other"
    assert cloud.update(changed) == "UPDATE_COMPLETE", cloud.reasons()
    (rule,) = client("events").list_rules(NamePrefix=cloud.name)["Rules"]
    assert (json.loads(rule["EventPattern"]), rule["Description"]) == ({"source": ["lab.fridge"]}, "cold")
    assert [target["Id"] for target in client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]] == ["other"]
    cloud.delete()


def test_a_rule_by_the_clock_is_refused(cloud: Any) -> None:
    rule = {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 minute)"}}
    assert cloud.create({"Rule": rule}) == "ROLLBACK_COMPLETE"
    assert "extraneous key [ScheduleExpression] is not permitted" in cloud.reasons()


@pytest.fixture
def plain_moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


def put_event_for_a_function() -> None:
    events = boto3.client("events", region_name=REGION)
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["lab.robot"]}), State="ENABLED")
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": arn}])
    events.put_events(Entries=[EVENT])


@pytest.mark.usefixtures("plain_moto")
def test_moto_brings_no_event_to_a_function() -> None:
    with pytest.raises(NotImplementedError):
        put_event_for_a_function()


@pytest.mark.usefixtures("plain_moto")
def test_events_are_brought_to_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.events.models import Rule

    monkeypatch.setattr(Rule, "send_to_targets", Rule.send_to_targets)
    delivered: list[Any] = []
    event_rules.bring_events_to_functions(lambda *given: delivered.append(given))
    put_event_for_a_function()
    ((function, rule, region, event),) = delivered
    assert (function[-2:], rule[-2:], region, event["source"]) == (":f", "/r", REGION, "lab.robot")


def shown_log_group() -> str | None:
    boto3.client("iam", region_name=REGION).create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    functions = boto3.client("lambda", region_name=REGION)
    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    settings = {"Runtime": "python3.11", "Handler": "index.handler", "Role": role}
    functions.create_function(FunctionName="f", Code={"ZipFile": b"x"}, LoggingConfig={"LogGroup": "/mine"}, **settings)
    found = functions.get_function_configuration(FunctionName="f")
    return found.get("LoggingConfig", {}).get("LogGroup")


@pytest.mark.usefixtures("plain_moto")
def test_moto_forgets_where_a_function_logs() -> None:
    assert shown_log_group() is None


@pytest.mark.usefixtures("plain_moto")
def test_where_a_function_logs_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.awslambda.models import LambdaFunction

    for method in ("__init__", "update_configuration", "get_configuration"):
        monkeypatch.setattr(LambdaFunction, method, getattr(LambdaFunction, method))
    lambda_functions.keep_logging_config.__wrapped__()
    assert shown_log_group() == "/mine"
