"""Custom resources: what a template's own Python function makes, changes and removes."""

import json
import textwrap
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chem_endpoints.local.address import ACCOUNT

Clients = Callable[[str], Any]
ROLE_NAME = "custom-resources"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{ROLE_NAME}"
JOURNAL = "custom-journal"

RAW = """
import json, os, time, urllib.request
import boto3

def told(event):
    key = f"{event['StackId'].split('/')[1]}/{time.time_ns()}"
    boto3.client("s3").put_object(Bucket="custom-journal", Key=key, Body=json.dumps(event))

def answer(event, **more):
    body = {
        "Status": "SUCCESS",
        "PhysicalResourceId": event.get("PhysicalResourceId") or "made-by-" + event["RequestId"][:8],
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
        **more,
    }
    sent = urllib.request.Request(event["ResponseURL"], json.dumps(body).encode(), {"Content-Type": ""}, method="PUT")
    return urllib.request.urlopen(sent).status

def handler(event, context):
    told(event)
    properties = event["ResourceProperties"]
    what = properties.get(event["RequestType"], "succeed")
    if what == "fail":
        return answer(event, Status="FAILED", Reason="no reagent left", PhysicalResourceId="half-made")
    if what == "raise":
        raise ValueError("spilled")
    if what == "silent":
        return None
    if what == "sleep":
        time.sleep(60)
    if what == "move":
        return answer(event, PhysicalResourceId=properties["Name"])
    if what == "hide":
        return answer(event, NoEcho=True, Data={"Key": "caffeine"})
    return answer(event, Data={"Key": properties.get("Value", "none"), "Name": os.environ["NAME"]})
"""


@pytest.fixture(scope="module", autouse=True)
def surroundings(client: Clients) -> Iterator[None]:
    client("iam").create_role(RoleName=ROLE_NAME, AssumeRolePolicyDocument="{}")
    client("s3").create_bucket(Bucket=JOURNAL)
    yield
    client("iam").delete_role(RoleName=ROLE_NAME)


def function(code: str = RAW, **more: Any) -> dict[str, Any]:
    properties = {
        "Handler": "index.handler",
        "Role": ROLE,
        "Runtime": "python3.11",
        "Timeout": 20,
        "Code": {"ZipFile": textwrap.dedent(code)},
        "Environment": {"Variables": {"NAME": "flask"}},
    }
    return {"Type": "AWS::Lambda::Function", "Properties": {**properties, **more}}


def custom(**properties: Any) -> dict[str, Any]:
    token = {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}}
    return {"Type": "Custom::Reagent", "Properties": {**token, **properties}}


def template(code: str = RAW, **properties: Any) -> dict[str, Any]:
    return {"Function": function(code), "Reagent": custom(**properties)}


def journal(client: Clients, cloud: Any) -> list[dict[str, Any]]:
    """What the stack's function was asked, oldest first."""
    s3 = client("s3")
    found = s3.list_objects_v2(Bucket=JOURNAL, Prefix=f"{cloud.name}/").get("Contents", [])
    return [json.load(s3.get_object(Bucket=JOURNAL, Key=item["Key"])["Body"]) for item in found]


def value_of(cloud: Any) -> str:
    (output,) = cloud.stack()["Outputs"]
    return str(output["OutputValue"])


OUTPUT = {"Value": {"Value": {"Fn::GetAtt": ["Reagent", "Key"]}}}


def test_a_function_makes_changes_and_removes_its_resource(cloud: Any, client: Clients) -> None:
    assert cloud.create(template(Value="12", Amount=3, Wet=True), Outputs=OUTPUT) == "CREATE_COMPLETE", cloud.reasons()
    assert value_of(cloud) == "12"
    assert cloud.update(template(Value="13", Amount=3, Wet=True), Outputs=OUTPUT) == "UPDATE_COMPLETE", cloud.reasons()
    assert value_of(cloud) == "13"
    assert cloud.delete() == "DELETE_COMPLETE"
    create, update, delete = journal(client, cloud)
    assert (update["RequestType"], delete["RequestType"]) == ("Update", "Delete")
    assert create["ResourceProperties"]["Amount"] == "3"
    assert create["ResourceProperties"]["Wet"] == "true"
    assert create["ResourceType"] == "Custom::Reagent"
    assert create["LogicalResourceId"] == "Reagent"
    assert create["StackId"] == cloud.stack_id
    assert update["OldResourceProperties"]["Value"] == "12"
    assert update["PhysicalResourceId"] == delete["PhysicalResourceId"] == f"made-by-{create['RequestId'][:8]}"


