"""What the local CloudFormation remembers: stacks, their resources and events, change sets."""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.cfn_schema_check import Violation
from chem_endpoints.local.cfn_template import Template

STACK_TYPE = "AWS::CloudFormation::Stack"


class CloudFormationError(Exception):
    """A request that CloudFormation refuses; ``code`` is the error code that its clients see."""

    def __init__(self, message: str, *, code: str = "ValidationError") -> None:
        super().__init__(message)
        self.code = code


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Made:
    """What creating or updating a resource gave: its ``Ref`` and what ``Fn::GetAtt`` knows of it."""

    physical_id: str
    attributes: dict[str, Any] = field(default_factory=dict)
    no_echo: bool = False
    """Whether outputs hide the attributes, as the resource itself has asked for."""


@dataclass(kw_only=True, eq=False)
class StackResource:
    """One resource of a stack, as it is at present."""

    logical_id: str
    type_name: str
    properties: dict[str, Any]
    """Resolved: no functions left."""
    made: Made
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"
    status: str = "CREATE_COMPLETE"
    updated: datetime = field(default_factory=now)

    @property
    def physical_id(self) -> str:
        """What ``Ref`` gives."""
        return self.made.physical_id

    @property
    def attributes(self) -> dict[str, Any]:
        """What ``Fn::GetAtt`` gives."""
        return self.made.attributes


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of a stack's history."""

    logical_id: str
    physical_id: str
    type_name: str
    status: str
    reason: str | None = None
    event_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    timestamp: datetime = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class Step:
    """A resource that a deployment made or changed; ``before`` is what it was."""

    after: StackResource
    before: StackResource | None = None
    replaced: bool = False
    adopted: bool = False
    """Whether it was there before the deployment, outside any stack."""

    @property
    def created(self) -> bool:
        """Whether something new was made."""
        return not self.adopted and (self.before is None or self.replaced)

    @property
    def moved(self) -> bool:
        """Whether an update in place has ended with another physical id."""
        return self.before is not None and not self.replaced and self.before.physical_id != self.after.physical_id


@dataclass(frozen=True, kw_only=True)
class Output:
    """An output of a stack, with its value."""

    key: str
    value: str
    description: str | None = None
    export: str | None = None


@dataclass(frozen=True, kw_only=True)
class StackState:
    """All of a stack that a deployment changes."""

    body: str = ""
    template: Template = field(default_factory=dict)
    given_parameters: dict[str, str] = field(default_factory=dict)
    """As the caller gave them: of an SSM parameter, its name."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """Resolved, without pseudo parameters."""
    tags: list[dict[str, str]] = field(default_factory=list)
    capabilities: list[str] = field(default_factory=list)
    role_arn: str | None = None
    resources: dict[str, StackResource] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    imports: frozenset[str] = frozenset()
    """Names of the exports of other stacks that this one uses."""


@dataclass(kw_only=True)
class Stack:
    """A stack, from its first change set until it is deleted."""

    name: str
    region: str
    stack_id: str
    status: str = "REVIEW_IN_PROGRESS"
    reason: str | None = None
    state: StackState = field(default_factory=StackState)
    stable: StackState | None = None
    """What a rollback returns to; None until the stack has been created."""
    steps: list[Step] = field(default_factory=list)
    """What has been done since the stable state."""
    events: list[Event] = field(default_factory=list)
    termination_protection: bool = False
    rollback_disabled: bool = False
    created: datetime = field(default_factory=now)
    last_updated: datetime | None = None
    deleted: datetime | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    """Set when the running operation is to end: an update rolls back then, a creation leaves all to the deletion."""

    def set_status(self, status: str, reason: str | None = None) -> None:
        """Moves the stack into a state, and says so in its history."""
        self.reason = reason
        self.events.append(
            Event(logical_id=self.name, physical_id=self.stack_id, type_name=STACK_TYPE, status=status, reason=reason)
        )
        self.status = status

    def end_interrupted(self) -> None:
        """Ends an operation that was cut off: what it did stays, as after a failure without rollback.

        One that was clearing away after a rollback had restored everything: what is left is only what it had made.
        """
        if self.status == "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS":
            self.steps = [step for step in self.steps if step.created]
        else:
            done = {step.after.logical_id: step.after for step in self.steps}
            self.state = replace(self.state, resources={**self.state.resources, **done})
        operation = self.status.removesuffix("_IN_PROGRESS")
        ended = operation.removesuffix("_CLEANUP") if operation.endswith("_CLEANUP") else f"{operation}_FAILED"
        self.set_status(ended, "The local AWS was stopped meanwhile")

    @property
    def in_progress(self) -> bool:
        """Whether an operation runs on the stack."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


