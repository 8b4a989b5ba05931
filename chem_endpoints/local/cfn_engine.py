"""Applies a template to a stack: in order, with events, and with a rollback that restores what was before."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.cfn_plan import (
    Exports,
    changed_properties,
    outputs_of,
    present_resources,
    resolver_for,
)
from chem_endpoints.local.cfn_properties import PropertyError
from chem_endpoints.local.cfn_resource_type import Context
from chem_endpoints.local.cfn_resources.sagemaker import EndpointFailedError
from chem_endpoints.local.cfn_stack import CloudFormationError, Desired, Event, Made, Output, Stack, StackResource, now
from chem_endpoints.local.cfn_template import Resolver, TemplateError, creation_order
from chem_endpoints.local.cfn_types import TYPES
from chem_endpoints.local.own_clients import OwnClients

_LOGGER = logging.getLogger(__name__)
_KEEPING = ("Retain", "RetainExceptOnCreate")

EXPECTED_FAILURES = (
    BotoCoreError,
    ClientError,
    CloudFormationError,
    EndpointFailedError,
    PropertyError,
    TemplateError,
)


class ResourceFailedError(Exception):
    """A resource could not be made, changed or removed; the stack's events say why."""

    def __init__(self, logical_id: str) -> None:
        super().__init__(logical_id)
        self.logical_id = logical_id


@dataclass(frozen=True, kw_only=True)
class _Step:
    """A resource that this deployment made or changed; ``before`` is what it was."""

    after: StackResource
    before: StackResource | None = None
    replaced: bool = False
    adopted: bool = False
    """Whether it was there before this deployment, outside any stack."""


