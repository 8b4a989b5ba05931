"""The columns that an ensemble answers with: their declarations, and their values from the members' predictions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.columns import (
    CONFIDENCE,
    IN_DOMAIN,
    IN_TRAINING,
    INTERVAL_HIGH,
    INTERVALS,
    NN_DISTANCE,
    NN_ID,
    NN_SIMILARITY,
    NN_VALUE,
    PREDICTION,
    PREDICTION_STD,
)
from chem_endpoints.wire.manifest import Output
from model_scripts.member import Floats
from model_scripts.task import Task
from model_scripts.trust.calibration import Calibration
from model_scripts.trust.confidence import classification_confidence, regression_confidence
from model_scripts.trust.ensemble import mean_and_std
from model_scripts.trust.intervals import Interval, bracket, cv_plus
from model_scripts.trust.nearest import Measure, Nearest

Answer = dict[str, npt.NDArray[Any]]
"""Column → values ``[rows]``, in the order of the declared outputs."""

_INTERVAL_90 = next(coverage for coverage, (_, high) in INTERVALS.items() if high == INTERVAL_HIGH)

_SPREAD = "disagreement of the ensemble: standard deviation of the cross-validation's models"


@dataclass(frozen=True, kw_only=True)
class _Names:
    """Names of one target's columns: bare for a single target, else after the target."""

    prediction: str
    std: str
    confidence: str
    prefix: str

    @classmethod
    def of(cls, task: Task, target: str) -> "_Names":
        if not task.several:
            return cls(prediction=PREDICTION, std=PREDICTION_STD, confidence=CONFIDENCE, prefix="")
        prefix = f"{target}_"
        return cls(prediction=f"{prefix}pred", std=f"{prefix}pred_std", confidence=prefix + CONFIDENCE, prefix=prefix)


def trust_outputs(task: Task, units: Sequence[str | None]) -> tuple[Output, ...]:
    """Declarations of the columns of `trust_columns`, in order; they follow from the task alone.

    Args:
        task: what is predicted.
        units: of each target; without meaning for a classification.
    """
    if task.classes:
        return tuple(_label_outputs(task))
    declare = _number_outputs if task.kind == "regression" else _flag_outputs
    pairs = zip(task.targets, units, strict=True)
    return tuple(output for target, unit in pairs for output in declare(_Names.of(task, target), target, unit))


def _number_outputs(names: _Names, target: str, unit: str | None) -> Iterator[Output]:
    yield _number(names.prediction, f"predicted {target}", unit)
    yield _number(names.std, _SPREAD, unit)
    yield _number(
        names.confidence,
        "share of the training values' variance that is ruled out, 0 to 1:"
        f" 1 - ((half width of the 90 % interval / 1.6449)² + {names.std}²) / variance",
    )
    for name, coverage, side in _bounds():
        yield _number(names.prefix + name, f"{side} bound of the {coverage:.0%} prediction interval (CV+)", unit)


def _flag_outputs(names: _Names, target: str, _: str | None) -> Iterator[Output]:
    yield Output(name=names.prediction, dtype="int64", description=f"predicted {target}: 1 where its chance is over ½")
    yield _number(_flag_chance(names), f"chance that {target} is 1, 0 to 1")
    yield _number(names.std, f"{_SPREAD}, of the chance")
    yield _number(names.confidence, _ENTROPY)


def _label_outputs(task: Task) -> Iterator[Output]:
    names = _Names.of(task, task.targets[0])
    yield Output(name=names.prediction, dtype="text", description=f"most likely class of {task.targets[0]}")
    yield _number(names.std, f"{_SPREAD}, of that class's chance")
    yield _number(names.confidence, _ENTROPY)
    for label in task.classes:
        yield _number(_label_chance(label), f"chance of the class {label}, 0 to 1")


_ENTROPY = "1 - entropy of the chances / log(number of classes), 0 to 1: 0 where all are as likely, 1 where one is sure"


def _label_chance(label: str) -> str:
    return f"{label}_proba"


def _flag_chance(names: _Names) -> str:
    return f"{names.prefix}proba"


def _bounds() -> list[tuple[str, float, str]]:
    """Name, coverage and side of each bound, from the lowest to the highest."""
    widest_first = sorted(INTERVALS, reverse=True)
    low = [(INTERVALS[coverage][0], coverage, "lower") for coverage in widest_first]
    return low + [(INTERVALS[coverage][1], coverage, "upper") for coverage in reversed(widest_first)]


def _number(name: str, description: str, unit: str | None = None) -> Output:
    return Output(name=name, dtype="float64", unit=unit, description=description)


