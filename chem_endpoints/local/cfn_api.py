"""The CloudFormation operations that the CDK CLI, boto3 and the AWS CLI call."""

import threading
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.cfn_answers import (
    change_set_answer,
    event_answer,
    resource_answer,
    resource_summary,
    stack_answer,
    stack_summary,
)
from chem_endpoints.local.cfn_engine import Deletion, Deployment, run_safely
from chem_endpoints.local.cfn_parameters import given_parameters, resolved_parameters
from chem_endpoints.local.cfn_plan import changes_outside_resources, plan
from chem_endpoints.local.cfn_stack import ChangeSet, CloudFormationError, Desired, Stack, StackStore, now
from chem_endpoints.local.cfn_template import TemplateError, parse_template
from chem_endpoints.local.own_clients import OwnClients

Request = dict[str, Any]
Answer = dict[str, Any]

_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


class CloudFormationApi:
    """CloudFormation of one local AWS, all regions."""

    def __init__(self, clients: OwnClients) -> None:
        self._clients = clients
        self._store = StackStore()
        self._operations: dict[str, Callable[[Request, str], Answer]] = {
            "CreateChangeSet": self._create_change_set,
            "DescribeChangeSet": self._describe_change_set,
            "ListChangeSets": self._list_change_sets,
            "ExecuteChangeSet": self._execute_change_set,
            "DeleteChangeSet": self._delete_change_set,
            "CreateStack": self._create_stack,
            "UpdateStack": self._update_stack,
            "DeleteStack": self._delete_stack,
            "DescribeStacks": self._describe_stacks,
            "ListStacks": self._list_stacks,
            "DescribeStackEvents": self._describe_events,
            "DescribeEvents": self._describe_operation_events,
            "DescribeStackResource": self._describe_resource,
            "DescribeStackResources": self._describe_resources,
            "ListStackResources": self._list_resources,
            "GetTemplate": self._get_template,
            "GetTemplateSummary": self._get_template_summary,
            "ValidateTemplate": self._get_template_summary,
            "ListExports": self._list_exports,
            "UpdateTerminationProtection": self._update_termination_protection,
        }

    def answer(self, operation: str, request: Request, region: str) -> Answer:
        """Answers one request; both sides are keyed as boto3 shows them.

        Raises:
            CloudFormationError: CloudFormation would refuse it, or the local AWS does not have it.
        """
        handler = self._operations.get(operation)
        if handler is None:
            raise CloudFormationError(f"The local AWS has no operation {operation}", code="InvalidAction")
        try:
            return handler(request, region)
        except TemplateError as error:
            raise CloudFormationError(str(error)) from error

    # change sets

    def _create_change_set(self, request: Request, region: str) -> Answer:
        kind = request.get("ChangeSetType", "UPDATE")
        if kind not in ("CREATE", "UPDATE"):
            raise CloudFormationError(f"The local AWS does not support change sets of type {kind}")
        with self._store.lock:
            stack = self._stack_for(kind, request["StackName"], region)
            is_new = stack is None
            stack = stack or self._store.add_stack(request["StackName"], region)
        try:
            change_set = self._planned_change_set(kind, request, stack)
        except BaseException:
            if is_new:
                stack.deleted = now()
            raise
        if is_new:
            stack.set_status("REVIEW_IN_PROGRESS", "User Initiated")
        self._store.add_change_set(change_set)
        return {"Id": change_set.change_set_id, "StackId": stack.stack_id}

    def _stack_for(self, kind: str, name: str, region: str) -> Stack | None:
        if kind == "UPDATE":
            return _updatable(self._store.stack(name, region))
        stack = self._store.find_stack(name, region)
        if stack is not None and stack.status != "REVIEW_IN_PROGRESS":
            raise CloudFormationError(f"Stack {name} already exists and cannot be created again with the changeSet")
        return stack

    def _planned_change_set(self, kind: str, request: Request, stack: Stack) -> ChangeSet:
        desired, name = self._desired(request, stack), request["ChangeSetName"]
        changes = plan(stack, desired, self._exports(stack.region))
        has_changes = (
            kind == "CREATE" or bool(changes) or changes_outside_resources(stack, desired, self._exports(stack.region))
        )
        return ChangeSet(
            name=name,
            change_set_id=f"arn:aws:cloudformation:{stack.region}:{ACCOUNT}:changeSet/{name}/{uuid.uuid4()}",
            stack_id=stack.stack_id,
            kind=kind,
            desired=desired,
            changes=changes,
            description=request.get("Description"),
            status="CREATE_COMPLETE" if has_changes else "FAILED",
            execution_status="AVAILABLE" if has_changes else "UNAVAILABLE",
            reason=None if has_changes else _NO_CHANGES,
        )

    def _desired(self, request: Request, stack: Stack) -> Desired:
        body = stack.body if request.get("UsePreviousTemplate") else self._template_body(request, stack.region)
        template = parse_template(body)
        given = given_parameters(template, request.get("Parameters", []), stack.given_parameters)
        return Desired(
            body=body,
            template=template,
            given_parameters=given,
            parameters=resolved_parameters(template, given, stack.region, self._clients),
            tags=request.get("Tags", stack.tags),
            capabilities=request.get("Capabilities", []),
            role_arn=request.get("RoleARN", stack.role_arn),
            import_existing=bool(request.get("ImportExistingResources")),
        )

    def _template_body(self, request: Request, region: str) -> str:
        if "TemplateBody" in request:
            return str(request["TemplateBody"])
        url = urlsplit(request.get("TemplateURL", ""))
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        if not key or url.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise CloudFormationError("TemplateURL must be a path-style URL of the local AWS's own S3")
        body: bytes = self._clients("s3", region).get_object(Bucket=bucket, Key=key)["Body"].read()
        return body.decode()

    def _exports(self, region: str) -> dict[str, str]:
        return {name: value for name, (value, _) in self._store.exports(region).items()}

    def _change_set(self, request: Request, region: str) -> ChangeSet:
        name = request["ChangeSetName"]
        found = self._store.find_change_set(name, request.get("StackName"), region)
        if found is None:
            raise CloudFormationError(f"ChangeSet [{name}] does not exist", code="ChangeSetNotFound")
        return found

    def _describe_change_set(self, request: Request, region: str) -> Answer:
        change_set = self._change_set(request, region)
        return change_set_answer(change_set, self._store.stack(change_set.stack_id, region))

    def _list_change_sets(self, request: Request, region: str) -> Answer:
        stack = self._store.stack(request["StackName"], region)
        return {"Summaries": [change_set_answer(item, stack) for item in self._store.change_sets(stack)]}

    def _delete_change_set(self, request: Request, region: str) -> Answer:
        found = self._store.find_change_set(request["ChangeSetName"], request.get("StackName"), region)
        if found is not None:
            self._store.remove_change_set(found)
        return {}

    def _execute_change_set(self, request: Request, region: str) -> Answer:
        change_set = self._change_set(request, region)
        if change_set.execution_status != "AVAILABLE":
            raise CloudFormationError(
                f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current status",
                code="InvalidChangeSetStatus",
            )
        stack = self._store.stack(change_set.stack_id, region)
        for other in self._store.change_sets(stack):
            self._store.remove_change_set(other)
        self._deploy(stack, change_set.desired, change_set.kind, rollback=not request.get("DisableRollback"))
        return {}

    # stacks

    def _deploy(self, stack: Stack, desired: Desired, kind: str, *, rollback: bool) -> None:
        with self._store.lock:
            if stack.in_progress:
                raise CloudFormationError(f"Stack:{stack.stack_id} is in {stack.status} state")
            stack.set_status(f"{kind}_IN_PROGRESS", "User Initiated")
            stack.last_updated = now() if kind == "UPDATE" else None
        work = Deployment(stack, desired, self._clients, self._exports(stack.region))
        _in_background(stack, partial(work.run, rollback=rollback), f"{kind}_FAILED")

    def _create_stack(self, request: Request, region: str) -> Answer:
        name = request["StackName"]
        with self._store.lock:
            if self._store.find_stack(name, region):
                raise CloudFormationError(f"Stack [{name}] already exists", code="AlreadyExistsException")
            stack = self._store.add_stack(name, region)
        try:
            desired = self._desired(request, stack)
            plan(stack, desired, self._exports(region))
        except BaseException:
            stack.deleted = now()
            raise
        keep = request.get("DisableRollback") or request.get("OnFailure") == "DO_NOTHING"
        self._deploy(stack, desired, "CREATE", rollback=not keep)
        return {"StackId": stack.stack_id}

    def _update_stack(self, request: Request, region: str) -> Answer:
        stack = _updatable(self._store.stack(request["StackName"], region))
        desired = self._desired(request, stack)
        exports = self._exports(region)
        if not plan(stack, desired, exports) and not changes_outside_resources(stack, desired, exports):
            raise CloudFormationError("No updates are to be performed.")
        self._deploy(stack, desired, "UPDATE", rollback=not request.get("DisableRollback"))
        return {"StackId": stack.stack_id}

    def _delete_stack(self, request: Request, region: str) -> Answer:
        stack = self._store.find_stack(request["StackName"], region)
        if stack is None or stack.deleted:
            return {}
        if stack.termination_protection:
            raise CloudFormationError(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        with self._store.lock:
            if stack.in_progress:
                raise CloudFormationError(f"Stack [{stack.name}] cannot be deleted while in status {stack.status}")
            stack.set_status("DELETE_IN_PROGRESS", "User Initiated")
        work = partial(Deletion(stack, self._clients).run, retain=tuple(request.get("RetainResources", ())))
        _in_background(stack, work, "DELETE_FAILED")
        return {}

    def _describe_stacks(self, request: Request, region: str) -> Answer:
        if request.get("StackName"):
            return {"Stacks": [stack_answer(self._store.stack(request["StackName"], region))]}
        return {"Stacks": [stack_answer(stack) for stack in self._store.stacks(region) if not stack.deleted]}

    def _list_stacks(self, request: Request, region: str) -> Answer:
        wanted = request.get("StackStatusFilter")
        found = [stack for stack in self._store.stacks(region) if not wanted or stack.status in wanted]
        return {"StackSummaries": [stack_summary(stack) for stack in found]}

    def _describe_events(self, request: Request, region: str) -> Answer:
        stack = self._store.stack(request["StackName"], region)
        return {"StackEvents": [event_answer(event, stack) for event in reversed(stack.events)]}

    def _describe_operation_events(self, _request: Request, _region: str) -> Answer:
        """Events of early validation, which the local AWS reports by refusing the change set at once."""
        return {"OperationEvents": []}

    def _describe_resource(self, request: Request, region: str) -> Answer:
        stack, name = self._store.stack(request["StackName"], region), request["LogicalResourceId"]
        if name not in stack.resources:
            raise CloudFormationError(f"Resource {name} does not exist for stack {stack.name}")
        return {"StackResourceDetail": resource_answer(stack.resources[name], stack)}

    def _describe_resources(self, request: Request, region: str) -> Answer:
        stack, name = self._store.stack(request["StackName"], region), request.get("LogicalResourceId")
        chosen = [item for item in stack.resources.values() if name in (None, item.logical_id)]
        return {"StackResources": [resource_answer(item, stack) for item in chosen]}

    def _list_resources(self, request: Request, region: str) -> Answer:
        stack = self._store.stack(request["StackName"], region)
        return {"StackResourceSummaries": [resource_summary(item) for item in stack.resources.values()]}

    def _get_template(self, request: Request, region: str) -> Answer:
        if request.get("ChangeSetName"):
            return {"TemplateBody": self._change_set(request, region).desired.body}
        return {"TemplateBody": self._store.stack(request["StackName"], region).body}

    def _get_template_summary(self, request: Request, region: str) -> Answer:
        body = (
            self._store.stack(request["StackName"], region).body
            if "StackName" in request
            else self._template_body(request, region)
        )
        template = parse_template(body)
        parameters = [
            {"ParameterKey": name, "DefaultValue": item.get("Default"), "ParameterType": item["Type"]}
            for name, item in (template.get("Parameters") or {}).items()
        ]
        types = sorted({resource["Type"] for resource in template["Resources"].values()})
        return {"Parameters": parameters, "ResourceTypes": types, "Description": template.get("Description")}

    def _list_exports(self, _request: Request, region: str) -> Answer:
        exports = self._store.exports(region).items()
        return {"Exports": [{"Name": name, "Value": value, "ExportingStackId": by} for name, (value, by) in exports]}

    def _update_termination_protection(self, request: Request, region: str) -> Answer:
        stack = self._store.stack(request["StackName"], region)
        stack.termination_protection = request["EnableTerminationProtection"]
        return {"StackId": stack.stack_id}


def _updatable(stack: Stack) -> Stack:
    if stack.in_progress or stack.deleted or stack.status in ("ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"):
        raise CloudFormationError(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
    return stack


def _in_background(stack: Stack, work: Callable[[], None], failed_status: str) -> None:
    threading.Thread(
        target=run_safely, args=(stack, work, failed_status), name=f"stack {stack.name}", daemon=True
    ).start()