def test_an_update_that_changes_the_physical_id_has_the_former_one_deleted_afterwards(
    cloud: Any, client: Clients
) -> None:
    assert cloud.create(template(Create="move", Update="move", Name="first")) == "CREATE_COMPLETE", cloud.reasons()
    assert cloud.update(template(Create="move", Update="move", Name="second")) == "UPDATE_COMPLETE", cloud.reasons()
    asked = [(event["RequestType"], event.get("PhysicalResourceId")) for event in journal(client, cloud)]
    assert asked == [("Create", None), ("Update", "first"), ("Delete", "first")]
    resource = cloud.api.describe_stack_resource(StackName=cloud.name, LogicalResourceId="Reagent")
    assert resource["StackResourceDetail"]["PhysicalResourceId"] == "second"


def test_a_rollback_after_a_move_moves_back_and_deletes_the_new_one(cloud: Any, client: Clients) -> None:
    before = template(Create="move", Update="move", Name="first")
    assert cloud.create(before) == "CREATE_COMPLETE", cloud.reasons()
    broken = {
        **template(Create="move", Update="move", Name="second"),
        "Broken": {**custom(Create="fail"), "DependsOn": "Reagent"},
    }
    assert cloud.update(broken) == "UPDATE_ROLLBACK_COMPLETE", cloud.reasons()
    asked = [
        (event["RequestType"], event.get("PhysicalResourceId"))
        for event in journal(client, cloud)
        if event["LogicalResourceId"] == "Reagent"
    ]
    assert asked == [("Create", None), ("Update", "first"), ("Update", "second"), ("Delete", "second")]


def test_a_creation_that_fails_says_why_and_is_deleted_by_the_rollback(cloud: Any, client: Clients) -> None:
    assert cloud.create(template(Create="fail")) == "ROLLBACK_COMPLETE"
    asked = journal(client, cloud)
    words = "Received response status [FAILED] from custom resource. Message returned: no reagent left (RequestId: "
    assert f"{words}{asked[0]['RequestId']})" in cloud.reasons()
    assert [event["RequestType"] for event in asked] == ["Create", "Delete"]
    assert asked[1]["PhysicalResourceId"] == "half-made"
    assert cloud.statuses("Reagent")[:2] == ["DELETE_COMPLETE", "DELETE_IN_PROGRESS"]


def test_a_failed_creation_is_kept_without_rollback_and_goes_with_the_stack(cloud: Any, client: Clients) -> None:
    assert cloud.create(template(Create="fail"), DisableRollback=True) == "CREATE_FAILED"
    assert [event["RequestType"] for event in journal(client, cloud)] == ["Create"]
    assert cloud.delete() == "DELETE_COMPLETE", cloud.reasons()
    assert [event["RequestType"] for event in journal(client, cloud)] == ["Create", "Delete"]


def test_an_update_that_fails_is_undone_with_the_former_properties(cloud: Any, client: Clients) -> None:
    assert cloud.create(template(Value="1")) == "CREATE_COMPLETE", cloud.reasons()
    assert cloud.update(template(Value="2", Update="fail")) == "UPDATE_ROLLBACK_COMPLETE", cloud.reasons()
    last = journal(client, cloud)[-1]
    assert last["RequestType"] == "Update"
    assert last["ResourceProperties"]["Value"] == "1"
    assert last["OldResourceProperties"]["Value"] == "2"


def test_a_deletion_that_fails_leaves_the_resource_in_the_stack(cloud: Any) -> None:
    assert cloud.create(template(Delete="fail")) == "CREATE_COMPLETE", cloud.reasons()
    assert cloud.delete() == "DELETE_FAILED"
    assert cloud.statuses("Reagent")[0] == "DELETE_FAILED"
    assert "no reagent left" in cloud.reasons()


def test_a_function_that_raises_fails_at_once_with_its_error(cloud: Any) -> None:
    cloud.create(template(Create="raise", Delete="succeed"))
    assert "The function of the custom resource failed before it answered: spilled" in cloud.reasons()


def test_silence_ends_with_the_service_timeout(cloud: Any) -> None:
    assert cloud.create(template(Create="silent", ServiceTimeout=1)) == "ROLLBACK_COMPLETE", cloud.reasons()
    assert "CloudFormation did not receive a response from your Custom Resource." in cloud.reasons()


