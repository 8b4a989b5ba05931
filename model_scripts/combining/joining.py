"""Columns of several parts side by side: no row is dropped, each part says what it could say of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from chem_endpoints.wire.columns import (
    ORIG_SMILES,
    PREDICTION,
    PREDICTION_ERROR,
    SALT,
    SMILES_USED,
    UNDEFINED_CHIRAL_CENTERS,
)
from chem_endpoints.wire.manifest import Manifest, Output
from model_scripts.combining.parts import PartAnswer

STRUCTURE_COLUMNS = (ORIG_SMILES, SMILES_USED, SALT, UNDEFINED_CHIRAL_CENTERS)
"""Columns that say the same in every part that standardises alike: they are given once, under their own names."""

PARTS_COMBINED = "parts_combined"
COMBINED_OUTPUT = Output(name=PARTS_COMBINED, dtype="int64", description="parts that could take the row")

Manifests = Mapping[str, Manifest]
"""Name of a part → its manifest, in the order of the parts."""


def column_of(part: str, column: str) -> str:
    """What a column of a part is called in the combination."""
    return f"{part}_error" if column == PREDICTION_ERROR else f"{part}_{column}"


def structure_outputs(parts: Manifests) -> tuple[Output, ...]:
    """The columns that are given once; none where the parts do not standardise alike."""
    policies = {part.standardisation for part in parts.values() if part.standardisation is not None}
    if len(policies) != 1:
        return ()
    declared = {output.name: output for part in parts.values() for output in reversed(part.outputs)}
    return tuple(declared[name] for name in STRUCTURE_COLUMNS if name in declared)


def structure_columns(outputs: Sequence[Output], answers: Sequence[PartAnswer]) -> "dict[str, pd.Series[Any]]":
    """What the first part that took a row says of its structure."""
    columns = {}
    for output in outputs:
        holders = [answer for answer in answers if output.name in answer.columns]
        column = holders[0].columns[output.name]
        unknown = ~holders[0].answered
        for answer in holders[1:]:
            column = column.mask(unknown & answer.answered, answer.columns[output.name])
            unknown &= ~answer.answered
        columns[output.name] = column
    return columns


def concat_outputs(parts: Manifests) -> tuple[Output, ...]:
    """Every column of every part, ``<part>_<column>``, and why it could not take a row, ``<part>_error``."""
    shared = structure_outputs(parts)
    once = {output.name for output in shared}
    own = [
        output
        for name, part in parts.items()
        for output in (*(_renamed(name, output) for output in part.outputs if output.name not in once), _error(name))
    ]
    return (*shared, *own)


def concat_columns(parts: Manifests, answers: Sequence[PartAnswer]) -> pd.DataFrame:
    """The columns of `concat_outputs`."""
    shared = structure_columns(structure_outputs(parts), answers)
    rows = answers[0].columns.index
    frames = [pd.DataFrame(shared, index=rows)]
    for answer in answers:
        declared = [output.name for output in parts[answer.name].outputs if output.name not in shared]
        renamed = {name: column_of(answer.name, name) for name in declared}
        frames.append(answer.columns[declared].rename(columns=renamed))
        frames.append(pd.DataFrame({column_of(answer.name, PREDICTION_ERROR): _texts(answer.errors)}, index=rows))
    return pd.concat(frames, axis="columns")


def requested_outputs(parts: Manifests) -> dict[str, tuple[Output, ...]]:
    """Option of a request → the columns that the parts add for it."""
    options = sorted({option for part in parts.values() for option in part.on_request})
    return {
        option: tuple(
            _renamed(name, output) for name, part in parts.items() for output in part.on_request.get(option, ())
        )
        for option in options
    }


def requested_columns(
    parts: Manifests, answers: Sequence[PartAnswer], asked: frozenset[str]
) -> "dict[str, pd.Series[Any]]":
    """The columns of `requested_outputs` for the options that a request asks for."""
    return {
        column_of(answer.name, output.name): answer.columns[output.name]
        for answer in answers
        for option in sorted(asked)
        for output in parts[answer.name].on_request.get(option, ())
    }


def prediction_outputs(parts: Manifests) -> tuple[Output, ...]:
    """What each part predicted or why it did not, where the parts' predictions become one."""
    predictions = {name: _declared(part, PREDICTION) for name, part in parts.items()}
    return tuple(
        output for name, prediction in predictions.items() for output in (_renamed(name, prediction), _error(name))
    )


def prediction_columns(answers: Sequence[PartAnswer]) -> "dict[str, pd.Series[Any]]":
    """The columns of `prediction_outputs`."""
    columns = {}
    for answer in answers:
        columns[column_of(answer.name, PREDICTION)] = answer.columns[PREDICTION]
        columns[column_of(answer.name, PREDICTION_ERROR)] = _texts(answer.errors)
    return columns


def row_errors(answers: Sequence[PartAnswer], *, require_all: bool) -> "pd.Series[Any]":
    """Why a row has no answer: the first reason where every part failed, or with ``require_all`` where one did."""
    errors = []
    for told in zip(*(answer.errors for answer in answers), strict=True):
        if all(told):
            errors.append(told[0])
        elif require_all and any(told):
            errors.append(next(f"{error} (part {a.name!r})" for a, error in zip(answers, told, strict=True) if error))
        else:
            errors.append("")
    return _texts(errors)


def combined(answers: Sequence[PartAnswer]) -> "pd.Series[Any]":
    """Number of parts that took a row."""
    return pd.Series(np.sum([answer.answered for answer in answers], axis=0), dtype="Int64")


def _renamed(part: str, output: Output) -> Output:
    described = f"{output.description} ({part})" if output.description else f"of {part}"
    return output.model_copy(update={"name": column_of(part, output.name), "description": described})


def _error(part: str) -> Output:
    return Output(
        name=column_of(part, PREDICTION_ERROR),
        dtype="text",
        description=f"why {part} could not take the row; empty text where it could",
    )


def _declared(manifest: Manifest, name: str) -> Output:
    return next(output for output in manifest.outputs if output.name == name)


def _texts(texts: Sequence[str]) -> "pd.Series[Any]":
    return pd.Series(list(texts), dtype="str")
