"""Serves boosted trees, on descriptors of structures, on numbers and on categories; regression and classification."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.manifest import Output
from chem_endpoints.wire.options import EXPLAIN_KEY
from model_scripts.explanations import (
    atom_columns,
    atom_outputs,
    contribution_columns,
    contribution_outputs,
    has_one_answer,
)
from model_scripts.inputs import Inputs
from model_scripts.reading import Read, Reader
from model_scripts.served_model import Columns, ServedModel, load_model, predict
from model_scripts.task import Task
from model_scripts.xgboost_member import XGBoostMember, load_member

if TYPE_CHECKING:  # numbers are served without
    import pandas as pd


def model_fn(model_dir: str) -> ServedModel:
    """Loads the artifacts of a verified bundle.

    Raises:
        BundleError: see `load_model`.
    """
    return load_model(model_dir, load_member)


def predict_fn(df: "pd.DataFrame", model: ServedModel, *, asked: Collection[str] = ()) -> "pd.DataFrame":
    """Adds the manifest's outputs and ``prediction_error``; rows, order and index stay."""
    return predict(df, model, asked, {EXPLAIN_KEY: _explain})


def predict_matrix_fn(matrix: npt.NDArray[np.float32], model: ServedModel) -> tuple[Columns, Mapping[int, str]]:
    """Outputs float64 ``[rows]`` for float32 ``[rows, features]``, where NaN is a missing feature; no row fails."""
    return model.number_columns(Inputs(matrix=matrix, columns=model.reader.columns)), {}


def on_request(task: Task, reader: Reader) -> dict[str, tuple[Output, ...]]:
    """What the option ``explain`` adds: exact contributions of the columns, and weights of the atoms."""
    outputs: tuple[Output, ...] = ()
    if has_one_answer(task) and len(task.classes) <= 2:
        outputs += contribution_outputs(reader.columns, task)
    if has_one_answer(task) and reader.policy is not None:
        outputs += atom_outputs(task)
    return {EXPLAIN_KEY: outputs} if outputs else {}


def _explain(model: ServedModel, read: Read) -> Columns:
    columns: Columns = {}
    if len(model.task.classes) <= 2:
        columns |= contribution_columns(model, _contributions(model, read.inputs.matrix))
    return columns | atom_columns(model, read) if model.reader.policy is not None else columns


def _contributions(model: ServedModel, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Mean over the members that the prediction is the mean of, float64 ``[rows, columns + 1]``, the base last."""
    from model_scripts.explain.tree_shap import contributions

    total = np.zeros((len(matrix), matrix.shape[1] + 1))
    for member in model.refits:
        if not isinstance(member, XGBoostMember):
            raise TypeError(f"a member of another family: {type(member).__name__}")
        total += contributions(member.boosters[0], matrix, 1)[:, 0, :]
    return total / len(model.refits)
