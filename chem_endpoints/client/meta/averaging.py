"""The mean of what several regressions predict, plain or weighted, of those that could take a row."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.client.meta.answers import Answers, Promise, column_of, error_output, renamed, texts
from chem_endpoints.client.meta.concatenation import structure_columns, structure_outputs
from chem_endpoints.client.meta.definition import CombinationNode
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.columns import (
    CONFIDENCE,
    INTERVAL_HIGH,
    INTERVAL_LOW,
    PREDICTION,
    PREDICTION_ERROR,
    PREDICTION_STD,
)
from chem_endpoints.wire.manifest import Output

Floats = npt.NDArray[np.float64]

PARTS_COMBINED = "parts_combined"
COMBINED_OUTPUT = Output(name=PARTS_COMBINED, dtype="int64", description="inputs that could take the row")

SPLITS = ("scaffold", "random")
"""Whose MAE weighs: the first of these that every card records."""

NEEDED = {
    "confidence_weighted": (CONFIDENCE,),
    "scaled_confidence_weighted": (CONFIDENCE,),
    "inverse_variance_weighted": (INTERVAL_LOW, INTERVAL_HIGH),
}
"""Columns beside ``prediction`` that a way of combining reads."""


def promise_mean(node: CombinationNode, inputs: Mapping[str, Promise]) -> Promise:
    """``prediction`` (the mean), ``prediction_std`` (disagreement), and what each input predicts.

    Raises:
        InvalidInputError: an input predicts no single number, has another unit, or lacks what its weight is made of.
    """
    target = _common_target(node, inputs)
    return Promise(
        outputs=(
            Output(
                name=PREDICTION, dtype="float64", unit=target.unit, description=f"mean of the inputs: {target.name}"
            ),
            Output(
                name=PREDICTION_STD,
                dtype="float64",
                unit=target.unit,
                description="disagreement of the inputs: standard deviation; missing where one alone took the row",
            ),
            COMBINED_OUTPUT,
            *structure_outputs(inputs),
            *said_outputs(inputs),
        ),
        task="regression",
        target=target,
        standardisations=frozenset(policy for promise in inputs.values() for policy in promise.standardisations),
    )


def mean_columns(node: CombinationNode, inputs: Mapping[str, Promise], answers: Mapping[str, Answers]) -> pd.DataFrame:
    """The columns of `promise_mean`.

    Where every input that took a row has the weight 0, or none, they count alike.
    """
    numbers, weights = {}, {}
    for name, own in answers.items():
        numbers[name] = np.where(own.answered, _numbers(own.columns, PREDICTION), np.nan)
        weights[name] = np.where(np.isnan(numbers[name]), 0.0, _weight(node, name, inputs, own))
    unweighted = _total(weights) == 0
    for name, number in numbers.items():
        weights[name] = np.where(unweighted & ~np.isnan(number), 1.0, weights[name])
    mean, std = _mean_and_std(numbers, weights)
    rows = pd.RangeIndex(len(mean))
    used = np.sum([weight > 0 for weight in weights.values()], axis=0)
    columns = {PREDICTION: mean, PREDICTION_STD: std, PARTS_COMBINED: pd.Series(used, dtype="Int64")}
    parts = [
        pd.DataFrame(columns, index=rows),
        structure_columns(structure_outputs(inputs), answers),
        said_columns(answers),
    ]
    return pd.concat(parts, axis="columns")


def said_outputs(inputs: Mapping[str, Promise]) -> tuple[Output, ...]:
    """What each input predicts or why it does not, where predictions become one."""
    return tuple(
        output
        for name, promise in inputs.items()
        for output in (renamed(name, _declared(promise, PREDICTION)), error_output(name))
    )


def said_columns(answers: Mapping[str, Answers]) -> pd.DataFrame:
    """The columns of `said_outputs`."""
    columns = {}
    for name, answer in answers.items():
        columns[column_of(name, PREDICTION)] = answer.columns[PREDICTION]
        columns[column_of(name, PREDICTION_ERROR)] = texts(answer.errors)
    return pd.DataFrame(columns)


def _common_target(node: CombinationNode, inputs: Mapping[str, Promise]) -> Output:
    mistakes = []
    for name, promise in inputs.items():
        if promise.task != "regression" or promise.target is None:
            mistakes.append(f"{name!r} does not predict one number; use concat or vote")
            continue
        lacking = [column for column in NEEDED.get(node.combine, ()) if column not in promise.names]
        if lacking:
            mistakes.append(f"{name!r} has no column {', '.join(lacking)}, which {node.combine} reads")
    targets = {name: promise.target for name, promise in inputs.items() if promise.target is not None}
    units = {target.unit for target in targets.values()}
    if len(units) > 1:
        told = ", ".join(f"{name!r} in {target.unit or 'no unit'}" for name, target in targets.items())
        mistakes.append(f"a mean needs one unit: {told}")
    if "mae" in node.combine or "scaled" in node.combine:
        mistakes += _lacking_mae(inputs)
    if mistakes:
        raise InvalidInputError(f"{node.combine} cannot combine its inputs: " + "; ".join(mistakes))
    return next(iter(targets.values()))


def _lacking_mae(inputs: Mapping[str, Promise]) -> list[str]:
    if any(all(split in promise.mae for promise in inputs.values()) for split in SPLITS):
        return []
    return ["the models' cards have no MAE of one split in common, which the weights are made of"]


def _weight(node: CombinationNode, name: str, inputs: Mapping[str, Promise], answer: Answers) -> Floats:
    """Float64 ``[rows]``; 0 where the input says nothing about its own trust in a row."""
    rows = len(answer.errors)
    weight = np.ones(rows)
    if node.combine == "weighted":
        weight *= node.weights[name]
    if node.combine in ("inverse_mae_weighted", "scaled_confidence_weighted"):
        split = next(split for split in SPLITS if all(split in promise.mae for promise in inputs.values()))
        weight /= max(inputs[name].mae[split], np.finfo(np.float64).tiny)
    if node.combine in ("confidence_weighted", "scaled_confidence_weighted"):
        weight *= _numbers(answer.columns, CONFIDENCE)
    if node.combine == "inverse_variance_weighted":
        width = _numbers(answer.columns, INTERVAL_HIGH) - _numbers(answer.columns, INTERVAL_LOW)
        weight = np.divide(1.0, width**2, out=np.full(rows, np.nan), where=width > 0)
    return np.where(weight > 0, weight, 0.0)


def _total(weights: Mapping[str, Floats]) -> Floats:
    """Added up input by input, so that rows do not meet."""
    total = np.zeros(len(next(iter(weights.values()))))
    for weight in weights.values():
        total = total + weight
    return total


def _mean_and_std(numbers: Mapping[str, Floats], weights: Mapping[str, Floats]) -> tuple[Floats, Floats]:
    """Float64 ``[rows]`` each; NaN where no input took the row, and for the deviation where one alone did."""
    total = _total(weights)
    total = np.where(total == 0, np.nan, total)
    shares = {name: weight / total for name, weight in weights.items()}
    mean, squares = np.zeros(len(total)), np.zeros(len(total))
    for name, own in numbers.items():
        mean = mean + np.where(weights[name] > 0, shares[name] * own, 0)
    mean = np.where(np.isnan(total), np.nan, mean)
    for name, own in numbers.items():
        squares = squares + np.where(weights[name] > 0, shares[name] * (own - mean) ** 2, 0)
    several = np.sum([weight > 0 for weight in weights.values()], axis=0) > 1
    return mean, np.where(several, np.sqrt(squares), np.nan)


def _numbers(columns: pd.DataFrame, name: str) -> Floats:
    return columns[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _declared(promise: Promise, name: str) -> Output:
    return next(output for output in promise.outputs if output.name == name)
