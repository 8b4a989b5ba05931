"""How a CloudFormation type is declared here, and what its functions get."""

import re
import secrets
import string
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.local.address import ACCOUNT
from chem_endpoints.local.cfn_properties import PropertyError, as_parameters
from chem_endpoints.local.cfn_stack import Made
from chem_endpoints.local.own_clients import OwnClients

Values = Mapping[str, Any]
_SUFFIX_LETTERS = string.ascii_uppercase + string.digits


class OperationStoppedError(Exception):
    """The local AWS ends in the middle of an operation."""


class HalfMadeError(Exception):
    """A creation that failed and left something, which the rollback deletes."""

    def __init__(self, message: str, made: Made) -> None:
        super().__init__(message)
        self.made = made


@dataclass(frozen=True, kw_only=True)
class Context:
    """For whom a resource is made, and by which clients."""

    clients: OwnClients
    region: str
    stack_name: str
    logical_id: str
    stack_id: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the local AWS ends."""

    def pause(self, seconds: float) -> None:
        """Waits between two looks at a resource that takes its time.

        Raises:
            OperationStoppedError: the local AWS ends.
        """
        if self.stopping.wait(seconds):
            raise OperationStoppedError

    def client(self, service: str) -> Any:
        """boto3 client of this local AWS."""
        return self.clients(service, self.region)

    def call(self, service: str, operation: str, properties: Values) -> dict[str, Any]:
        """Calls an operation with properties as parameters; unknown ones are refused."""
        client = self.client(service)
        model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
        answer: dict[str, Any] = getattr(client, operation)(**as_parameters(model.input_shape, properties))
        return answer

    def name(self, limit: int = 63) -> str:
        """A physical name as CloudFormation makes it: stack, logical id, random suffix."""
        suffix = "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(12))
        stack, logical_id = self.stack_name, self.logical_id
        room = limit - len(suffix) - 2
        stack = stack[: max(room - len(logical_id), room // 2)]
        return f"{stack}-{logical_id[: room - len(stack)]}-{suffix}"

    def lower_name(self, limit: int = 63) -> str:
        """As `name`, for services that allow lower case only."""
        return re.sub("[^a-z0-9-]", "-", self.name(limit).lower())

    def arn(self, service: str, resource: str) -> str:
        """An ARN of this account and region."""
        return f"arn:aws:{service}:{self.region}:{ACCOUNT}:{resource}"


@contextmanager
def undone_on_failure(undo: Callable[[], object]) -> Iterator[None]:
    """Undoes the first step of a creation when a later one fails: a failed creation leaves nothing."""
    try:
        yield
    except BaseException:
        undo()
        raise


def is_gone(error: ClientError) -> bool:
    """Whether a service says that something is not there, each in its own words."""
    code = str(error.response["Error"]["Code"])
    return "NotFound" in code or code.startswith("NoSuch") or "could not find" in str(error).lower()


def change_tags(
    old: Values,
    new: Values,
    *,
    remove: Callable[[list[str]], object],
    add: Callable[[list[dict[str, str]]], object],
) -> None:
    """Gives a resource the new properties' tags in place of the old ones'."""
    before, after = old.get("Tags") or [], new.get("Tags") or []
    if before == after:
        return
    if before:
        remove([tag["Key"] for tag in before])
    if after:
        add(after)


Create = Callable[[Context, Values], Made]
Update = Callable[[Context, Made, Values, Values], Made]
Delete = Callable[[Context, Made, Values], None]


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One CloudFormation type: what makes, changes and removes its resources."""

    name: str
    create: Create
    delete: Delete
    update: Update | None = None
    """None: every change replaces the resource."""
    replaced_by: frozenset[str] = frozenset()
    """Properties whose change replaces the resource."""
    name_property: str | None = None
    """Property with the literal name: with it, a replacement would collide with its predecessor."""
    known: frozenset[str] | None = None
    """All properties that the local AWS applies; None: those that the operation of `ApiCalls` has."""
    fixed: frozenset[str] = frozenset()
    """Properties that the local AWS applies at creation only: a later change of them is refused."""

    moves: bool = False
    """Whether an update may end with another physical id: what has the former one is deleted afterwards."""

    adopt: Callable[[Context, Values], Made | None] | None = None
    """Finds a resource with the declared name that exists already; None: such resources cannot be imported."""

    def replaces(self, property_name: str) -> bool:
        """Whether a change of this property makes the resource anew."""
        return self.update is None or property_name in self.replaced_by

    def refuse_unknown(self, properties: Values) -> None:
        """Refuses a property that would otherwise be dropped in silence.

        Raises:
            PropertyError: the type does not have it, or the local AWS does not apply it.
        """
        unknown = sorted(set(properties) - self.known) if self.known is not None else []
        if unknown:
            raise PropertyError(f"#: extraneous key [{', '.join(unknown)}] is not permitted")

    def refuse_fixed(self, old: Values, new: Values) -> None:
        """Refuses a change that no operation of the local AWS makes.

        Raises:
            PropertyError: with the properties' names.
        """
        changed = sorted(name for name in self.fixed if old.get(name) != new.get(name))
        if changed:
            raise PropertyError(f"#: the local AWS cannot change [{', '.join(changed)}] of an existing resource")


