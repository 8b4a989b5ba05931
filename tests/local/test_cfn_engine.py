"""The engine without a server: faults of its own."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from chem_endpoints.local import cfn_engine
from chem_endpoints.local.cfn_engine import Deployment
from chem_endpoints.local.cfn_resource_type import ResourceType
from chem_endpoints.local.cfn_stack import Desired, Made, Stack, StackResource
from chem_endpoints.local.cfn_types import TYPES
from chem_endpoints.local.own_clients import OwnClients


def test_an_unexpected_fault_rolls_back(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    made: list[str] = []

    def create(_context: Any, _properties: Any) -> Made:
        made.append("thing")
        return Made(physical_id="thing")

    def outputs_of(_resolver: Any) -> Any:
        raise RuntimeError("a fault of ours")

    kind = ResourceType(name="AWS::SNS::Topic", create=create, delete=lambda *_: made.remove("thing"))
    monkeypatch.setitem(TYPES, "AWS::SNS::Topic", kind)
    monkeypatch.setattr(cfn_engine, "outputs_of", outputs_of)
    stack = Stack(name="s", region="us-east-1", stack_id="id", status="CREATE_IN_PROGRESS")
    desired = SimpleNamespace(template={"Resources": {"Thing": {"Type": "AWS::SNS::Topic"}}}, parameters={}, body="{}")
    Deployment(stack, cast("Desired", desired), cast("OwnClients", None), {}).run()
    assert made == []
    assert stack.status == "ROLLBACK_COMPLETE"
    assert any("RuntimeError" in (event.reason or "") for event in stack.events)
    assert "a fault of ours" in caplog.text


def test_a_rolled_back_deployment_leaves_the_policies_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    def outputs_of(_resolver: Any) -> Any:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(cfn_engine, "outputs_of", outputs_of)
    kept = StackResource(logical_id="Kept", type_name="AWS::SNS::Topic", properties={}, made=Made(physical_id="kept"))
    kept.deletion_policy = kept.replace_policy = "Retain"
    stack = Stack(name="s", region="us-east-1", stack_id="id", status="UPDATE_IN_PROGRESS", resources={"Kept": kept})
    desired = SimpleNamespace(template={"Resources": {"Kept": {"Type": "AWS::SNS::Topic"}}}, parameters={}, body="")
    Deployment(stack, cast("Desired", desired), cast("OwnClients", None), {}).run()
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    after = stack.resources["Kept"]
    assert (after.deletion_policy, after.replace_policy) == ("Retain", "Retain")