def test_a_function_that_is_too_slow_is_ended_by_its_own_limit(cloud: Any, client: Clients) -> None:
    resources = {"Function": function(Timeout=1), "Reagent": custom(Create="sleep")}
    assert cloud.create(resources) == "ROLLBACK_COMPLETE", cloud.reasons()
    assert "Task timed out after 1.00 seconds" in cloud.reasons()


def test_outputs_hide_what_the_resource_wants_hidden_but_other_resources_get_it(cloud: Any, client: Clients) -> None:
    name = f"/{cloud.name}/key"
    value = {"Fn::GetAtt": ["Reagent", "Key"]}
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": name, "Type": "String", "Value": value}}
    assert cloud.create({**template(Create="hide"), "Parameter": parameter}, Outputs=OUTPUT) == "CREATE_COMPLETE"
    assert value_of(cloud) == "*****"
    assert client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "caffeine"


def test_an_answer_counts_once_and_only_for_the_one_who_was_asked(client: Clients, cloud: Any) -> None:
    code = """
        import json, urllib.error, urllib.request
        def put(url, body):
            try:
                return urllib.request.urlopen(urllib.request.Request(url, body, method="PUT")).status
            except urllib.error.HTTPError as error:
                return error.code
        def handler(event, context):
            names = ("StackId", "RequestId", "LogicalResourceId")
            body = {"Status": "SUCCESS", "PhysicalResourceId": "p", **{name: event[name] for name in names}}
            stranger = put(event["ResponseURL"][:-1], b"{}")
            first = put(event["ResponseURL"], json.dumps(body).encode())
            print("statuses", stranger, first, put(event["ResponseURL"], json.dumps(body).encode()))
    """
    assert cloud.create(template(code)) == "CREATE_COMPLETE", cloud.reasons()
    name = cloud.api.describe_stack_resource(StackName=cloud.name, LogicalResourceId="Function")
    group = f"/aws/lambda/{name['StackResourceDetail']['PhysicalResourceId']}"
    assert "statuses 403 200 403" in log_of(client, group)


def log_of(client: Clients, group: str) -> list[str]:
    """The lines of a function's log, which come when it has ended: a moment after its answer."""
    while True:
        lines = [event["message"] for event in client("logs").filter_log_events(logGroupName=group)["events"]]
        if any(line.startswith("REPORT") for line in lines):
            return lines
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param("b'no json'", "Value of property Status must be SUCCESS or FAILED", id="no-json"),
        pytest.param("b' ' * 5000", "Response object is too long.", id="too-long"),
        pytest.param(
            """json.dumps({"Status": "SUCCESS"}).encode()""",
            "Value of property PhysicalResourceId must be of type String",
            id="no-physical-id",
        ),
        pytest.param(
            """json.dumps({"Status": "SUCCESS", "PhysicalResourceId": "p", "StackId": "other", "RequestId": "r",
                           "LogicalResourceId": "l"}).encode()""",
            "StackId is not the request's",
            id="of-another-stack",
        ),
    ],
)
def test_a_wrong_answer_fails_the_resource(cloud: Any, answer: str, words: str) -> None:
    code = f"""
        import json, urllib.request
        def handler(event, context):
            urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], {answer}, method="PUT"))
    """
    cloud.create(template(code))
    assert words in cloud.reasons()


def test_a_service_token_that_is_no_function_is_refused(cloud: Any) -> None:
    topic = {"ServiceToken": f"arn:aws:sns:us-east-1:{ACCOUNT}:topic"}
    assert cloud.create({"Reagent": {"Type": "Custom::Reagent", "Properties": topic}}) == "ROLLBACK_COMPLETE"
    assert "the local AWS takes the ARN of a Lambda function" in cloud.reasons()


@pytest.mark.parametrize("seconds", [0, 3601, "soon"], ids=["none", "over-an-hour", "no-number"])
def test_a_service_timeout_that_cloudformation_does_not_take_is_refused(cloud: Any, seconds: Any) -> None:
    assert cloud.create(template(ServiceTimeout=seconds)) == "ROLLBACK_COMPLETE"
    assert f"#/ServiceTimeout: {seconds} is not a number of seconds from 1 to 3600" in cloud.reasons()


def test_the_generic_type_is_a_custom_resource_too(cloud: Any) -> None:
    generic = {**custom(Value="7"), "Type": "AWS::CloudFormation::CustomResource"}
    assert cloud.create({"Function": function(), "Reagent": generic}, Outputs=OUTPUT) == "CREATE_COMPLETE"
    assert value_of(cloud) == "7"
