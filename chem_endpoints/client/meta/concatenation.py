"""Answers side by side: an outer join by position, so that no row is lost."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from chem_endpoints.client.meta.answers import (
    STRUCTURE_COLUMNS,
    Answers,
    Promise,
    column_of,
    error_output,
    renamed,
    texts,
)
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import Output


def promise_concat(inputs: Mapping[str, Promise]) -> Promise:
    """Every column of every input, ``<input>_<column>``, and its reasons, ``<input>_error``."""
    once = structure_outputs(inputs)
    shared = {output.name for output in once}
    outputs = [*once]
    for name, promise in inputs.items():
        outputs += [renamed(name, output) for output in promise.outputs if output.name not in shared]
        outputs.append(error_output(name))
    return Promise(outputs=tuple(outputs), task="features", standardisations=_standardisations(inputs))


def concat_columns(inputs: Mapping[str, Promise], answers: Mapping[str, Answers]) -> pd.DataFrame:
    """The columns of `promise_concat`."""
    once = structure_outputs(inputs)
    shared = {output.name for output in once}
    frames = [structure_columns(once, answers)]
    for name, promise in inputs.items():
        own = [output.name for output in promise.outputs if output.name not in shared]
        frames.append(answers[name].columns[own].rename(columns={column: column_of(name, column) for column in own}))
        frames.append(pd.DataFrame({column_of(name, PREDICTION_ERROR): texts(answers[name].errors)}))
    return pd.concat(frames, axis="columns")


def structure_outputs(inputs: Mapping[str, Promise]) -> tuple[Output, ...]:
    """The columns that are given once; none where the models do not standardise alike."""
    if len(_standardisations(inputs)) != 1:
        return ()
    declared = {output.name: output for promise in inputs.values() for output in reversed(promise.outputs)}
    return tuple(declared[name] for name in STRUCTURE_COLUMNS if name in declared)


def structure_columns(outputs: tuple[Output, ...], answers: Mapping[str, Answers]) -> pd.DataFrame:
    """What the first input that took a row says of its structure."""
    columns: dict[str, pd.Series[Any]] = {}
    for output in outputs:
        first, *others = (one for one in answers.values() if output.name in one.columns)
        column, unknown = first.columns[output.name], ~first.answered
        for answer in others:
            column = column.mask(unknown & answer.answered, answer.columns[output.name])
            unknown &= ~answer.answered
        columns[output.name] = column
    rows = len(next(iter(answers.values())).errors)
    return pd.DataFrame(columns, index=pd.RangeIndex(rows))


def _standardisations(inputs: Mapping[str, Promise]) -> frozenset[Any]:
    return frozenset(policy for promise in inputs.values() for policy in promise.standardisations)
