"""What all operations on a stack share: contexts for the resource types, events, and the order of deletion."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.cfn_properties import PropertyError
from chem_endpoints.local.cfn_resource_type import Context, HalfMadeError, OperationStoppedError, is_gone
from chem_endpoints.local.cfn_resources.sagemaker import EndpointFailedError
from chem_endpoints.local.cfn_schema_check import SchemaError
from chem_endpoints.local.cfn_stack import CloudFormationError, Event, Stack, StackResource, now
from chem_endpoints.local.cfn_template import TemplateError, creation_order
from chem_endpoints.local.cfn_types import TYPES
from chem_endpoints.local.custom_resources import CustomResourceError
from chem_endpoints.local.own_clients import OwnClients

_LOGGER = logging.getLogger(__name__)
KEEPING_POLICIES = ("Retain", "RetainExceptOnCreate")

EXPECTED_FAILURES = (
    BotoCoreError,
    ClientError,
    CloudFormationError,
    CustomResourceError,
    EndpointFailedError,
    HalfMadeError,
    PropertyError,
    SchemaError,
    TemplateError,
)


class ResourceFailedError(Exception):
    """Resources could not be made, changed or removed; the stack's events say why."""

    def __init__(self, *logical_ids: str) -> None:
        super().__init__(*logical_ids)
        self.logical_ids = logical_ids


class StackWork:
    """One operation on one stack."""

    def __init__(self, stack: Stack, clients: OwnClients, stopping: threading.Event | None = None) -> None:
        """
        Args:
            stack: what is worked on.
            clients: of this local AWS.
            stopping: set when the local AWS ends; None: never.
        """
        self.stack = stack
        self.clients = clients
        self.stopping = stopping or threading.Event()

    def context(self, logical_id: str) -> Context:
        """What the functions of a resource's type need."""
        return Context(
            clients=self.clients,
            region=self.stack.region,
            stack_name=self.stack.name,
            logical_id=logical_id,
            stack_id=self.stack.stack_id,
            stopping=self.stopping,
        )

    def event(self, resource: StackResource, status: str, reason: str | None = None) -> None:
        """Adds a line to the stack's history."""
        resource.status, resource.updated = status, now()
        self.stack.events.append(
            Event(
                logical_id=resource.logical_id,
                physical_id=resource.physical_id,
                type_name=resource.type_name,
                status=status,
                reason=reason,
            )
        )

    @contextmanager
    def reporting(self, resource: StackResource, verb: str) -> Iterator[None]:
        """Writes the events of one step, whatever becomes of it.

        Raises:
            OperationStoppedError: the local AWS ends.
            ResourceFailedError: the step failed; its reason is in the events.
        """
        self.event(resource, f"{verb}_IN_PROGRESS")
        try:
            yield
        except OperationStoppedError:
            raise
        except EXPECTED_FAILURES as error:
            self.event(resource, f"{verb}_FAILED", _reason(error, resource.logical_id))
            raise ResourceFailedError(resource.logical_id) from error
        except Exception as error:
            _LOGGER.exception("%s of %s failed inside the local AWS", verb, resource.type_name)
            self.event(resource, f"{verb}_FAILED", f"Internal failure of the local AWS: {type(error).__name__}")
            raise ResourceFailedError(resource.logical_id) from error
        self.event(resource, f"{verb}_COMPLETE")

    def remove(self, resource: StackResource) -> None:
        """Deletes a resource, with its events; one that somebody has deleted by hand is deleted."""
        delete = TYPES[resource.type_name].delete
        with self.reporting(resource, "DELETE"):
            try:
                delete(self.context(resource.logical_id), resource.made, resource.properties)
            except ClientError as error:
                if not is_gone(error):
                    raise

    def clear_away(self, resource: StackResource, *, keep: bool) -> bool:
        """Removes a resource that the stack no longer holds; a failure is told, and harms nothing else."""
        if keep:
            self.event(resource, "DELETE_SKIPPED")
            return True
        try:
            self.remove(resource)
        except ResourceFailedError:
            return False
        return True


def _reason(error: Exception, logical_id: str) -> str:
    return str(error) if isinstance(error, SchemaError) else f"{error} (resource {logical_id})"


def in_deletion_order(stack: Stack, resources: list[StackResource]) -> list[StackResource]:
    """Users before used, by the template that the resources come from."""
    order = creation_order(stack.state.template.get("Resources") or {})
    return sorted(resources, key=lambda item: -order.index(item.logical_id) if item.logical_id in order else 0)


def run_safely(stack: Stack, work: Callable[[], None], failed_status: str) -> None:
    """Runs an operation to its end; a fault of ours must not leave the stack in progress for ever."""
    try:
        work()
    except OperationStoppedError:
        _LOGGER.info("an operation on stack %s ends with the local AWS", stack.name)
    except Exception:
        _LOGGER.exception("An operation on a stack failed inside the local AWS")
        stack.set_status(failed_status, "Internal failure of the local AWS; its log has the traceback")
