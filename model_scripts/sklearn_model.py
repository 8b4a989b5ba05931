"""Serves scikit-learn pipelines, stored with skops: no pickle, and no type that the bundle does not name."""

import json
from collections.abc import Collection
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.options import EXPLAIN_KEY
from model_scripts.explanations import atom_columns
from model_scripts.explanations import atoms_on_request as on_request
from model_scripts.inputs import Inputs
from model_scripts.member import Floats
from model_scripts.served_model import ServedModel, load_model, predict
from model_scripts.skops_file import from_bytes, to_bytes, types_beyond
from model_scripts.task import Kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SklearnMember", "load_member", "model_fn", "on_request", "predict_fn"]

FOLDER = "members"
SUFFIX = ".skops"
TRUSTED_SUFFIX = ".trusted.json"


@dataclass(frozen=True, kw_only=True)
class SklearnMember:
    """A fitted model: one estimator for one target.

    Attributes:
        estimators: one per target, in the targets' order; each takes float64 ``[rows, columns]``.
        kind: what they predict.
        classes: number of classes of a classification with one target; 0 otherwise.
        complete: positions of the columns that must hold a value: no training row lacked one, and the estimators do not
            say what a missing one means.
        row_by_row: whether rows are predicted one at a time, because the estimators' numbers depend on the rows beside.
    """

    estimators: tuple[Any, ...]
    kind: Kind
    classes: int
    complete: tuple[int, ...]
    row_by_row: bool

    def predict(self, inputs: Inputs) -> Floats:
        """Numbers float64 ``[rows, targets]``, or probabilities: ``[rows, classes]`` of one target, and of several
        targets ``[rows, targets]`` that each is 1.

        A row that lacks a value in a column of ``complete`` is NaN: nothing is filled in for it.
        """
        matrix = inputs.matrix.astype(np.float64)
        usable = np.flatnonzero(~np.isnan(matrix[:, list(self.complete)]).any(axis=1))
        predicted = np.full((len(matrix), self.classes or len(self.estimators)), np.nan)
        size = 1 if self.row_by_row else max(len(usable), 1)
        for start in range(0, len(usable), size):
            rows = usable[start : start + size]
            predicted[rows] = self._values(matrix[rows])
        return predicted

    def files(self, name: str) -> dict[str, bytes]:
        """The member as files of a bundle: itself, and the types that loading it makes beyond skops' harmless ones."""
        data = to_bytes({field.name: getattr(self, field.name) for field in fields(self)})
        listed = json.dumps(types_beyond(data), indent=1) + "\n"
        return {f"{FOLDER}/{name}{SUFFIX}": data, f"{FOLDER}/{name}{TRUSTED_SUFFIX}": listed.encode()}

    def _values(self, matrix: npt.NDArray[np.float64]) -> Floats:
        if self.kind == "regression":
            return np.column_stack([np.ravel(estimator.predict(matrix)) for estimator in self.estimators])
        if self.classes:
            return _probabilities(self.estimators[0], matrix, self.classes)
        return np.column_stack([_probabilities(estimator, matrix, 2)[:, 1] for estimator in self.estimators])


def load_member(folder: Path, name: str) -> SklearnMember:
    """Reads the member that `SklearnMember.files` wrote below ``folder``.

    Raises:
        FileNotFoundError: there is no such member.
        BundleError: the file holds a type that the bundle does not list, or needs a module that is not installed.
    """
    path = folder / FOLDER / f"{name}{SUFFIX}"
    trusted = json.loads((folder / FOLDER / f"{name}{TRUSTED_SUFFIX}").read_text())
    return SklearnMember(**from_bytes(path.read_bytes(), trusted=trusted, source=path.name))


def _probabilities(estimator: Any, matrix: npt.NDArray[np.float64], classes: int) -> Floats:
    """Probabilities float64 ``[rows, classes]``; 0 for a class that no training row had."""
    known = estimator.classes_.astype(np.intp)
    probabilities = np.zeros((len(matrix), classes))
    probabilities[:, known] = estimator.predict_proba(matrix)
    return probabilities


def model_fn(model_dir: str) -> ServedModel:
    """Loads the artifacts of a verified bundle.

    Raises:
        BundleError: see `load_model` and `load_member`.
    """
    return load_model(model_dir, load_member)


def predict_fn(df: "pd.DataFrame", model: ServedModel, *, asked: Collection[str] = ()) -> "pd.DataFrame":
    """Adds the manifest's outputs and ``prediction_error``; rows, order and index stay."""
    return predict(df, model, asked, {EXPLAIN_KEY: atom_columns})
