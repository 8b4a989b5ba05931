"""What the manifest of a trained bundle declares: targets, the columns that are answered, the descriptors."""

from dataclasses import dataclass
from types import ModuleType

from chem_endpoints.wire.manifest import DescriptorSet, Output, answer_columns
from model_scripts.structure_columns import STRUCTURE_OUTPUTS
from model_scripts.training.request import TrainingRequest
from model_scripts.training.table import TrainingError, TrainingTable
from model_scripts.trust.columns import neighbour_outputs, trust_outputs


@dataclass(frozen=True, kw_only=True)
class Declared:
    """Parts of a manifest."""

    targets: tuple[Output, ...]
    outputs: tuple[Output, ...]
    on_request: dict[str, tuple[Output, ...]]
    descriptors: DescriptorSet | None


def declared(request: TrainingRequest, table: TrainingTable, script: ModuleType) -> Declared:
    """The declarations of a bundle that ``script`` will serve.

    Raises:
        TrainingError: a feature, or a class, bears the name of a column that is answered.
    """
    task = table.task
    outputs = trust_outputs(task, [request.unit] * len(task.targets))
    if request.smiles:
        outputs += STRUCTURE_OUTPUTS
    if request.neighbours:
        outputs += neighbour_outputs(task, request.unit, "similarity" if request.smiles else "distance")
    on_request = script.on_request(task, table.reader)
    _check_names(request, outputs, on_request)
    return Declared(
        targets=_targets(request, table), outputs=outputs, on_request=on_request, descriptors=_descriptors(table)
    )


def _targets(request: TrainingRequest, table: TrainingTable) -> tuple[Output, ...]:
    return tuple(
        Output(
            name=name,
            dtype="text" if table.task.classes else "float64",
            unit=request.unit,
            description=request.description,
        )
        for name in table.task.targets
    )


def _descriptors(table: TrainingTable) -> DescriptorSet | None:
    describe, gaps = table.reader.describe, table.reader.gaps
    if describe is None:
        return None
    in_order = tuple(name for name in describe.columns if name in gaps)
    return DescriptorSet(name=describe.name, version=describe.version, columns=describe.columns, gaps=in_order)


def _check_names(
    request: TrainingRequest, outputs: tuple[Output, ...], on_request: dict[str, tuple[Output, ...]]
) -> None:
    answered = [output.name for output in answer_columns(outputs)]
    answered += [output.name for added in on_request.values() for output in added]
    doubled = sorted({name for name in answered if answered.count(name) > 1})
    if doubled:
        raise TrainingError(f"{request.data}: two columns of the answer would be called {doubled}; rename the classes")
    reserved = sorted(set(answered).intersection((*request.numbers, *request.categories)))
    if reserved:
        raise TrainingError(f"{request.data}: {reserved} are names of the model's answers; rename these features")
