"""The CloudFormation operations that the CDK CLI, boto3 and the AWS CLI call."""

import threading
import uuid
from collections.abc import Callable
from functools import partial
from urllib.parse import unquote, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.background import Background
from chem_endpoints.local.cfn_deletion import Deletion
from chem_endpoints.local.cfn_dynamic_references import with_resolved_references
from chem_endpoints.local.cfn_engine import Deployment
from chem_endpoints.local.cfn_exports import Exports
from chem_endpoints.local.cfn_parameters import given_parameters, resolved_parameters
from chem_endpoints.local.cfn_plan import changes_outside_resources, plan
from chem_endpoints.local.cfn_queries import Answer, CloudFormationQueries, Request
from chem_endpoints.local.cfn_rollback import Rollback
from chem_endpoints.local.cfn_stack import ChangeSet, CloudFormationError, Desired, Refusal, Stack, StackStore, now
from chem_endpoints.local.cfn_template import TemplateError, parse_template
from chem_endpoints.local.cfn_work import run_safely
from chem_endpoints.local.own_clients import OwnClients

_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
_REFUSED_EARLY = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. "
    "To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."
)
_UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
_PAUSED = ("CREATE_FAILED", "UPDATE_FAILED")
"""After a failure without rollback."""


class CloudFormationApi:
    """CloudFormation of one local AWS, all regions."""

    def __init__(self, clients: OwnClients) -> None:
        self._clients = clients
        self._store = StackStore()
        self._background = Background()
        self._running: dict[str, threading.Thread] = {}
        """The last operation on each stack, by the stack's id."""
        self._queries = CloudFormationQueries(self._store)
        self._operations: dict[str, Callable[[Request, str], Answer]] = {
            "CreateChangeSet": self._create_change_set,
            "ExecuteChangeSet": self._execute_change_set,
            "DeleteChangeSet": self._delete_change_set,
            "CreateStack": self._create_stack,
            "UpdateStack": self._update_stack,
            "CancelUpdateStack": self._cancel_update_stack,
            "RollbackStack": self._rollback_stack,
            "ContinueUpdateRollback": self._continue_update_rollback,
            "DeleteStack": self._delete_stack,
            "GetTemplate": self._get_template,
            "GetTemplateSummary": self._get_template_summary,
            "ValidateTemplate": self._get_template_summary,
            "UpdateTerminationProtection": self._update_termination_protection,
            **self._queries.operations,
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

    def snapshot(self) -> tuple[list[Stack], list[ChangeSet]]:
        """What is kept: stacks and change sets."""
        return self._store.snapshot()

    def restore(self, kept: tuple[list[Stack], list[ChangeSet]]) -> None:
        """Takes the stacks of another local AWS; an operation that its end cut off has failed."""
        self._store.restore(kept)

    def stop(self, seconds: float = 5.0) -> None:
        """Ends what goes on with the stacks; each operation ends at its next step, as it is."""
        self._background.end(seconds)

    # change sets

    def _create_change_set(self, request: Request, region: str) -> Answer:
        kind, name = request.get("ChangeSetType", "UPDATE"), request["ChangeSetName"]
        if kind not in ("CREATE", "UPDATE"):
            raise CloudFormationError(f"The local AWS does not support change sets of type {kind}")
        with self._store.lock:
            stack = self._stack_for(kind, request["StackName"], region)
            is_new = stack is None
            stack = stack or self._store.add_stack(request["StackName"], region)
            if self._store.find_change_set(name, stack.stack_id, region):
                raise CloudFormationError(f"ChangeSet {name} already exists", code="AlreadyExistsException")
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
        exports = self._exports(stack).values()
        planned = plan(stack, desired, exports)
        has_changes = kind == "CREATE" or bool(planned.changes) or changes_outside_resources(stack, desired, exports)
        reason = _REFUSED_EARLY if planned.refusals else None if has_changes else _NO_CHANGES
        return ChangeSet(
            name=name,
            change_set_id=f"arn:aws:cloudformation:{stack.region}:{ACCOUNT}:changeSet/{name}/{uuid.uuid4()}",
            stack_id=stack.stack_id,
            kind=kind,
            desired=desired,
            changes=planned.changes,
            refusals=planned.refusals,
            description=request.get("Description"),
            status="FAILED" if reason else "CREATE_COMPLETE",
            execution_status="UNAVAILABLE" if reason else "AVAILABLE",
            reason=reason,
        )

    def _desired(self, request: Request, stack: Stack) -> Desired:
        before = stack.state
        body = before.body if request.get("UsePreviousTemplate") else self._template_body(request, stack.region)
        template = with_resolved_references(parse_template(body), stack.region, self._clients)
        given = given_parameters(template, request.get("Parameters", []), before.given_parameters)
        return Desired(
            body=body,
            template=template,
            given_parameters=given,
            parameters=resolved_parameters(template, given, stack.region, self._clients),
            tags=request.get("Tags", before.tags),
            capabilities=request.get("Capabilities", []),
            role_arn=request.get("RoleARN", before.role_arn),
            import_existing=bool(request.get("ImportExistingResources")),
        )

    def _template_body(self, request: Request, region: str) -> str:
        if "TemplateBody" in request:
            return str(request["TemplateBody"])
        url = urlsplit(request.get("TemplateURL", ""))
        bucket, _, key = unquote(url.path).lstrip("/").partition("/")
        if not key or url.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise CloudFormationError("TemplateURL must be a path-style URL of the local AWS's own S3")
        try:
            body: bytes = self._clients("s3", region).get_object(Bucket=bucket, Key=key)["Body"].read()
            return body.decode()
        except ClientError as error:
            raise CloudFormationError(f"S3 error: {error.response['Error'].get('Message')}") from error
        except (BotoCoreError, UnicodeDecodeError) as error:
            raise CloudFormationError("S3 error: TemplateURL does not name a template in UTF-8") from error

    def _exports(self, stack: Stack) -> Exports:
        return Exports(self._store, stack.region)

    def _delete_change_set(self, request: Request, region: str) -> Answer:
        found = self._store.find_change_set(request["ChangeSetName"], request.get("StackName"), region)
        if found is not None:
            self._store.remove_change_set(found)
        return {}

    def _execute_change_set(self, request: Request, region: str) -> Answer:
        change_set = self._queries.change_set(request, region)
        if change_set.execution_status != "AVAILABLE":
            raise CloudFormationError(
                f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current status of "
                f"[{change_set.status}]",
                code="InvalidChangeSetStatus",
            )
        stack = self._store.stack(change_set.stack_id, region)
        self._deploy(stack, change_set.desired, change_set.kind, request)
        for other in self._store.change_sets(stack):
            self._store.remove_change_set(other)
        return {}

    # stacks

    def _deploy(
        self, stack: Stack, desired: Desired, kind: str, request: Request, refusals: tuple[Refusal, ...] = ()
    ) -> None:
        keep = bool(request.get("DisableRollback")) or request.get("OnFailure") == "DO_NOTHING"
        with self._store.lock:
            if stack.in_progress:
                raise CloudFormationError(f"Stack:{stack.stack_id} is in {stack.status} state")
            if stack.status in _PAUSED and not keep:
                raise CloudFormationError(
                    f"This stack is currently in a non-terminal [{stack.status}] state. To update the stack from this "
                    "state, please use the disable-rollback parameter with update-stack API. To rollback to the last "
                    "known good state, use the rollback-stack API"
                )
            stack.cancelled.clear()
            stack.rollback_disabled = keep
            stack.set_status(f"{kind}_IN_PROGRESS", "User Initiated")
            stack.last_updated = now() if kind == "UPDATE" else None
        work = Deployment(
            stack,
            desired,
            self._clients,
            self._exports(stack),
            rollback=not keep,
            delete_retained=bool(request.get("RetainExceptOnCreate")),
            stopping=self._background.stopping,
        )
        self._begin(stack, partial(work.run, refusals), f"{kind}_FAILED")

    def _begin(self, stack: Stack, work: Callable[[], None], failed_status: str) -> None:
        safely = partial(run_safely, stack, work, failed_status)
        self._running[stack.stack_id] = self._background.begin(f"stack {stack.name}", safely)

    def _create_stack(self, request: Request, region: str) -> Answer:
        name = request["StackName"]
        with self._store.lock:
            if self._store.find_stack(name, region):
                raise CloudFormationError(f"Stack [{name}] already exists", code="AlreadyExistsException")
            stack = self._store.add_stack(name, region)
        try:
            desired = self._desired(request, stack)
            planned = plan(stack, desired, self._exports(stack).values())
        except BaseException:
            stack.deleted = now()
            raise
        stack.termination_protection = bool(request.get("EnableTerminationProtection"))
        self._deploy(stack, desired, "CREATE", request, _early(request, planned.refusals))
        return {"StackId": stack.stack_id}

    def _update_stack(self, request: Request, region: str) -> Answer:
        stack = _updatable(self._store.stack(request["StackName"], region))
        desired = self._desired(request, stack)
        exports = self._exports(stack).values()
        planned = plan(stack, desired, exports)
        if not planned.changes and not changes_outside_resources(stack, desired, exports):
            raise CloudFormationError("No updates are to be performed.")
        self._deploy(stack, desired, "UPDATE", request, _early(request, planned.refusals))
        return {"StackId": stack.stack_id}

    def _cancel_update_stack(self, request: Request, region: str) -> Answer:
        """The update ends when the resource at which it works is done."""
        stack = self._store.stack(request["StackName"], region)
        if stack.status != "UPDATE_IN_PROGRESS":
            raise CloudFormationError("CancelUpdateStack cannot be called from current stack status")
        stack.cancelled.set()
        return {}

    def _rollback_stack(self, request: Request, region: str) -> Answer:
        stack = self._store.stack(request["StackName"], region)
        work = Rollback(stack, self._clients, self._background.stopping)
        retained = bool(request.get("RetainExceptOnCreate"))
        self._start_rollback(stack, _PAUSED, partial(work.run, "User Initiated", delete_retained=retained))
        return {"StackId": stack.stack_id}

    def _continue_update_rollback(self, request: Request, region: str) -> Answer:
        stack = self._store.stack(request["StackName"], region)
        work = Rollback(stack, self._clients, self._background.stopping)
        skip = frozenset(request.get("ResourcesToSkip") or ())
        if request.get("ForceRollback"):
            skip = work.failed_to_restore()
        work.refuse_skipping(skip)
        self._start_rollback(stack, ("UPDATE_ROLLBACK_FAILED",), partial(work.run, "User Initiated", skip=skip))
        return {}

    def _start_rollback(self, stack: Stack, allowed: tuple[str, ...], work: Callable[[], None]) -> None:
        with self._store.lock:
            if stack.status not in allowed:
                raise CloudFormationError(
                    f"Stack:{stack.stack_id} is in {stack.status} state and can not be rolled back."
                )
            prefix = "ROLLBACK" if stack.stable is None else "UPDATE_ROLLBACK"
            stack.status = f"{prefix}_IN_PROGRESS"
        self._begin(stack, work, f"{prefix}_FAILED")

    def _delete_stack(self, request: Request, region: str) -> Answer:
        stack = self._store.find_stack(request["StackName"], region)
        if stack is None or stack.deleted:
            return {}
        if stack.termination_protection:
            raise CloudFormationError(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        with self._store.lock:
            if stack.status == "DELETE_IN_PROGRESS":
                return {}
            creation = self._running.get(stack.stack_id) if stack.status == "CREATE_IN_PROGRESS" else None
            if stack.in_progress and creation is None:
                raise CloudFormationError(f"Stack [{stack.name}] cannot be deleted while in status {stack.status}")
            stack.cancelled.set()
            stack.set_status("DELETE_IN_PROGRESS", "User Initiated")
            deletion = Deletion(stack, self._clients, self._background.stopping)
            retain = tuple(request.get("RetainResources", ()))
            work = partial(deletion.run, self._exports(stack), retain=retain, after=creation)
            self._begin(stack, work, "DELETE_FAILED")
        return {}

    def _get_template(self, request: Request, region: str) -> Answer:
        if request.get("ChangeSetName"):
            return {"TemplateBody": self._queries.change_set(request, region).desired.body}
        return {"TemplateBody": self._store.stack(request["StackName"], region).state.body}

    def _get_template_summary(self, request: Request, region: str) -> Answer:
        if "StackName" in request:
            body = self._store.stack(request["StackName"], region).state.body
        else:
            body = self._template_body(request, region)
        template = parse_template(body)
        parameters = [
            {"ParameterKey": name, "DefaultValue": item.get("Default"), "ParameterType": item["Type"]}
            for name, item in (template.get("Parameters") or {}).items()
        ]
        types = sorted({resource["Type"] for resource in template["Resources"].values()})
        return {"Parameters": parameters, "ResourceTypes": types, "Description": template.get("Description")}

    def _update_termination_protection(self, request: Request, region: str) -> Answer:
        stack = self._store.stack(request["StackName"], region)
        stack.termination_protection = request["EnableTerminationProtection"]
        return {"StackId": stack.stack_id}


def _updatable(stack: Stack) -> Stack:
    if stack.deleted or stack.status not in (*_UPDATABLE, *_PAUSED):
        raise CloudFormationError(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
    return stack


def _early(request: Request, refusals: tuple[Refusal, ...]) -> tuple[Refusal, ...]:
    """What stands against a deployment before anything is made, unless the caller wants to see it fail later."""
    return () if request.get("DisableValidation") else refusals
