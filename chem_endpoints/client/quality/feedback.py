"""`feedback`: what measured values say about a deployed model, beside what its training promised."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chem_endpoints.client.quality.interval_coverage import LevelCoverage, interval_coverage, wilson_interval
from chem_endpoints.client.quality.measured_rows import MeasuredRows, Task, find_measured, task_of
from chem_endpoints.client.quality.metrics import ALL_ROWS, metrics
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.columns import IN_TRAINING, PREDICTION
from chem_endpoints.wire.manifest import Manifest, Training

FEWEST_ROWS = 30
"""With fewer measured rows no verdict is given: the 95 % interval of a coverage of 90 % is then wider than ±10 %."""

TOO_FEW_ROWS, HOLDS, TOO_NARROW, TOO_WIDE = "too few rows", "holds", "too narrow", "too wide"
"""Verdicts on an interval."""


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What `feedback` found.

    Attributes:
        rows: ``rows``, ``support``, ``failed``, ``unmeasured`` and ``in_training`` (known compounds, left out).
        figures: one row per figure; columns ``live``, ``random split`` and ``scaffold split`` (float64; NaN where the
            training did not record it).
        coverage: one row per interval level; columns ``rows``, ``covered``, ``coverage``, ``low``, ``high`` (confidence
            interval of the coverage), ``mean_width``, ``verdict``. Empty for a classification.
        validated: the manifest's own record of the 90 % interval: ``among``, ``rows``, ``covered``, ``mean_width``,
            ``guaranteed``.
    """

    rows: dict[str, int]
    figures: pd.DataFrame
    coverage: pd.DataFrame
    validated: pd.DataFrame

    @property
    def sentences(self) -> tuple[str, ...]:
        """The same in words, one sentence per finding."""
        counted = (
            f"{self.rows['support']} of {self.rows['rows']} rows count: {self.rows['failed']} have no prediction,"
            f" {self.rows['unmeasured']} nothing measured, {self.rows['in_training']} were trained on."
        )
        return (counted, *(_sentence(float(level), row) for level, row in self.coverage.iterrows()))  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return "\n".join(self.sentences)

    def _repr_html_(self) -> str:
        lines = "".join(f"<p>{sentence}</p>" for sentence in self.sentences)
        return lines + "".join(table.to_html(escape=True) for table in (self.coverage, self.figures, self.validated))


def feedback(
    endpoint: Any,
    frame: pd.DataFrame,
    *,
    target: str,
    prediction: str = PREDICTION,
    confidence: float = 0.95,
    fewest_rows: int = FEWEST_ROWS,
) -> Feedback:
    """Compares measured values with the model's predictions, intervals, and record.

    Compounds that the model was trained on (``in_training``) are left out: they would flatter it.

    Args:
        endpoint: the `Endpoint` that predicts; its manifest holds what training found.
        frame: measured compounds. Without a column ``prediction`` the endpoint is asked for them first. Not changed.
        target: column of measured values, in the model's unit.
        prediction: column of the predictions.
        confidence: of the confidence interval (Wilson) of each coverage, 0 to 1.
        fewest_rows: measured rows below which no verdict is given.

    Returns:
        `Feedback`. Verdicts compare with the level that the interval stands for: ``too narrow`` and ``too wide`` only
        where it lies outside the confidence interval.

    Raises:
        InvalidInputError: a column is absent or holds text where numbers are needed.
        EndpointError: the endpoint could not be asked.
    """
    if not 0 < confidence < 1:
        raise InvalidInputError("confidence must lie between 0 and 1, such as 0.95")
    manifest: Manifest | None = endpoint.description.manifest
    if prediction not in frame.columns:
        frame = endpoint.inference(frame)
    known = _trained_on(frame)
    measured = find_measured(frame.loc[~known], target=target, prediction=prediction)
    task = task_of(frame, prediction)
    covered = interval_coverage(measured) if task == "regression" else ()
    return Feedback(
        rows={**measured.counts, "rows": len(frame), IN_TRAINING: int(known.sum())},
        figures=_figures(measured, task, manifest.training if manifest else None),
        coverage=_coverage(covered, confidence, fewest_rows),
        validated=_validated(manifest.training if manifest else None),
    )


def _trained_on(frame: pd.DataFrame) -> Any:
    if IN_TRAINING not in frame.columns:
        return np.zeros(len(frame), dtype=bool)
    return frame[IN_TRAINING].astype("boolean").fillna(False).to_numpy(dtype=bool)


def _figures(measured: MeasuredRows, task: Task, training: Training | None) -> pd.DataFrame:
    found = metrics(measured.frame, target=measured.target, prediction=measured.columns.prediction, task=task).figures
    live = found.loc[ALL_ROWS].drop(list(measured.counts))
    recorded = {f"{m.split} split": m.figures for m in training.metrics} if training else {}
    columns = {
        split: [recorded.get(split, {}).get(str(name), float("nan")) for name in live.index]
        for split in ("random split", "scaffold split")
    }
    return pd.DataFrame({"live": live.astype("float64"), **columns}, index=live.index)


def _coverage(found: tuple[LevelCoverage, ...], confidence: float, fewest_rows: int) -> pd.DataFrame:
    bounds = [wilson_interval(level.covered, level.rows, confidence) for level in found]
    return pd.DataFrame(
        {
            "rows": [level.rows for level in found],
            "covered": [level.covered for level in found],
            "coverage": [level.share for level in found],
            "low": [low for low, _ in bounds],
            "high": [high for _, high in bounds],
            "mean_width": [level.mean_width for level in found],
            "verdict": [_verdict(level, *own, fewest_rows) for level, own in zip(found, bounds, strict=True)],
        },
        index=pd.Index([level.level for level in found], name="level"),
    )


def _verdict(found: LevelCoverage, low: float, high: float, fewest_rows: int) -> str:
    if found.rows < fewest_rows:
        return TOO_FEW_ROWS
    if high < found.level:
        return TOO_NARROW
    return TOO_WIDE if low > found.level else HOLDS


def _validated(training: Training | None) -> pd.DataFrame:
    names = ("among", "rows", "covered", "mean_width", "guaranteed")
    entries = training.coverage if training else ()
    return pd.DataFrame({name: [getattr(entry, name) for entry in entries] for name in names})


def _sentence(level: float, row: "pd.Series[Any]") -> str:
    told = (
        f"The {level:.0%} interval held {row['covered']} of {row['rows']} measured values"
        f" ({row['low']:.0%} to {row['high']:.0%} with confidence)"
    )
    if row["verdict"] == TOO_FEW_ROWS:
        return f"{told}: too few rows for a verdict."
    return f"{told}: it {'holds' if row['verdict'] == HOLDS else 'is ' + str(row['verdict'])}."
