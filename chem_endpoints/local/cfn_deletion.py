"""Deletes a stack with all that it holds."""

import threading

from chem_endpoints.local.cfn_exports import Exports
from chem_endpoints.local.cfn_resource_type import OperationStoppedError
from chem_endpoints.local.cfn_stack import CloudFormationError, StackState, now
from chem_endpoints.local.cfn_work import KEEPING_POLICIES, ResourceFailedError, StackWork, in_deletion_order


class Deletion(StackWork):
    """One deletion of a stack."""

    def run(self, exports: Exports, *, retain: tuple[str, ...] = (), after: threading.Thread | None = None) -> None:
        """Deletes the resources, users before used; what cannot be deleted stays in the stack and is named.

        Args:
            exports: of the stack's region.
            retain: logical ids of resources that stay.
            after: the stack's creation, which has been cancelled and ends first.

        Raises:
            OperationStoppedError: the local AWS ends.
        """
        if after is not None:
            after.join()
            if self.stopping.is_set():
                raise OperationStoppedError
            if self.stack.status != "DELETE_IN_PROGRESS":  # The creation was at its end when it was cancelled.
                self.stack.set_status("DELETE_IN_PROGRESS", "User Initiated")
        try:
            exports.refuse_change(self.stack, [])
        except CloudFormationError as error:
            self.stack.set_status("DELETE_FAILED", str(error))
            return
        failed = self._remove_all(retain)
        if failed:
            reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]."
            self.stack.set_status("DELETE_FAILED", reason)
            return
        self.stack.state = StackState(body=self.stack.state.body, template=self.stack.state.template)
        self.stack.deleted = now()
        self.stack.set_status("DELETE_COMPLETE")

    def _remove_all(self, retain: tuple[str, ...]) -> list[str]:
        failed, held = [], self.stack.state.resources
        successors = [step.after for step in self.stack.steps if step.created and step.after not in held.values()]
        # An update that was cut off had not yet cleared away what it replaced.
        former = [step.before for step in self.stack.steps if step.replaced and step.before is not None]
        predecessors = [before for before in former if before not in [*held.values(), *successors]]
        for resource in in_deletion_order(self.stack, [*predecessors, *successors, *held.values()]):
            policy = resource.replace_policy if resource in predecessors else resource.deletion_policy
            keep = policy in KEEPING_POLICIES or resource.logical_id in retain
            try:
                if keep:
                    self.event(resource, "DELETE_SKIPPED")
                else:
                    self.remove(resource)
            except ResourceFailedError:
                failed.append(resource.logical_id)
                continue
            if held.get(resource.logical_id) is resource:
                del held[resource.logical_id]
            self.stack.steps = [step for step in self.stack.steps if step.after is not resource]
        return failed
