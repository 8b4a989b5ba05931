"""The CloudFormation operations that tell of stacks and change nothing."""

from collections.abc import Callable
from typing import Any

from chem_endpoints.local.cfn_answers import (
    change_set_answer,
    event_answer,
    resource_answer,
    resource_summary,
    stack_answer,
    stack_summary,
    validation_answer,
)
from chem_endpoints.local.cfn_exports import Exports
from chem_endpoints.local.cfn_stack import ChangeSet, CloudFormationError, StackStore

Request = dict[str, Any]
Answer = dict[str, Any]


class CloudFormationQueries:
    """Describes and lists what one local AWS has of CloudFormation."""

    def __init__(self, store: StackStore) -> None:
        self._store = store
        self.operations: dict[str, Callable[[Request, str], Answer]] = {
            "DescribeChangeSet": self._describe_change_set,
            "ListChangeSets": self._list_change_sets,
            "DescribeStacks": self._describe_stacks,
            "ListStacks": self._list_stacks,
            "DescribeStackEvents": self._describe_events,
            "DescribeEvents": self._describe_operation_events,
            "DescribeStackResource": self._describe_resource,
            "DescribeStackResources": self._describe_resources,
            "ListStackResources": self._list_resources,
            "ListExports": self._list_exports,
            "ListImports": self._list_imports,
        }

    def change_set(self, request: Request, region: str) -> ChangeSet:
        """The change set that a request names.

        Raises:
            CloudFormationError: there is none.
        """
        name = request["ChangeSetName"]
        found = self._store.find_change_set(name, request.get("StackName"), region)
        if found is None:
            raise CloudFormationError(f"ChangeSet [{name}] does not exist", code="ChangeSetNotFound")
        return found

    def _describe_change_set(self, request: Request, region: str) -> Answer:
        change_set = self.change_set(request, region)
        return change_set_answer(change_set, self._store.stack(change_set.stack_id, region))

    def _list_change_sets(self, request: Request, region: str) -> Answer:
        stack = self._store.stack(request["StackName"], region)
        return {"Summaries": [change_set_answer(item, stack) for item in self._store.change_sets(stack)]}

    def _describe_stacks(self, request: Request, region: str) -> Answer:
        if request.get("StackName"):
            return {"Stacks": [stack_answer(self._store.stack(request["StackName"], region))]}
        return {"Stacks": [stack_answer(stack) for stack in self._store.living_stacks(region)]}

    def _list_stacks(self, request: Request, region: str) -> Answer:
        wanted = request.get("StackStatusFilter")
        found = [stack for stack in self._store.stacks(region) if not wanted or stack.status in wanted]
        return {"StackSummaries": [stack_summary(stack) for stack in found]}

    def _describe_events(self, request: Request, region: str) -> Answer:
        stack = self._store.stack(request["StackName"], region)
        return {"StackEvents": [event_answer(event, stack) for event in reversed(stack.events)]}

    def _describe_operation_events(self, request: Request, region: str) -> Answer:
        """What early validation has found wrong with a change set; of other operations nothing is kept."""
        if not request.get("ChangeSetName"):
            return {"OperationEvents": []}
        change_set = self.change_set(request, region)
        return {"OperationEvents": [validation_answer(refusal, change_set) for refusal in change_set.refusals]}

    def _describe_resource(self, request: Request, region: str) -> Answer:
        stack, name = self._store.stack(request["StackName"], region), request["LogicalResourceId"]
        if name not in stack.state.resources:
            raise CloudFormationError(f"Resource {name} does not exist for stack {stack.name}")
        return {"StackResourceDetail": resource_answer(stack.state.resources[name], stack)}

    def _describe_resources(self, request: Request, region: str) -> Answer:
        stack, name = self._store.stack(request["StackName"], region), request.get("LogicalResourceId")
        chosen = [item for item in stack.state.resources.values() if name in (None, item.logical_id)]
        return {"StackResources": [resource_answer(item, stack) for item in chosen]}

    def _list_resources(self, request: Request, region: str) -> Answer:
        stack = self._store.stack(request["StackName"], region)
        return {"StackResourceSummaries": [resource_summary(item) for item in stack.state.resources.values()]}

    def _list_exports(self, _request: Request, region: str) -> Answer:
        exports = Exports(self._store, region).listing().items()
        return {
            "Exports": [
                {"Name": name, "Value": output.value, "ExportingStackId": stack.stack_id}
                for name, (output, stack) in exports
            ]
        }

    def _list_imports(self, request: Request, region: str) -> Answer:
        name = request["ExportName"]
        importers = Exports(self._store, region).importers(name)
        if not importers:
            raise CloudFormationError(f"Export '{name}' is not imported by any stack.")
        return {"Imports": [stack.name for stack in importers]}
