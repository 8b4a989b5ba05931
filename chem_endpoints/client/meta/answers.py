"""What a node of a meta endpoint promises to answer, and what it answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.wire.answers import empty_answer
from chem_endpoints.wire.columns import (
    ORIG_SMILES,
    PREDICTION_ERROR,
    SALT,
    SMILES_USED,
    UNDEFINED_CHIRAL_CENTERS,
)
from chem_endpoints.wire.manifest import Manifest, Output, Standardisation

STRUCTURE_COLUMNS = (ORIG_SMILES, SMILES_USED, SALT, UNDEFINED_CHIRAL_CENTERS)
"""Columns that say the same in every model that standardises alike: they are given once, under their own names."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What a node answers, known before any row is sent.

    Attributes:
        outputs: its columns, without ``prediction_error``.
        task: what it predicts; ``features`` where its columns are no prediction of one target.
        target: what was measured; ``None`` unless there is one target.
        classes: labels of a classification.
        standardisations: how the models behind it standardise structures.
        mae: split → mean absolute error, from the card.
    """

    outputs: tuple[Output, ...]
    task: str
    target: Output | None = None
    classes: tuple[str, ...] = ()
    standardisations: frozenset[Standardisation] = frozenset()
    mae: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, manifest: Manifest) -> "Promise":
        """What an endpoint answers."""
        recorded = manifest.training.metrics if manifest.training else ()
        return cls(
            outputs=manifest.outputs,
            task=manifest.task,
            target=manifest.targets[0] if len(manifest.targets) == 1 else None,
            classes=manifest.classes,
            standardisations=frozenset([manifest.standardisation] if manifest.standardisation else []),
            mae={metrics.split: metrics.figures["mae"] for metrics in recorded if "mae" in metrics.figures},
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(output.name for output in self.outputs)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a node answered, by position in the caller's frame.

    Attributes:
        columns: one column per output of the promise, ``RangeIndex``.
        errors: text ``[rows]``: empty, or why the row has no answer.
        skipped: the node was left out, and combinations pass over it.
    """

    columns: pd.DataFrame
    errors: Sequence[str]
    skipped: bool = False

    @classmethod
    def none(cls, promise: Promise, errors: Sequence[str], *, skipped: bool = False) -> "Answers":
        """No row has an answer."""
        empty = empty_answer(promise.outputs, len(errors)).drop(columns=PREDICTION_ERROR)
        return cls(columns=empty, errors=errors, skipped=skipped)

    @property
    def answered(self) -> npt.NDArray[np.bool_]:
        """Bool ``[rows]``."""
        if self.skipped:
            return np.zeros(len(self.errors), dtype=bool)
        return np.array([not error for error in self.errors], dtype=bool)

    def with_errors(self) -> pd.DataFrame:
        """The columns and ``prediction_error``."""
        return pd.concat([self.columns, pd.DataFrame({PREDICTION_ERROR: texts(self.errors)})], axis="columns")


def column_of(node: str, column: str) -> str:
    """What a column of a node is called in a combination."""
    return f"{node}_error" if column == PREDICTION_ERROR else f"{node}_{column}"


def renamed(node: str, output: Output) -> Output:
    """The declaration of a node's column in a combination."""
    described = f"{output.description} ({node})" if output.description else f"of {node}"
    return output.model_copy(update={"name": column_of(node, output.name), "description": described})


def error_output(node: str) -> Output:
    """The declaration of a node's reasons in a combination."""
    described = f"why {node} could not take the row; empty text where it could"
    return Output(name=column_of(node, PREDICTION_ERROR), dtype="text", description=described)


def texts(cells: Sequence[str | None]) -> "pd.Series[Any]":
    """A column of text."""
    return pd.Series(list(cells), dtype="str", index=pd.RangeIndex(len(cells)))