def trust_columns(task: Task, refits: Floats, folds: Floats | None, calibration: Calibration | None) -> Answer:
    """The answer's columns, from the members' predictions; no number of a row depends on the rows beside it.

    The prediction is the mean of the refits. Its standard deviation is the population's over the fold models, over the
    refits where there are no folds and more than one refit, and else NaN. Intervals and the confidence of a regression
    are NaN without folds and calibration, and where the training set was too small. Regression lets the NaN of a
    member through to the columns that it concerns.

    Args:
        task: what is predicted.
        refits: float64 ``[refits, rows, outputs]``: members trained on all rows, at least one.
        folds: float64 ``[folds, rows, outputs]``: members of the cross-validation, in its order.
        calibration: of the same folds; ``None`` for a classification.

    Raises:
        ValueError: there is no refit, or a member of a classification gave no chance for a row: it has no class.
    """
    members = refits if folds is None or not len(folds) else folds
    mean, _ = mean_and_std(refits)
    std = mean_and_std(members)[1] if len(members) > 1 else np.full(mean.shape, np.nan)
    if task.kind == "regression":
        return _regression(task, mean, std, folds, calibration)
    if np.isnan(mean).any():
        raise ValueError("a member of the ensemble gave no chance for a row")
    return _labels(task, mean, std) if task.classes else _flags(task, mean, std)


def _regression(task: Task, mean: Floats, std: Floats, folds: Floats | None, calibration: Calibration | None) -> Answer:
    answer: Answer = {}
    for column, target in enumerate(task.targets):
        names = _Names.of(task, target)
        prediction = mean[:, column].copy()
        confidence, intervals = np.full(len(prediction), np.nan), _no_intervals(len(prediction))
        if folds is not None and len(folds) and calibration is not None:
            own = cv_plus(folds[:, :, column], calibration.residuals[column])
            intervals = bracket(prediction, own)
            confidence = regression_confidence(*intervals[_INTERVAL_90], std[:, column], calibration.variances[column])
        answer |= {names.prediction: prediction, names.std: std[:, column].copy(), names.confidence: confidence}
        answer |= _interval_columns(names, intervals)
    return answer


def _no_intervals(rows: int) -> dict[float, Interval]:
    return {coverage: (np.full(rows, np.nan), np.full(rows, np.nan)) for coverage in INTERVALS}


def _interval_columns(names: _Names, intervals: Mapping[float, Interval]) -> Answer:
    return {names.prefix + name: intervals[coverage][0 if side == "lower" else 1] for name, coverage, side in _bounds()}


def _labels(task: Task, mean: Floats, std: Floats) -> Answer:
    names = _Names.of(task, task.targets[0])
    likeliest = np.argmax(mean, axis=1)
    answer: Answer = {
        names.prediction: np.array(task.classes, dtype=object)[likeliest],
        names.std: np.take_along_axis(std, likeliest[:, np.newaxis], axis=1)[:, 0],
        names.confidence: classification_confidence(mean),
    }
    return answer | {_label_chance(label): mean[:, column].copy() for column, label in enumerate(task.classes)}


def _flags(task: Task, mean: Floats, std: Floats) -> Answer:
    answer: Answer = {}
    for column, target in enumerate(task.targets):
        names = _Names.of(task, target)
        chance = mean[:, column].copy()
        answer |= {
            names.prediction: (chance > 0.5).astype(np.int64),
            _flag_chance(names): chance,
            names.std: std[:, column].copy(),
            names.confidence: classification_confidence(np.stack([1 - chance, chance], axis=1)),
        }
    return answer


def neighbour_outputs(task: Task, unit: str | None, measure: Measure) -> tuple[Output, ...]:
    """Declarations of the columns of `neighbour_columns`, in order.

    Args:
        task: what is predicted; with several targets there is no measured value of *the* neighbour.
        unit: of the single target.
        measure: ``similarity`` or ``distance``, see `Nearest.measure`.
    """
    near = (
        _number(NN_SIMILARITY, "Tanimoto similarity (Morgan counts, radius 2) to the nearest other training compound")
        if measure == "similarity"
        else _number(NN_DISTANCE, "mean distance to the 5 nearest other training rows, in interquartile ranges")
    )
    value = Output(
        name=NN_VALUE,
        dtype="text" if task.classes else "float64",
        unit=None if task.classes else unit,
        description=f"measured {task.targets[0]} of the nearest one",
    )
    return (
        Output(
            name=IN_DOMAIN, dtype="boolean", description=f"whether {near.name} is like that of the training set's 95 %"
        ),
        Output(name=IN_TRAINING, dtype="boolean", description="whether it was trained on; nn_* then tell of another"),
        near,
        Output(name=NN_ID, dtype="text", description="id of the nearest one; of several, the smallest"),
        *(() if task.several else (value,)),
    )


def neighbour_columns(task: Task, nearest: Nearest) -> Answer:
    """The columns that tell of the nearest training rows."""
    score = NN_SIMILARITY if nearest.measure == "similarity" else NN_DISTANCE
    answer: Answer = {
        IN_DOMAIN: nearest.in_domain,
        IN_TRAINING: nearest.in_training,
        score: nearest.scores,
        NN_ID: nearest.ids,
    }
    if nearest.values is None or task.several:
        return answer
    return answer | {NN_VALUE: _class_names(task, nearest.values) if task.classes else nearest.values}


def _class_names(task: Task, positions: Floats) -> npt.NDArray[np.object_]:
    names = [None if np.isnan(position) else task.classes[int(position)] for position in positions]
    array: npt.NDArray[np.object_] = np.array(names, dtype=object)
    return array
