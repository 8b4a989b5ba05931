"""The engine without a server: faults of its own."""

import threading
from typing import Any, cast

import pytest

from chem_endpoints.local import cfn_engine
from chem_endpoints.local.cfn_engine import Deployment
from chem_endpoints.local.cfn_exports import Exports
from chem_endpoints.local.cfn_resource_type import ResourceType
from chem_endpoints.local.cfn_stack import ChangeSet, Desired, Made, Stack, StackResource, StackState, StackStore
from chem_endpoints.local.cfn_types import TYPES
from chem_endpoints.local.cfn_work import run_safely
from chem_endpoints.local.own_clients import OwnClients

EXPORTS = Exports(StackStore(), "us-east-1")


def wanted(template: dict[str, Any]) -> Desired:
    return Desired(
        body="{}", template=template, given_parameters={}, parameters={}, tags=[], capabilities=[], role_arn=None
    )


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
    desired = wanted({"Resources": {"Thing": {"Type": "AWS::SNS::Topic"}}})
    Deployment(stack, desired, cast("OwnClients", None), EXPORTS).run()
    assert made == []
    assert stack.status == "ROLLBACK_COMPLETE"
    assert any("RuntimeError" in (event.reason or "") for event in stack.events)
    assert "a fault of ours" in caplog.text


def test_a_rolled_back_deployment_leaves_the_policies_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    def outputs_of(_resolver: Any) -> Any:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(cfn_engine, "outputs_of", outputs_of)
    kept = StackResource(logical_id="Kept", type_name="AWS::KMS::Alias", properties={}, made=Made(physical_id="kept"))
    kept.deletion_policy = kept.replace_policy = "Retain"
    state = StackState(resources={"Kept": kept})
    stack = Stack(name="s", region="us-east-1", stack_id="id", status="UPDATE_IN_PROGRESS", state=state)
    desired = wanted({"Resources": {"Kept": {"Type": "AWS::KMS::Alias"}}})
    Deployment(stack, desired, cast("OwnClients", None), EXPORTS).run()
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    after = stack.state.resources["Kept"]
    assert (after.deletion_policy, after.replace_policy) == ("Retain", "Retain")


def one_of_each(monkeypatch: pytest.MonkeyPatch, create: Any) -> tuple[Stack, Desired, list[str]]:
    """A stack that is to get two resources of a type that has no schema."""
    deleted: list[str] = []
    kind = ResourceType(
        name="Custom::Box", create=create, delete=lambda context, *_: deleted.append(context.logical_id)
    )
    monkeypatch.setitem(TYPES, "Custom::Box", kind)
    template = {"Resources": {"A": {"Type": "Custom::Box"}, "B": {"Type": "Custom::Box", "DependsOn": "A"}}}
    stack = Stack(name="s", region="us-east-1", stack_id="id", status="UPDATE_IN_PROGRESS")
    return stack, wanted(template), deleted


def test_a_cancelled_update_ends_at_the_next_resource_and_rolls_back(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def create(context: Any, _properties: Any) -> Made:
        made.append(context.logical_id)
        stack.cancelled.set()
        return Made(physical_id=context.logical_id)

    stack, desired, deleted = one_of_each(monkeypatch, create)
    Deployment(stack, desired, cast("OwnClients", None), EXPORTS).run()
    assert (made, deleted) == (["A"], ["A"])
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.state.resources == {}


def test_a_deployment_ends_as_it_is_when_the_local_aws_ends(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stopping = threading.Event()

    def create(context: Any, _properties: Any) -> Made:
        stopping.set()
        context.pause(60)
        raise AssertionError("the pause ends with the local AWS")

    stack, desired, deleted = one_of_each(monkeypatch, create)
    work = Deployment(stack, desired, cast("OwnClients", None), EXPORTS, stopping=stopping)
    with caplog.at_level("INFO"):
        run_safely(stack, work.run, "UPDATE_FAILED")
    assert deleted == []
    assert stack.status == "UPDATE_IN_PROGRESS"
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_a_change_set_that_two_requests_forget_is_gone() -> None:
    store = StackStore()
    stack = store.add_stack("s", "us-east-1")
    change_set = ChangeSet(
        name="c",
        change_set_id="id",
        stack_id=stack.stack_id,
        kind="UPDATE",
        desired=wanted({}),
        changes=(),
        status="CREATE_COMPLETE",
        execution_status="AVAILABLE",
    )
    store.add_change_set(change_set)
    for _ in range(2):
        store.remove_change_set(change_set)
    assert store.change_sets(stack) == []