@dataclass(frozen=True, kw_only=True)
class PropertyChange:
    """A property that a change set would change."""

    name: str
    replaces: bool


@dataclass(frozen=True, kw_only=True)
class ResourceChange:
    """What a change set would do to one resource."""

    action: str
    logical_id: str
    type_name: str
    physical_id: str | None = None
    properties: tuple[PropertyChange, ...] = ()

    @property
    def replaces(self) -> bool:
        """Whether the resource would be made anew."""
        return any(change.replaces for change in self.properties)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A resource whose properties do not fit the schema of its type."""

    logical_id: str
    type_name: str
    physical_id: str
    violation: Violation


@dataclass(frozen=True, kw_only=True)
class Desired:
    """What a stack is to become."""

    body: str
    template: Template
    given_parameters: dict[str, str]
    parameters: dict[str, Any]
    tags: list[dict[str, str]]
    capabilities: list[str]
    role_arn: str | None
    import_existing: bool = False
    """Whether resources that exist with their declared name become the stack's instead of failing it."""


@dataclass(kw_only=True)
class ChangeSet:
    """A change set of one stack."""

    name: str
    change_set_id: str
    stack_id: str
    kind: str
    desired: Desired
    changes: tuple[ResourceChange, ...]
    refusals: tuple[Refusal, ...] = ()
    """Why early validation has failed it."""
    status: str
    execution_status: str
    reason: str | None = None
    description: str | None = None
    created: datetime = field(default_factory=now)


class StackStore:
    """The stacks and change sets of all regions."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._stacks: list[Stack] = []
        self._change_sets: list[ChangeSet] = []

    def snapshot(self) -> tuple[list[Stack], list[ChangeSet]]:
        """All stacks and change sets."""
        with self.lock:
            return list(self._stacks), list(self._change_sets)

    def restore(self, kept: tuple[list[Stack], list[ChangeSet]]) -> None:
        """Takes those of another process."""
        with self.lock:
            self._stacks, self._change_sets = kept
        for stack in self._stacks:
            if stack.in_progress:
                stack.end_interrupted()

    def add_stack(self, name: str, region: str) -> Stack:
        """A new, empty stack."""
        stack_id = f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{name}/{uuid.uuid4()}"
        stack = Stack(name=name, region=region, stack_id=stack_id)
        self._stacks.append(stack)
        return stack

    def stacks(self, region: str) -> Iterator[Stack]:
        """All stacks of a region, deleted ones included, oldest first."""
        return (stack for stack in list(self._stacks) if stack.region == region)

    def find_stack(self, name_or_id: str, region: str) -> Stack | None:
        """A stack by its name (not deleted) or by its id (even when deleted)."""
        for stack in self.stacks(region):
            if stack.stack_id == name_or_id or (stack.name == name_or_id and stack.deleted is None):
                return stack
        return None

    def stack(self, name_or_id: str, region: str) -> Stack:
        """As `find_stack`.

        Raises:
            CloudFormationError: there is none.
        """
        found = self.find_stack(name_or_id, region)
        if found is None:
            raise CloudFormationError(f"Stack with id {name_or_id} does not exist")
        return found

    def living_stacks(self, region: str) -> list[Stack]:
        """The stacks of a region that are not deleted."""
        return [stack for stack in self.stacks(region) if stack.deleted is None]

    def add_change_set(self, change_set: ChangeSet) -> None:
        """Keeps a change set, in place of a failed one of the same name."""
        with self.lock:
            self._change_sets = [
                other
                for other in self._change_sets
                if (other.stack_id, other.name) != (change_set.stack_id, change_set.name)
            ]
            self._change_sets.append(change_set)

    def change_sets(self, stack: Stack) -> list[ChangeSet]:
        """The change sets of one stack."""
        with self.lock:
            return [change_set for change_set in self._change_sets if change_set.stack_id == stack.stack_id]

    def find_change_set(self, name_or_id: str, stack_name: str | None, region: str) -> ChangeSet | None:
        """A change set by its id, or by its name and its stack's: several stacks may use one name."""
        stack = self.find_stack(stack_name, region) if stack_name else None
        with self.lock:
            for change_set in reversed(self._change_sets):
                if change_set.change_set_id == name_or_id:
                    return change_set
                if stack and change_set.stack_id == stack.stack_id and change_set.name == name_or_id:
                    return change_set
        return None

    def remove_change_set(self, change_set: ChangeSet) -> None:
        """Forgets a change set; one that is gone already stays gone."""
        with self.lock:
            self._change_sets = [other for other in self._change_sets if other is not change_set]
