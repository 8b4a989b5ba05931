"""Promise: a change that AWS refuses in one deployment is refused here first, with the deployments that get there."""

from collections.abc import Callable
from typing import Any

import pytest

from chem_endpoints.plan.refusals import refusals
from chem_endpoints.plan.template import EMPTY, Template

Body = dict[str, Any]
Change = Callable[..., tuple[Template, Template]]


def variant(resources: Body) -> Body:
    found: Body = resources["Config"]["Properties"]["ProductionVariants"][0]
    return found


def larger(resources: Body) -> None:
    variant(resources)["InstanceType"] = "ml.m5.xlarge"


def larger_and_fixed(resources: Body) -> None:
    larger(resources)
    del resources["Target"], resources["Scaling"], resources["WakeAlarm"]


def renamed(resources: Body) -> None:
    variant(resources)["VariantName"] = "Other"


def serverless(resources: Body) -> None:
    del variant(resources)["InstanceType"], variant(resources)["InitialInstanceCount"]
    variant(resources)["ServerlessConfig"] = {"MemorySizeInMB": 1024, "MaxConcurrency": 1}


def new_model(resources: Body) -> None:
    resources["Model"]["Properties"]["PrimaryContainer"]["Image"] = "other:tag"


def new_bounds(resources: Body) -> None:
    resources["Target"]["Properties"]["MaxCapacity"] = 9


def second_variant(resources: Body) -> None:
    resources["Config"]["Properties"]["ProductionVariants"].append(
        {"VariantName": "challenger", "InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1}
    )


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (larger, "instance type would change from ml.m5.large to ml.m5.xlarge"),
        (larger_and_fixed, "instance type would change"),  # the target is deleted after the endpoint's update
        (renamed, "variant AllTraffic is scaled automatically and would be removed"),
    ],
)
def test_two_steps(body: Body, change: Change, edit: Any, reason: str) -> None:
    (refusal,) = refusals(*change(body, edit))
    assert reason in refusal.reason
    assert refusal.two_steps
    first, second = refusal.steps
    assert first.startswith("cdk deploy ChemEndpoints-logs-v1 -c scaling=off ")
    assert "old declaration" in first
    assert second.startswith("cdk deploy ChemEndpoints-logs-v1 ")
    assert "scaling=off" not in second


@pytest.mark.parametrize("edit", [new_model, new_bounds, second_variant, lambda resources: None])
def test_one_step_is_enough(body: Body, change: Change, edit: Any) -> None:
    assert refusals(*change(body, edit)) == ()


def test_without_scaling_the_instance_type_changes_in_one_step(body: Body, change: Change) -> None:
    del body["Resources"]["Target"]
    assert refusals(*change(body, larger)) == ()


def test_a_new_and_a_dropped_stack_are_no_change_of_a_variant(body: Body) -> None:
    assert refusals(EMPTY, Template(body=body)) == ()
    assert refusals(Template(body=body), EMPTY) == ()


def test_instances_to_serverless_needs_a_new_name(body: Body, change: Change) -> None:
    del body["Resources"]["Target"]
    (refusal,) = refusals(*change(body, serverless))
    assert not refusal.two_steps
    assert "under a new name" in refusal.steps[0]


def test_scaling_that_moves_to_another_logical_id_would_be_lost(body: Body, change: Change) -> None:
    def move(resources: Body) -> None:
        resources["Moved"] = resources.pop("Target")
        resources["Scaling"]["Properties"]["ScalingTargetId"] = {"Ref": "Moved"}

    (refusal,) = refusals(*change(body, move))
    assert refusal.two_steps
    assert "moves from Target to Moved: CloudFormation would register it, then deregister it" in refusal.reason


def test_a_name_that_moves_to_another_logical_id_is_taken(body: Body, change: Change) -> None:
    def move(resources: Body) -> None:
        resources["Moved"] = resources.pop("ErrorAlarm")

    (refusal,) = refusals(*change(body, move))
    assert not refusal.two_steps
    assert refusal.reason.startswith("chem-endpoints-logs-v1-errors moves from ErrorAlarm to Moved")
    assert "keep the old logical ids" in refusal.steps[0]


def test_what_has_no_literal_name_may_move(body: Body, change: Change) -> None:
    def move(resources: Body) -> None:
        resources["Moved"] = resources.pop("Config")
        resources["Endpoint"]["Properties"]["EndpointConfigName"] = {"Fn::GetAtt": ["Moved", "EndpointConfigName"]}

    del body["Resources"]["Target"]
    assert refusals(*change(body, move)) == ()


