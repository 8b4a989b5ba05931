"""Promise: the reviewer is told what the deployment itself starts and bills."""

from collections.abc import Callable
from typing import Any

import pytest

from chem_endpoints.plan.cost import CostModel
from chem_endpoints.plan.prices import Prices
from chem_endpoints.plan.stack_plan import StackPlan, plan_stack
from chem_endpoints.plan.template import Template

Body = dict[str, Any]
Change = Callable[..., tuple[Template, Template]]
Plan = Callable[..., StackPlan]
STACK = "ChemEndpoints-logs-v1"


@pytest.fixture
def plan(prices: Prices) -> Plan:
    costs = CostModel(prices=prices, region="us-east-1")
    return lambda old, new, **more: plan_stack(STACK, old=old, new=new, costs=costs, **more)


def new_image(resources: Body) -> None:
    resources["Model"]["Properties"]["PrimaryContainer"]["Image"] = "other:tag"


def test_a_first_deployment_bills_what_scales_in_later(body: Body, plan: Plan) -> None:
    body["Resources"]["Target"]["Properties"]["MinCapacity"] = 0
    (note,) = plan(None, Template(body=body)).notes
    assert note.startswith("The first deployment starts 2 x ml.m5.large (0.20 an hour) for variant AllTraffic, billed")


def test_an_update_of_an_endpoint_that_may_sleep_starts_instances(body: Body, plan: Plan, change: Change) -> None:
    body["Resources"]["Target"]["Properties"]["MinCapacity"] = 0
    body["Resources"]["Config"]["Properties"]["ProductionVariants"][0]["InitialInstanceCount"] = 1
    (note,) = plan(*change(body, new_image)).notes
    assert note.startswith("The update starts 1 x ml.m5.large (0.10 an hour)")
    assert "sleeps" in note


def test_canary_starts_two(body: Body, plan: Plan, change: Change) -> None:
    body["Resources"]["Target"]["Properties"]["MinCapacity"] = 0
    body["Resources"]["Config"]["Properties"]["ProductionVariants"][0]["InitialInstanceCount"] = 1
    body["Resources"]["Endpoint"]["Properties"]["DeploymentConfig"] = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "CANARY"}}
    }
    (note,) = plan(*change(body, new_image)).notes
    assert note.startswith("The update starts 2 x ml.m5.large")


def test_an_update_runs_a_second_fleet_but_for_rolling(body: Body, plan: Plan, change: Change) -> None:
    (note,) = plan(*change(body, new_image)).notes
    assert note.startswith("A second fleet of as many instances as run, at least 2 x ml.m5.large (0.20 an hour)")
    body["Resources"]["Endpoint"]["Properties"]["DeploymentConfig"] = {"RollingUpdatePolicy": {}}
    assert plan(*change(body, new_image)).notes == ()


def test_a_change_beside_the_endpoint_starts_nothing(body: Body, plan: Plan, change: Change) -> None:
    def raise_maximum(resources: Body) -> None:
        resources["Target"]["Properties"]["MaxCapacity"] = 8

    planned = plan(*change(body, raise_maximum))
    assert planned.notes == ()
    assert planned.chain == ""
    (bounds,) = planned.scaling
    assert bounds.old is not None
    assert bounds.new is not None
    assert (bounds.old.maximum, bounds.new.maximum) == (4, 8)


def test_a_stack_that_is_no_longer_declared_is_not_deleted(body: Body, plan: Plan) -> None:
    planned = plan(Template(body=body), None)
    assert not planned.declared
    assert f"until `cdk destroy {STACK}` is run" in planned.notes[0]


def test_a_new_model_in_a_component_is_told(body: Body, plan: Plan, change: Change) -> None:
    resources = body["Resources"]
    (variant,) = resources["Config"]["Properties"]["ProductionVariants"]
    del variant["ModelName"], resources["Target"]
    variant["ManagedInstanceScaling"] = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2}
    resources["Component"] = {
        "Type": "AWS::SageMaker::InferenceComponent",
        "Properties": {
            "EndpointName": "logs-v1",
            "Specification": {"ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}},
        },
    }
    planned = plan(*change(body, new_image))
    assert {one.logical_id: str(one.action) for one in planned.changes} == {"Model": "replace", "Component": "update"}
    assert planned.chain.startswith("The inference component takes the new Model over in place")


def test_image_and_model_before_and_after(body: Body, plan: Plan, change: Change) -> None:
    (served,) = plan(*change(body, new_image)).served
    assert served.old is not None
    assert served.new is not None
    assert served.old.image.endswith(f"@sha256:{'a' * 64}")
    assert served.new.image == "other:tag"
    assert served.old.model_sha256 == served.new.model_sha256 == "1" * 64


def test_an_endpoint_that_keeps_its_configuration_starts_no_second_fleet(
    body: Body, plan: Plan, change: Change
) -> None:
    def retag(resources: Body) -> None:
        resources["Endpoint"]["Properties"]["Tags"] = [{"Key": "owner", "Value": "us"}]
        resources["Endpoint"]["Properties"]["DeploymentConfig"] = {"RollbackOn": {"Ref": "ErrorAlarm"}}
        resources["ErrorAlarm"]["Properties"]["AlarmName"] = "another"

    planned = plan(*change(body, retag))
    assert {one.logical_id: str(one.action) for one in planned.changes} == {
        "Endpoint": "update",
        "ErrorAlarm": "replace",
    }
    assert planned.notes == ()


def test_another_configuration_under_another_logical_id_starts_one(body: Body, plan: Plan, change: Change) -> None:
    def move(resources: Body) -> None:
        resources["Moved"] = resources.pop("Config")
        resources["Endpoint"]["Properties"]["EndpointConfigName"] = {"Fn::GetAtt": ["Moved", "EndpointConfigName"]}

    (note,) = plan(*change(body, move)).notes
    assert note.startswith("A second fleet")


def test_an_update_that_does_not_keep_the_count_drops_capacity(body: Body, plan: Plan, change: Change) -> None:
    body["Resources"]["Target"]["Properties"]["MinCapacity"] = 0
    body["Resources"]["Endpoint"]["Properties"]["ExcludeRetainedVariantProperties"] = [
        {"VariantPropertyType": "DesiredInstanceCount"}
    ]
    (_, note) = plan(*change(body, new_image)).notes
    assert "a fleet of up to 4 running instances of variant AllTraffic falls back to InitialInstanceCount 2" in note


def test_an_update_of_a_component_drops_capacity(body: Body, plan: Plan, change: Change) -> None:
    resources = body["Resources"]
    (variant,) = resources["Config"]["Properties"]["ProductionVariants"]
    del variant["ModelName"]
    variant["ManagedInstanceScaling"] = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 2}
    resources["Target"]["Properties"].update(
        ResourceId="inference-component/logs-v1", ScalableDimension="sagemaker:inference-component:DesiredCopyCount"
    )
    resources["Component"] = {
        "Type": "AWS::SageMaker::InferenceComponent",
        "Properties": {
            "InferenceComponentName": "logs-v1",
            "EndpointName": "logs-v1",
            "Specification": {"ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}},
            "RuntimeConfig": {"CopyCount": 1},
        },
    }
    (note,) = plan(*change(body, new_image)).notes
    assert "a fleet of up to 4 running copies of logs-v1 falls back to CopyCount 1" in note
