"""``{{resolve:ssm:…}}`` in a template: the parameter's value, or a refusal."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Clients = Callable[[str], Any]


@pytest.fixture
def name(client: Clients) -> str:
    """A parameter with two versions."""
    made = f"/dynamic/{uuid.uuid4().hex[:8]}"
    for value in ("first", "second"):
        client("ssm").put_parameter(Name=made, Value=value, Type="String", Overwrite=True)
    return made


def topic(reference: Any) -> dict[str, Any]:
    return {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": reference}}}


def display_name(cloud: Any, client: Clients) -> str:
    found = cloud.api.describe_stack_resource(StackName=cloud.name, LogicalResourceId="Topic")["StackResourceDetail"]
    attributes = client("sns").get_topic_attributes(TopicArn=found["PhysicalResourceId"])["Attributes"]
    return str(attributes["DisplayName"])


def test_a_reference_becomes_the_parameters_value(cloud: Any, client: Clients, name: str) -> None:
    assert cloud.create(topic(f"{{{{resolve:ssm:{name}:1}}}} of it")) == "CREATE_COMPLETE", cloud.reasons()
    assert display_name(cloud, client) == "first of it"
    assert cloud.update(topic(f"{{{{resolve:ssm:{name}}}}}")) == "UPDATE_COMPLETE", cloud.reasons()
    assert display_name(cloud, client) == "second"
    body = cloud.api.get_template(StackName=cloud.name)["TemplateBody"]
    assert name in str(body), "GetTemplate shows the template as it was given"
    cloud.delete()


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        pytest.param("{{resolve:ssm:/none/such}}", r"Parameters: \[/none/such\] cannot be found", id="missing"),
        pytest.param("{{resolve:secretsmanager:s}}", "does not resolve the dynamic reference", id="secret"),
        pytest.param({"Fn::Sub": "{{resolve:ssm:${AWS::Region}}}"}, "does not resolve the dynamic", id="made-up"),
    ],
)
def test_what_cannot_be_resolved_is_refused_before_anything_is_made(cloud: Any, reference: Any, words: str) -> None:
    with pytest.raises(ClientError, match=words):
        cloud.create(topic(reference))
