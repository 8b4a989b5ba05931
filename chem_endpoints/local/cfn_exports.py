"""Exports of the stacks of one region: unique by name, and not changed or deleted while another stack imports them."""

from collections.abc import Sequence

from chem_endpoints.local.cfn_stack import CloudFormationError, Output, Stack, StackStore


class Exports:
    """What the stacks of one region export to each other."""

    def __init__(self, store: StackStore, region: str) -> None:
        self._store, self._region = store, region

    def values(self) -> dict[str, str]:
        """Value by name."""
        return {name: output.value for name, (output, _) in self.listing().items()}

    def listing(self) -> dict[str, tuple[Output, Stack]]:
        """Output and exporting stack, by the export's name."""
        return {
            output.export: (output, stack)
            for stack in self._store.living_stacks(self._region)
            for output in stack.state.outputs
            if output.export
        }

    def importers(self, name: str) -> list[Stack]:
        """The stacks that import an export."""
        return [stack for stack in self._store.living_stacks(self._region) if name in stack.state.imports]

    def refuse_change(self, stack: Stack, outputs: Sequence[Output]) -> None:
        """Refuses a stack's new outputs where another stack's exports or imports stand against them.

        Raises:
            CloudFormationError: with CloudFormation's words.
        """
        taken = self.listing()
        for output in outputs:
            exporter = taken[output.export][1] if output.export in taken else stack
            if exporter is not stack:
                raise CloudFormationError(
                    f"Export with name {output.export} is already exported by stack {exporter.name}"
                )
        new = {output.export: output.value for output in outputs}
        for output in stack.state.outputs:
            users = self.importers(output.export) if output.export else []
            if users and output.export not in new:
                raise _in_use("Delete canceled. Cannot delete", output, users)
            if users and new[output.export] != output.value:
                raise _in_use("Cannot update", output, users)


def _in_use(beginning: str, output: Output, users: Sequence[Stack]) -> CloudFormationError:
    names = " and ".join(stack.name for stack in users)
    return CloudFormationError(f"{beginning} export {output.export} as it is in use by {names}.")
