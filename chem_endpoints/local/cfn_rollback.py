"""Takes a stack back to its last stable state, or away when it has none.

Source: "Stack failure options" and "Continue rolling back an update", CloudFormation user guide.
"""

from dataclasses import replace

from chem_endpoints.local.cfn_stack import CloudFormationError, StackState, Step
from chem_endpoints.local.cfn_types import TYPES
from chem_endpoints.local.cfn_work import ResourceFailedError, StackWork

SKIPPED = "Resource skipped during UpdateRollback"
"""CloudFormation's reason at a resource that a continued rollback leaves as it is; the CDK CLI looks for it."""


class Rollback(StackWork):
    """One rollback of a stack."""

    def run(self, reason: str, *, skip: frozenset[str] = frozenset(), delete_retained: bool = False) -> None:
        """Undoes every step since the stable state.

        Args:
            reason: why, for the stack's history.
            skip: logical ids of resources that stay as they are.
            delete_retained: whether new resources go even with ``DeletionPolicy: Retain``.
        """
        stable = self.stack.stable
        if stable is None:
            self._undo_creation(reason, delete_retained)
        else:
            self._undo_update(stable, reason, skip, delete_retained)

    def _undo_creation(self, reason: str, delete_retained: bool) -> None:
        """What cannot be deleted stays in the stack, so that the stack's deletion tries again."""
        self.stack.set_status("ROLLBACK_IN_PROGRESS", reason)
        left = self._remove_created(delete_retained)
        self.stack.state = replace(
            self.stack.state, outputs=[], resources={step.after.logical_id: step.after for step in left}
        )
        self.stack.steps = left
        self.stack.set_status("ROLLBACK_FAILED" if left else "ROLLBACK_COMPLETE", _failed("delete", left))

    def _undo_update(self, stable: StackState, reason: str, skip: frozenset[str], delete_retained: bool) -> None:
        """Restores what was changed; only then is what was new cleared away, and a failure of that is told only."""
        self.stack.set_status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        unrestored = self._restore(skip)
        self.stack.state = stable
        if unrestored:
            self.stack.steps = [step for step in self.stack.steps if step.created or step in unrestored]
            self.stack.set_status("UPDATE_ROLLBACK_FAILED", _failed("update", unrestored))
            return
        self.stack.set_status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self._remove_created(delete_retained)
        for step in reversed(self.stack.steps):
            if TYPES[step.after.type_name].moves and step.moved:
                self.clear_away(step.after, keep=False)
        self.stack.steps = []
        self.stack.set_status("UPDATE_ROLLBACK_COMPLETE")

    def _restore(self, skip: frozenset[str]) -> list[Step]:
        """Gives every changed resource its previous properties back, last change first; returns what failed."""
        changed = [step for step in reversed(self.stack.steps) if step.before is not None and not step.replaced]
        return [step for step in changed if not self._restore_one(step, skip=step.after.logical_id in skip)]

    def _restore_one(self, step: Step, *, skip: bool) -> bool:
        after, before = step.after, step.before
        update = TYPES[after.type_name].update
        if before is None or update is None:
            return True
        if skip:
            self.event(before, "UPDATE_COMPLETE", SKIPPED)
            return True
        try:
            with self.reporting(before, "UPDATE"):
                before.made = update(self.context(before.logical_id), after.made, after.properties, before.properties)
        except ResourceFailedError:
            return False
        return True

    def _remove_created(self, delete_retained: bool) -> list[Step]:
        """Removes what was made, last first; returns what could not be removed."""
        return [
            step
            for step in reversed(self.stack.steps)
            if step.created
            and not self.clear_away(step.after, keep=step.after.deletion_policy == "Retain" and not delete_retained)
        ]

    def failed_to_restore(self) -> frozenset[str]:
        """The resources that the last rollback could not restore."""
        return frozenset(step.after.logical_id for step in self.stack.steps if not step.created and not step.adopted)

    def refuse_skipping(self, logical_ids: frozenset[str]) -> None:
        """Refuses to skip a resource that has not failed.

        Raises:
            CloudFormationError: with the resources' names.
        """
        others = sorted(logical_ids - self.failed_to_restore())
        if others:
            raise CloudFormationError(
                f"Skipped resources [{', '.join(others)}] are not in UPDATE_FAILED state: "
                "only resources that could not be rolled back can be skipped"
            )


def _failed(verb: str, steps: list[Step]) -> str | None:
    names = ", ".join(step.after.logical_id for step in steps)
    return f"The following resource(s) failed to {verb}: [{names}]." if steps else None
