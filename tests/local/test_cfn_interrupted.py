"""Promise: a stack whose operation was cut off says afterwards what is there, and its deletion leaves nothing."""

from types import SimpleNamespace
from typing import Any

import pytest

from chem_endpoints.local.cfn_deletion import Deletion
from chem_endpoints.local.cfn_stack import Made, Stack, StackResource, StackState, Step


def resource(logical_id: str, physical_id: str, **policies: str) -> StackResource:
    made = Made(physical_id=physical_id)
    return StackResource(
        logical_id=logical_id, type_name="AWS::SageMaker::Model", properties={"Of": physical_id}, made=made, **policies
    )


A, OLD_B, NEW_B = resource("A", "a"), resource("B", "b-old"), resource("B", "b-new")
OLD_C, NEW_C, D = resource("C", "c-old"), resource("C", "c-new"), resource("D", "d")
STEPS = [Step(after=NEW_B, before=OLD_B), Step(after=NEW_C, before=OLD_C, replaced=True), Step(after=D)]


def cut_off(status: str, *steps: Step) -> Stack:
    """A stack of A, B and C whose update was in this status when the process was killed."""
    stable = StackState(resources={"A": A, "B": OLD_B, "C": OLD_C})
    stack = Stack(name="s", region="us-east-1", stack_id="s/1", status=status, state=stable, stable=stable)
    stack.steps = list(steps)
    stack.end_interrupted()
    return stack


def there(stack: Stack) -> dict[str, str]:
    return {name: one.physical_id for name, one in stack.state.resources.items()}


def deleted(stack: Stack) -> set[str]:
    removed: list[str] = []

    class Recorded(Deletion):
        def remove(self, resource: StackResource) -> None:
            removed.append(resource.physical_id)

    exports: Any = SimpleNamespace(refuse_change=lambda stack, outputs: None)
    clients: Any = None
    Recorded(stack, clients).run(exports)
    assert stack.status == "DELETE_COMPLETE"
    assert len(removed) == len(set(removed))
    return set(removed)


def test_an_update_that_was_cut_off_keeps_what_it_did_and_all_goes_with_the_stack() -> None:
    stack = cut_off("UPDATE_IN_PROGRESS", *STEPS)
    assert stack.status == "UPDATE_FAILED"
    assert there(stack) == {"A": "a", "B": "b-new", "C": "c-new", "D": "d"}
    assert deleted(stack) == {"a", "b-new", "c-old", "c-new", "d"}


def test_a_rollback_that_was_cut_off_while_it_cleared_away_has_restored_everything() -> None:
    stack = cut_off("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", *STEPS)
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert there(stack) == {"A": "a", "B": "b-old", "C": "c-old"}
    assert deleted(stack) == {"a", "b-old", "c-old", "c-new", "d"}


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_what_was_to_stay_when_it_is_replaced_stays(policy: str) -> None:
    kept = resource("C", "c-old", replace_policy=policy)
    stack = cut_off("UPDATE_IN_PROGRESS", Step(after=NEW_C, before=kept, replaced=True))
    assert ("c-old" in deleted(stack)) == (policy == "Delete")
