"""Promise: the plan says of each resource what CloudFormation will do to it, replacements that follow included."""

from collections.abc import Callable
from typing import Any

import pytest

from chem_endpoints.plan.changes import Action, resource_changes
from chem_endpoints.plan.schemas import create_only
from chem_endpoints.plan.template import EMPTY, Template, references, shown

Body = dict[str, Any]
Change = Callable[..., tuple[Template, Template]]


def done(pair: tuple[Template, Template]) -> dict[str, str]:
    return {one.logical_id: str(one.action) for one in resource_changes(*pair)}


def set_image(resources: Body) -> None:
    resources["Model"]["Properties"]["PrimaryContainer"]["Image"] = "other:tag"


def set_type(resources: Body) -> None:
    resources["Config"]["Properties"]["ProductionVariants"][0]["InstanceType"] = "ml.m5.xlarge"


def set_model_tag(resources: Body) -> None:
    resources["Model"]["Properties"]["Tags"] = [{"Key": "owner", "Value": "us"}]


def set_bounds(resources: Body) -> None:
    resources["Target"]["Properties"]["MaxCapacity"] = 8


def set_resource_id(resources: Body) -> None:
    resources["Target"]["Properties"]["ResourceId"] = "endpoint/logs-v1/variant/Other"


def set_metadata(resources: Body) -> None:
    resources["Model"]["Metadata"] = {"aws:cdk:path": "moved"}


def rename_endpoint(resources: Body) -> None:
    resources["Endpoint"]["Properties"]["EndpointName"] = "logs-v2"


def rename_alarm(resources: Body) -> None:
    resources["ErrorAlarm"]["Properties"]["AlarmName"] = "another"


CHAIN = {"Config": "replace", "Endpoint": "update"}


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (set_image, {"Model": "replace", **CHAIN}),
        (set_type, CHAIN),
        (set_model_tag, {"Model": "update"}),
        (set_bounds, {"Target": "update"}),
        # The policy names its target as create-only, so it goes with it; the alarm calls the policy.
        (set_resource_id, {"Target": "replace", "Scaling": "replace", "WakeAlarm": "update"}),
        (set_metadata, {}),
        (rename_endpoint, {"Endpoint": "replace"}),
        (rename_alarm, {"ErrorAlarm": "replace"}),
        (lambda resources: resources.pop("ErrorAlarm"), {"ErrorAlarm": "remove"}),
        (lambda resources: resources.update(New=resources["ErrorAlarm"]), {"New": "add"}),
    ],
)
def test_what_happens_to_each_resource(body: Body, change: Change, edit: Any, expected: dict[str, str]) -> None:
    assert done(change(body, edit)) == expected


def test_a_resource_that_follows_says_whom(body: Body, change: Change) -> None:
    (_, config, endpoint) = resource_changes(*change(body, set_image))
    assert config.follows == ("Model",)
    assert endpoint.follows == ("Config",)
    assert config.properties == ()


def test_a_changed_property_is_told_by_its_path_and_named_entries_by_their_name(body: Body, change: Change) -> None:
    (config, _) = resource_changes(*change(body, set_type))
    (told,) = config.properties
    assert (told.path, told.old, told.new) == (
        "ProductionVariants.AllTraffic.InstanceType",
        "ml.m5.large",
        "ml.m5.xlarge",
    )


def test_a_new_stack_only_adds(body: Body) -> None:
    actions = {one.action for one in resource_changes(EMPTY, Template(body=body))}
    assert actions == {Action.ADD}


def test_what_aws_keeps_on_removal_is_told(body: Body, change: Change) -> None:
    body["Resources"]["ErrorAlarm"]["DeletionPolicy"] = "Retain"
    (removed,) = resource_changes(*change(body, lambda resources: resources.pop("ErrorAlarm")))
    assert removed.kept


def test_a_property_that_only_changes_its_place_among_tags_is_no_change(body: Body, change: Change) -> None:
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    body["Resources"]["Model"]["Properties"]["Tags"] = tags

    def turn(resources: Body) -> None:
        resources["Model"]["Properties"]["Tags"] = tags[::-1]

    assert done(change(body, turn)) == {}


def test_the_schemas_know_what_is_set_at_creation_only() -> None:
    assert create_only("AWS::SageMaker::Endpoint") == (("EndpointName",),)
    assert ("ProductionVariants",) in create_only("AWS::SageMaker::EndpointConfig")
    assert ("Tags",) not in create_only("AWS::SageMaker::Model")
    assert create_only("AWS::No::Such") == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "A"}, ["A"]),
        ({"Ref": "AWS::Region"}, []),
        ({"Fn::GetAtt": ["A", "Arn"]}, ["A"]),
        ({"Fn::GetAtt": "A.Arn"}, ["A"]),
        ({"Fn::Sub": "x-${A.Arn}-${AWS::Region}-${B}-${!C}"}, ["A", "B"]),
        ({"Fn::Sub": ["${given}-${A}", {"given": {"Ref": "B"}}]}, ["B", "A"]),
        ({"Fn::Join": ["", ["x", {"Ref": "A"}]]}, ["A"]),
    ],
)
def test_references(value: object, expected: list[str]) -> None:
    assert list(references(value)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        ({"Ref": "A"}, "<A>"),
        ({"Fn::GetAtt": ["A", "Arn"]}, "<A.Arn>"),
        ({"Fn::Join": ["/", ["a", {"Ref": "B"}]]}, "a/<B>"),
        (10_000_000, "10000000"),
        (0.5, "0.5"),
        (True, "true"),
        ([1, 2], "[1, 2]"),
    ],
)
def test_values_as_a_reviewer_reads_them(value: object, expected: str) -> None:
    assert shown(value) == expected
