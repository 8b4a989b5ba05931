"""Columns that explain a prediction, computed when a request asks for them."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from chem_endpoints.wire.columns import ATOM_WEIGHTS, EXPLANATION_BASE, EXPLANATION_DRAWING, EXPLANATION_PREFIX
from chem_endpoints.wire.manifest import Output
from chem_endpoints.wire.options import EXPLAIN_KEY
from chem_endpoints.wire.rows import each_row
from model_scripts.inputs import Inputs, MatrixColumn
from model_scripts.member import Floats
from model_scripts.reading import Read, Reader, narrowed
from model_scripts.served_model import Columns, ServedModel
from model_scripts.task import Task


def has_one_answer(task: Task) -> bool:
    """Whether there is one number to explain: of one target, its value or the probability of one class."""
    return not task.several


def contribution_outputs(columns: Sequence[MatrixColumn], task: Task) -> tuple[Output, ...]:
    """Declares what each column of the matrix adds to the margin of a model of trees."""
    unit = "log-odds" if task.kind == "classification" else None
    return (
        Output(name=EXPLANATION_BASE, dtype="float64", unit=unit, description="what the model says of an average row"),
        *(
            Output(
                name=f"{EXPLANATION_PREFIX}{column.name}",
                dtype="float64",
                unit=unit,
                description=f"what {column.name} adds to it (TreeSHAP); all together are the model's margin",
            )
            for column in columns
        ),
    )


def contribution_columns(model: ServedModel, contributions: Floats) -> Columns:
    """The columns of `contribution_outputs`, from float64 ``[rows, columns + 1]``, the base last."""
    names = [f"{EXPLANATION_PREFIX}{column.name}" for column in model.reader.columns]
    parts = {name: np.ascontiguousarray(contributions[:, position]) for position, name in enumerate(names)}
    return {EXPLANATION_BASE: np.ascontiguousarray(contributions[:, -1]), **parts}


def atom_outputs(task: Task) -> tuple[Output, ...]:
    """Declares what each atom adds, as numbers and as a picture."""
    of = "the probability of the predicted class" if task.kind == "classification" else "the prediction"
    return (
        Output(
            name=ATOM_WEIGHTS,
            dtype="text",
            description=f"what each heavy atom of smiles_used adds to {of}, in the order of its atoms, a JSON list: the"
            " prediction less the mean of those with another element in its place; 0 where there is none",
        ),
        Output(name=EXPLANATION_DRAWING, dtype="text", description="the structure with these weights as colours: SVG"),
    )


def atoms_on_request(task: Task, reader: Reader) -> dict[str, tuple[Output, ...]]:
    """What the option ``explain`` adds for a family that has atom weights only; nothing without structures."""
    return {EXPLAIN_KEY: atom_outputs(task)} if has_one_answer(task) and reader.policy is not None else {}


def atom_columns(model: ServedModel, read: Read) -> Columns:
    """The columns of `atom_outputs`."""
    from model_scripts.explain.atom_weights import atom_weights, weights_as_text
    from model_scripts.explain.drawing import explanation_svg

    answers = model.mean(read.inputs)
    weights: list[str] = []
    drawings: list[str] = []
    for place, (_, structure) in enumerate(each_row(zip(read.rows.tolist(), read.structures, strict=True))):
        explained = int(answers[place].argmax()) if model.task.classes else 0
        found = atom_weights(structure.molecule, partial(_of_variants, model, read, place, explained))
        weights.append(weights_as_text(found))
        drawings.append(explanation_svg(structure.molecule, found))
    return {
        ATOM_WEIGHTS: np.array(weights, dtype=object),
        EXPLANATION_DRAWING: np.array(drawings, dtype=object),
    }


def _of_variants(model: ServedModel, read: Read, place: int, output: int, molecules: Sequence[Any]) -> Floats:
    """One output, float64 ``[molecules]``, for other structures with the same numbers and categories beside them."""
    own = read.inputs.matrix[place]
    describe = model.reader.describe
    described = 0 if describe is None else len(describe.columns)
    matrix = np.tile(own, (len(molecules), 1))
    if describe is not None:
        for row, molecule in enumerate(molecules):
            matrix[row, :described] = narrowed(describe.describe(molecule))
    return model.mean(Inputs(matrix=matrix, columns=model.reader.columns, molecules=list(molecules)))[:, output]