Prepare = Callable[[Context, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ApiCalls:
    """A type whose properties are the parameters of one operation: the row of the table."""

    service: str
    create: str
    delete: str
    delete_with: tuple[str, ...]
    """Parameters of the delete operation, taken from those of the create operation."""
    delete_as_list: bool = False
    """The delete operation takes a list of names (``delete_alarms``)."""
    name_property: str | None = None
    name_parameter: str | None = None
    name_limit: int = 63
    prepare: Prepare = field(default=lambda _context, parameters: parameters)
    made: Callable[[Context, Values, Values], Made]
    """Physical id and attributes, from the parameters and the answer."""

    def parameters(self, context: Context, properties: Values, name: str | None = None) -> dict[str, Any]:
        """The create operation's parameters."""
        parameters = dict(properties)
        if self.name_property:
            given_name = parameters.pop(self.name_property, name) or context.name(self.name_limit)
            parameters[self.name_parameter or self.name_property] = given_name
        return self.prepare(context, parameters)

    def run_create(self, context: Context, properties: Values) -> Made:
        """Makes the resource."""
        return self._put(context, self.parameters(context, properties))

    def run_update(self, context: Context, made: Made, _old: Values, new: Values) -> Made:
        """Calls the create operation again: it overwrites."""
        return self._put(context, self.parameters(context, new, made.attributes.get("_name")))

    def run_delete(self, context: Context, made: Made, properties: Values) -> None:
        """Removes the resource."""
        parameters = self.parameters(context, properties, made.attributes.get("_name"))
        if self.delete_as_list:
            getattr(context.client(self.service), self.delete)(
                **{f"{name}s": [parameters[name]] for name in self.delete_with}
            )
        else:
            context.call(self.service, self.delete, {name: parameters[name] for name in self.delete_with})

    def _put(self, context: Context, parameters: dict[str, Any]) -> Made:
        made = self.made(context, parameters, context.call(self.service, self.create, parameters))
        if not self.name_property:
            return made
        name = parameters[self.name_parameter or self.name_property]
        return Made(physical_id=made.physical_id, attributes={**made.attributes, "_name": name})


def api_type(
    name: str, calls: ApiCalls, *, replaced_by: frozenset[str] = frozenset(), update: Update | None = None
) -> ResourceType:
    """A resource type that is one row of `ApiCalls`; without an update of its own it is created over again."""
    by_name = frozenset((calls.name_property,)) if calls.name_property else frozenset()
    return ResourceType(
        name=name,
        create=calls.run_create,
        update=update or calls.run_update,
        delete=calls.run_delete,
        replaced_by=replaced_by | by_name,
        name_property=calls.name_property,
    )