class StackWork:
    """One operation on one stack: what `Deployment` and `Deletion` share."""

    def __init__(self, stack: Stack, clients: OwnClients) -> None:
        self.stack = stack
        self._clients = clients

    def context(self, logical_id: str) -> Context:
        """What the functions of a resource's type need."""
        return Context(
            clients=self._clients,
            region=self.stack.region,
            stack_name=self.stack.name,
            logical_id=logical_id,
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
            ResourceFailedError: the step failed; its reason is in the events.
        """
        self.event(resource, f"{verb}_IN_PROGRESS")
        try:
            yield
        except EXPECTED_FAILURES as error:
            self.event(resource, f"{verb}_FAILED", f"{error} (resource {resource.logical_id})")
            raise ResourceFailedError(resource.logical_id) from error
        except Exception as error:
            _LOGGER.exception("%s of %s failed inside the local AWS", verb, resource.type_name)
            self.event(resource, f"{verb}_FAILED", f"Internal failure of the local AWS: {type(error).__name__}")
            raise ResourceFailedError(resource.logical_id) from error
        self.event(resource, f"{verb}_COMPLETE")

    def remove(self, resource: StackResource) -> None:
        """Deletes a resource, with its events."""
        with self.reporting(resource, "DELETE"):
            delete = TYPES[resource.type_name].delete
            delete(self.context(resource.logical_id), resource.made, resource.properties)


class Deployment(StackWork):
    """Creates or updates a stack."""

    def __init__(self, stack: Stack, desired: Desired, clients: OwnClients, exports: Exports) -> None:
        super().__init__(stack, clients)
        self._desired = desired
        self._verb = "CREATE" if stack.status == "CREATE_IN_PROGRESS" else "UPDATE"
        if self._verb == "CREATE":
            stack.body = desired.body  # GetTemplate shows it also when the creation fails
        self._resources = dict(stack.resources)
        self._resolver: Resolver = resolver_for(stack, desired, self._resources, exports)
        self._steps: list[_Step] = []

    def run(self, *, rollback: bool = True) -> None:
        """Applies the template; on a failure restores what was before, unless told not to."""
        try:
            wanted = present_resources(self._resolver)
            for name in wanted:
                self._apply(name)
            outputs = outputs_of(self._resolver)
        except ResourceFailedError as failure:
            self._fail(f"The following resource(s) failed to {self._verb.lower()}: [{failure.logical_id}].", rollback)
        except (TemplateError, CloudFormationError) as error:
            self._fail(str(error), rollback)
        except Exception as error:
            _LOGGER.exception("A deployment failed inside the local AWS")
            self._fail(f"Internal failure of the local AWS: {type(error).__name__}.", rollback)
        else:
            self._keep(outputs, set(wanted))

    def _apply(self, name: str) -> None:
        declared = self._desired.template["Resources"][name]
        existing = self._resources.get(name)
        wanted = StackResource(
            logical_id=name,
            type_name=declared["Type"],
            properties=self._resolver.resolve(declared.get("Properties") or {}),
            made=existing.made if existing else Made(physical_id=""),
            deletion_policy=declared.get("DeletionPolicy", "Delete"),
            replace_policy=declared.get("UpdateReplacePolicy", "Delete"),
        )
        if existing is None:
            self._create(wanted, before=None)
            return
        changed = changed_properties(wanted.type_name, existing.properties, wanted.properties)
        if any(change.replaces for change in changed):
            self._replace(wanted, existing)
        elif changed:
            self._update(wanted, existing)
        else:
            # A copy: a rollback gives the stack its resources as they were.
            self._resources[name] = replace(
                existing, deletion_policy=wanted.deletion_policy, replace_policy=wanted.replace_policy
            )

    def _adopted(self, wanted: StackResource) -> Made | None:
        """What exists with the declared name, if the deployment may import it."""
        adopt = TYPES[wanted.type_name].adopt
        if adopt is None or not self._desired.import_existing or wanted.deletion_policy not in _KEEPING:
            return None
        return adopt(self.context(wanted.logical_id), wanted.properties)

    def _create(self, wanted: StackResource, before: StackResource | None) -> None:
        existing = self._adopted(wanted) if before is None else None
        if existing is not None:
            with self.reporting(wanted, "IMPORT"):
                wanted.made = existing
            self._steps.append(_Step(after=wanted, adopted=True))
            self._resources[wanted.logical_id] = wanted
            return
        resource_type = TYPES[wanted.type_name]
        with self.reporting(wanted, "CREATE" if before is None else "UPDATE"):
            resource_type.refuse_unknown(wanted.properties)
            wanted.made = resource_type.create(self.context(wanted.logical_id), wanted.properties)
        self._steps.append(_Step(after=wanted, before=before, replaced=before is not None))
        self._resources[wanted.logical_id] = wanted

    def _replace(self, wanted: StackResource, existing: StackResource) -> None:
        """Makes the successor first; the predecessor goes when all else has succeeded."""
        name_property = TYPES[wanted.type_name].name_property or ""
        name = wanted.properties.get(name_property)
        if name is not None and name == existing.properties.get(name_property):
            reason = (
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {name} and update the stack again."
            )
            self.event(wanted, "UPDATE_FAILED", reason)
            raise ResourceFailedError(wanted.logical_id)
        wanted.made = Made(physical_id="")
        self._create(wanted, before=existing)

    def _update(self, wanted: StackResource, existing: StackResource) -> None:
        resource_type = TYPES[wanted.type_name]
        update = resource_type.update
        if update is None:
            raise CloudFormationError(f"{wanted.type_name} cannot be updated in place")
        with self.reporting(wanted, "UPDATE"):
            resource_type.refuse_unknown(wanted.properties)
            resource_type.refuse_fixed(existing.properties, wanted.properties)
            # The step is noted first: an update that fails half-way must be restored as well.
            self._steps.append(_Step(after=wanted, before=existing))
            context = self.context(wanted.logical_id)
            wanted.made = update(context, existing.made, existing.properties, wanted.properties)
        self._resources[wanted.logical_id] = wanted

    def _keep(self, outputs: list[Output], wanted: set[str]) -> None:
        """Makes the new state the stack's own, and clears away what it no longer holds."""
        removed = [resource for name, resource in self.stack.resources.items() if name not in wanted]
        replaced = [step.before for step in self._steps if step.replaced and step.before]
        leftovers = _in_deletion_order(self.stack, removed + replaced)
        self._adopt_desired(outputs, wanted)
        if leftovers:
            self.stack.set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            for resource in leftovers:
                policy = resource.replace_policy if resource in replaced else resource.deletion_policy
                self._clear_away(resource, keep=policy in _KEEPING)
        self.stack.set_status(f"{self._verb}_COMPLETE")

    def _adopt_desired(self, outputs: list[Output], wanted: set[str]) -> None:
        stack, desired = self.stack, self._desired
        stack.body, stack.template = desired.body, desired.template
        stack.given_parameters, stack.parameters = desired.given_parameters, desired.parameters
        stack.tags, stack.capabilities, stack.role_arn = desired.tags, desired.capabilities, desired.role_arn
        stack.outputs = outputs
        stack.resources = {name: resource for name, resource in self._resources.items() if name in wanted}

    def _clear_away(self, resource: StackResource, *, keep: bool) -> bool:
        """Removes a resource that the stack no longer holds; a failure is told, and harms nothing else."""
        if keep:
            self.event(resource, "DELETE_SKIPPED")
            return True
        try:
            self.remove(resource)
        except ResourceFailedError:
            return False
        return True

    def _fail(self, reason: str, rollback: bool) -> None:
        if not rollback:
            self._adopt_desired(self.stack.outputs, set(self._resources))
            self.stack.set_status(f"{self._verb}_FAILED", reason)
            return
        prefix = "ROLLBACK" if self._verb == "CREATE" else "UPDATE_ROLLBACK"
        self.stack.set_status(f"{prefix}_IN_PROGRESS", f"{reason} Rollback requested by user.")
        done = self._restore() and self._remove_created()
        self.stack.set_status(f"{prefix}_{'COMPLETE' if done else 'FAILED'}")

    def _restore(self) -> bool:
        """Gives every changed resource its previous properties back, last change first."""
        restored = True
        for step in reversed(self._steps):
            if step.before is not None and not step.replaced:
                restored = self._restore_one(step.after, step.before) and restored
        return restored

    def _restore_one(self, after: StackResource, before: StackResource) -> bool:
        update = TYPES[after.type_name].update
        try:
            with self.reporting(before, "UPDATE"):
                if update is not None:
                    context = self.context(before.logical_id)
                    before.made = update(context, after.made, after.properties, before.properties)
        except ResourceFailedError:
            return False
        return True

    def _remove_created(self) -> bool:
        """Removes what this deployment made, last first."""
        if self._verb == "UPDATE":
            self.stack.set_status("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        made = [step for step in reversed(self._steps) if not step.adopted]
        created = [step.after for step in made if step.before is None or step.replaced]
        removed = [self._clear_away(item, keep=item.deletion_policy == "Retain") for item in created]
        return all(removed)


class Deletion(StackWork):
    """Deletes a stack with all that it holds."""

    def run(self, *, retain: tuple[str, ...] = ()) -> None:
        """Deletes the resources, users before used; what cannot be deleted stays in the stack and is named."""
        failed = []
        for resource in _in_deletion_order(self.stack, list(self.stack.resources.values())):
            if resource.deletion_policy in _KEEPING or resource.logical_id in retain:
                self.event(resource, "DELETE_SKIPPED")
            else:
                try:
                    self.remove(resource)
                except ResourceFailedError:
                    failed.append(resource.logical_id)
                    continue
            del self.stack.resources[resource.logical_id]
        if failed:
            reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]."
            self.stack.set_status("DELETE_FAILED", reason)
            return
        self.stack.outputs = []
        self.stack.deleted = now()
        self.stack.set_status("DELETE_COMPLETE")


def _in_deletion_order(stack: Stack, resources: list[StackResource]) -> list[StackResource]:
    """Users before used, by the template that the resources come from."""
    order = creation_order(stack.template.get("Resources") or {})
    return sorted(resources, key=lambda item: -order.index(item.logical_id) if item.logical_id in order else 0)


def run_safely(stack: Stack, work: Callable[[], None], failed_status: str) -> None:
    """Runs an operation to its end; a fault of ours must not leave the stack in progress for ever."""
    try:
        work()
    except Exception:
        _LOGGER.exception("An operation on a stack failed inside the local AWS")
        stack.set_status(failed_status, "Internal failure of the local AWS; its log has the traceback")
