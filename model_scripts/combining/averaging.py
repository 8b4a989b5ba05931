"""The mean of what several regressions say, plain or weighted, of the parts that could take a row."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.columns import PREDICTION, PREDICTION_STD
from chem_endpoints.wire.manifest import Output
from model_scripts.combining.joining import (
    COMBINED_OUTPUT,
    PARTS_COMBINED,
    Manifests,
    combined,
    prediction_columns,
    prediction_outputs,
    structure_columns,
    structure_outputs,
)
from model_scripts.combining.parts import PartAnswer
from model_scripts.member import Floats


def average_target(parts: Manifests) -> Output:
    """What the parts' numbers are the mean of.

    Raises:
        BundleError: a part is no regression of one target, or has another unit than the first one.
    """
    for name, part in parts.items():
        if part.task != "regression" or len(part.targets) != 1:
            raise BundleError(f"part {name!r} does not predict one number: there is no mean to take. Use concat")
    (first, target), *others = ((name, part.targets[0]) for name, part in parts.items())
    for name, other in others:
        if other.unit != target.unit:
            raise BundleError(
                f"part {first!r} predicts in {target.unit!r}, part {name!r} in {other.unit!r}: a mean needs one unit"
            )
    return target


def average_outputs(parts: Manifests) -> tuple[Output, ...]:
    """Declarations of the columns of `average_columns`."""
    target = average_target(parts)
    return (
        Output(name=PREDICTION, dtype="float64", unit=target.unit, description=f"mean of the parts: {target.name}"),
        Output(
            name=PREDICTION_STD,
            dtype="float64",
            unit=target.unit,
            description="disagreement of the parts: their standard deviation; missing where only one took the row",
        ),
        COMBINED_OUTPUT,
        *structure_outputs(parts),
        *prediction_outputs(parts),
    )


def average_columns(parts: Manifests, answers: Sequence[PartAnswer]) -> pd.DataFrame:
    """Mean and population standard deviation by the parts' weights, of those that took the row, and what each says."""
    numbers = [answer.columns[PREDICTION].to_numpy(dtype=np.float64) for answer in answers]
    mean, std = _mean_and_std(numbers, [answer.weight for answer in answers])
    columns = {PREDICTION: mean, PREDICTION_STD: std, PARTS_COMBINED: combined(answers)}
    described = structure_columns(structure_outputs(parts), answers)
    return pd.DataFrame({**columns, **described, **prediction_columns(answers)}, index=answers[0].columns.index)


def _mean_and_std(numbers: Sequence[Floats], weights: Sequence[float]) -> tuple[Floats, Floats]:
    """Float64 ``[rows]`` each, NaN of a part left out; added up part by part, so that rows do not meet."""
    known = [~np.isnan(own) for own in numbers]
    total, weight = np.zeros(len(numbers[0])), np.zeros(len(numbers[0]))
    for own, there, share in zip(numbers, known, weights, strict=True):
        total += np.where(there, share * own, 0)
        weight += np.where(there, share, 0)
    weight[weight == 0] = np.nan
    mean = total / weight
    squares = np.zeros(len(mean))
    for own, there, share in zip(numbers, known, weights, strict=True):
        squares += np.where(there, share * (own - mean) ** 2, 0)
    several = np.sum(known, axis=0) > 1
    return mean, np.where(several, np.sqrt(squares / weight), np.nan)
