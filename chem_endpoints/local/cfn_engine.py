"""Applies a template to a stack: in order, with events, and with a rollback that restores what was before."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace

from chem_endpoints.local.cfn_exports import Exports
from chem_endpoints.local.cfn_plan import (
    changed_properties,
    outputs_of,
    present_resources,
    resolver_for,
    wanted_properties,
)
from chem_endpoints.local.cfn_resource_type import HalfMadeError, OperationStoppedError, ResourceType
from chem_endpoints.local.cfn_rollback import Rollback
from chem_endpoints.local.cfn_schema_check import check_properties, refusal_words
from chem_endpoints.local.cfn_stack import (
    CloudFormationError,
    Desired,
    Made,
    Output,
    Refusal,
    Stack,
    StackResource,
    StackState,
    Step,
)
from chem_endpoints.local.cfn_template import Resolver, TemplateError
from chem_endpoints.local.cfn_types import TYPES
from chem_endpoints.local.cfn_work import KEEPING_POLICIES, ResourceFailedError, StackWork, in_deletion_order
from chem_endpoints.local.own_clients import OwnClients

_LOGGER = logging.getLogger(__name__)


class UpdateCancelledError(Exception):
    """The user has cancelled the update, or deleted the stack while it is created."""


class Deployment(StackWork):
    """Creates or updates a stack."""

    def __init__(
        self,
        stack: Stack,
        desired: Desired,
        clients: OwnClients,
        exports: Exports,
        *,
        rollback: bool = True,
        delete_retained: bool = False,
        stopping: threading.Event | None = None,
    ) -> None:
        """
        Args:
            stack: the stack, in progress already.
            desired: what it is to become.
            clients: of this local AWS.
            exports: of the stack's region.
            rollback: whether a failure restores what was before.
            delete_retained: whether a rollback deletes new resources even with ``DeletionPolicy: Retain``.
            stopping: set when the local AWS ends.
        """
        super().__init__(stack, clients, stopping)
        self._desired, self._exports = desired, exports
        self._rollback, self._delete_retained = rollback, delete_retained
        self._verb = "CREATE" if stack.status == "CREATE_IN_PROGRESS" else "UPDATE"
        if self._verb == "CREATE":  # GetTemplate shows it also when the creation fails
            stack.state = replace(stack.state, body=desired.body, template=desired.template)
        if not stack.steps:
            stack.stable = None if self._verb == "CREATE" else stack.state
        self._resources = dict(stack.state.resources)
        self._resolver: Resolver = resolver_for(stack, desired, self._resources, exports.values())

    def run(self, refusals: Sequence[Refusal] = ()) -> None:
        """Applies the template.

        Args:
            refusals: what the plan has found wrong; with any, nothing is made.
        """
        try:
            self._refuse(refusals)
            wanted = present_resources(self._resolver)
            for name in wanted:
                self._end_early_if_told()
                self._apply(name)
            self._end_early_if_told()
            outputs = outputs_of(self._resolver)
            self._exports.refuse_change(self.stack, outputs)
        except OperationStoppedError:
            raise
        except UpdateCancelledError:
            self._fail("User Initiated")
        except ResourceFailedError as failure:
            names = ", ".join(failure.logical_ids)
            self._fail(f"The following resource(s) failed to {self._verb.lower()}: [{names}].")
        except (TemplateError, CloudFormationError) as error:
            self._fail(str(error))
        except Exception as error:
            _LOGGER.exception("A deployment failed inside the local AWS")
            self._fail(f"Internal failure of the local AWS: {type(error).__name__}.")
        else:
            self._keep(outputs, set(wanted))

    def _refuse(self, refusals: Sequence[Refusal]) -> None:
        by_resource: dict[str, list[Refusal]] = {}
        for refusal in refusals:
            by_resource.setdefault(refusal.logical_id, []).append(refusal)
        for name, found in by_resource.items():
            resource = StackResource(
                logical_id=name,
                type_name=found[0].type_name,
                properties={},
                made=Made(physical_id=found[0].physical_id),
            )
            self.event(resource, f"{self._verb}_FAILED", refusal_words(name, [item.violation for item in found]))
        if by_resource:
            raise ResourceFailedError(*by_resource)

    def _end_early_if_told(self) -> None:
        if self.stopping.is_set():
            raise OperationStoppedError
        if self.stack.cancelled.is_set():
            raise UpdateCancelledError

    def _apply(self, name: str) -> None:
        declared = self._desired.template["Resources"][name]
        existing = self._resources.get(name)
        wanted = StackResource(
            logical_id=name,
            type_name=declared["Type"],
            properties=wanted_properties(self._resolver, self.stack, self._desired, name),
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

    def _checked_type(self, wanted: StackResource) -> ResourceType:
        """The resource's type, which takes the properties that it is to have.

        Raises:
            SchemaError: the properties do not fit the schema.
            PropertyError: the local AWS does not apply one of them.
        """
        resource_type = TYPES[wanted.type_name]
        check_properties(wanted.type_name, self.stack.region, wanted.logical_id, wanted.properties)
        resource_type.refuse_unknown(wanted.properties)
        return resource_type

    def _adopted(self, wanted: StackResource) -> Made | None:
        """What exists with the declared name, if the deployment may import it."""
        adopt = TYPES[wanted.type_name].adopt
        if adopt is None or not self._desired.import_existing or wanted.deletion_policy not in KEEPING_POLICIES:
            return None
        return adopt(self.context(wanted.logical_id), wanted.properties)

    def _create(self, wanted: StackResource, before: StackResource | None) -> None:
        existing = self._adopted(wanted) if before is None else None
        if existing is not None:
            with self.reporting(wanted, "IMPORT"):
                wanted.made = existing
            self.stack.steps.append(Step(after=wanted, adopted=True))
            self._resources[wanted.logical_id] = wanted
            return
        with self.reporting(wanted, "CREATE" if before is None else "UPDATE"):
            resource_type = self._checked_type(wanted)
            try:
                wanted.made = resource_type.create(self.context(wanted.logical_id), wanted.properties)
            except HalfMadeError as error:
                wanted.made = error.made
                self.stack.steps.append(Step(after=wanted, before=before, replaced=before is not None))
                raise
        self.stack.steps.append(Step(after=wanted, before=before, replaced=before is not None))
        self._resources[wanted.logical_id] = wanted

    def _replace(self, wanted: StackResource, existing: StackResource) -> None:
        """Makes the successor first; the predecessor goes when all else has succeeded."""
        if not self._rollback:
            self._fail_replacement(wanted, "Replacement type updates not supported on stack with disable-rollback.")
        name_property = TYPES[wanted.type_name].name_property or ""
        name = wanted.properties.get(name_property)
        if name is not None and name == existing.properties.get(name_property):
            self._fail_replacement(
                wanted,
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {name} and update the stack again.",
            )
        wanted.made = Made(physical_id="")
        self._create(wanted, before=existing)

    def _fail_replacement(self, wanted: StackResource, reason: str) -> None:
        self.event(wanted, "UPDATE_FAILED", reason)
        raise ResourceFailedError(wanted.logical_id)

    def _update(self, wanted: StackResource, existing: StackResource) -> None:
        update = TYPES[wanted.type_name].update
        if update is None:
            raise CloudFormationError(f"{wanted.type_name} cannot be updated in place")
        with self.reporting(wanted, "UPDATE"):
            self._checked_type(wanted).refuse_fixed(existing.properties, wanted.properties)
            # The step is noted first: an update that fails half-way must be restored as well.
            self.stack.steps.append(Step(after=wanted, before=existing))
            context = self.context(wanted.logical_id)
            wanted.made = update(context, existing.made, existing.properties, wanted.properties)
        self._resources[wanted.logical_id] = wanted

    def _keep(self, outputs: list[Output], wanted: set[str]) -> None:
        """Makes the new state the stack's own, and clears away what it no longer holds."""
        removed = [resource for name, resource in self.stack.state.resources.items() if name not in wanted]
        replaced = [step.before for step in self.stack.steps if step.before and (step.replaced or _has_moved(step))]
        leftovers = in_deletion_order(self.stack, removed + replaced)
        self._adopt_desired(outputs, wanted)
        self.stack.steps, self.stack.stable = [], self.stack.state
        if leftovers:
            self.stack.set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            for resource in leftovers:
                policy = resource.replace_policy if resource in replaced else resource.deletion_policy
                self.clear_away(resource, keep=policy in KEEPING_POLICIES)
        self.stack.set_status(f"{self._verb}_COMPLETE")

    def _adopt_desired(self, outputs: list[Output], wanted: set[str]) -> None:
        desired = self._desired
        self.stack.state = StackState(
            body=desired.body,
            template=desired.template,
            given_parameters=desired.given_parameters,
            parameters=desired.parameters,
            tags=desired.tags,
            capabilities=desired.capabilities,
            role_arn=desired.role_arn,
            outputs=outputs,
            resources={name: resource for name, resource in self._resources.items() if name in wanted},
            imports=frozenset(self._resolver.imported),
        )

    def _fail(self, reason: str) -> None:
        if self.stack.status == "DELETE_IN_PROGRESS":  # Its deletion waits, and takes what has been made.
            self._adopt_desired(self.stack.state.outputs, set(self._resources))
            return
        if self._rollback:
            work = Rollback(self.stack, self.clients, self.stopping)
            work.run(f"{reason} Rollback requested by user.", delete_retained=self._delete_retained)
            return
        self._adopt_desired(self.stack.state.outputs, set(self._resources))
        self.stack.set_status(f"{self._verb}_FAILED", reason)


def _has_moved(step: Step) -> bool:
    return TYPES[step.after.type_name].moves and step.moved