def test_an_alarm_that_only_scales_moves_together_with_the_scaling(body: Body, change: Change) -> None:
    def move(resources: Body) -> None:
        resources["MovedTarget"] = resources.pop("Target")
        resources["MovedAlarm"] = resources.pop("WakeAlarm")

    found = refusals(*change(body, move))
    assert len(found) == 2
    assert all(refusal.two_steps for refusal in found)
    assert len({refusal.steps for refusal in found}) == 1


GUARDED = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "CANARY"}}}


def drop_scaling(resources: Body) -> None:
    for name in ("Target", "Scaling", "WakeAlarm"):
        del resources[name]


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (second_variant, "challenger added"),
        (renamed, "Other added, AllTraffic gone"),
    ],
)
def test_guardrails_keep_the_names_of_the_variants(body: Body, change: Change, edit: Any, told: str) -> None:
    drop_scaling(body["Resources"])
    body["Resources"]["Endpoint"]["Properties"]["DeploymentConfig"] = GUARDED
    (refusal,) = refusals(*change(body, edit))
    assert not refusal.two_steps
    assert refusal.reason.endswith(told)
    first, second = refusal.steps
    assert first.startswith("cdk deploy ChemEndpoints-logs-v1 -c guardrails=off ")
    assert second.startswith("cdk deploy ChemEndpoints-logs-v1  ")


def test_only_the_new_templates_guardrails_count(body: Body, change: Change) -> None:
    drop_scaling(body["Resources"])
    body["Resources"]["Endpoint"]["Properties"]["DeploymentConfig"] = GUARDED

    def unguarded(resources: Body) -> None:
        second_variant(resources)
        del resources["Endpoint"]["Properties"]["DeploymentConfig"]

    without, with_both = change(body, unguarded)[1], change(body, second_variant)[1]
    assert refusals(Template(body=body), without) == ()
    assert refusals(without, with_both) == (), "the second deployment of the instructions"


def to_component(resources: Body) -> None:
    del variant(resources)["ModelName"]
    variant(resources)["ManagedInstanceScaling"] = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2}
    resources["Component"] = {
        "Type": "AWS::SageMaker::InferenceComponent",
        "Properties": {"InferenceComponentName": "logs-v1", "EndpointName": "logs-v1"},
    }


def test_variants_and_components_do_not_share_an_endpoint_name(body: Body, change: Change) -> None:
    drop_scaling(body["Resources"])
    pair = change(body, to_component)
    for old, new in (pair, pair[::-1]):
        (refusal,) = refusals(old, new)
        assert not refusal.two_steps
        assert "inference components" in refusal.reason
        assert "under a new name" in refusal.steps[0]


def test_a_logical_id_keeps_its_type(body: Body, change: Change) -> None:
    def retype(resources: Body) -> None:
        resources["Role"] = {"Type": "AWS::SNS::Topic", "Properties": {}}

    found = refusals(*change(body, retype))
    reasons = [refusal.reason for refusal in found]
    assert "Role changes its type from AWS::IAM::Role to AWS::SNS::Topic: CloudFormation refuses that" in reasons
    assert not any(refusal.two_steps for refusal in found)


def test_what_is_replaced_cannot_keep_its_name(body: Body, change: Change) -> None:
    body["Resources"]["Role"]["Properties"].update(RoleName="chem", Path="/")

    def move(resources: Body) -> None:
        resources["Role"]["Properties"]["Path"] = "/other/"

    def move_and_rename(resources: Body) -> None:
        move(resources)
        resources["Role"]["Properties"]["RoleName"] = "chem-2"

    (refusal,) = refusals(*change(body, move))
    assert refusal.reason.startswith("chem (Role) would be replaced because of Path")
    assert refusal.steps[0].startswith("give Role another name")
    assert not refusal.two_steps
    assert refusals(*change(body, move_and_rename)) == ()


def test_what_follows_a_replaced_resource_cannot_keep_its_name_either(body: Body, change: Change) -> None:
    drop_scaling(body["Resources"])
    body["Resources"]["Config"]["Properties"]["EndpointConfigName"] = "fixed"
    (refusal,) = refusals(*change(body, new_model))
    assert refusal.reason.startswith("fixed (Config) would be replaced because of what Config refers to")
