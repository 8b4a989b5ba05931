"""Errors of predictions of rows that the predicting model had not seen."""

import math

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)

from chem_endpoints.wire.manifest import Metrics
from model_scripts.member import Floats
from model_scripts.task import Task
from model_scripts.training.cross_validation import CrossValidation


def metrics(held_out: CrossValidation, targets: Floats, task: Task) -> tuple[Metrics, ...]:
    """The figures of each target, beside those of knowing nothing but the training rows' mean or commonest class."""
    return tuple(_of_target(held_out, targets[:, number], task, number) for number in range(len(task.targets)))


def _of_target(held_out: CrossValidation, target: Floats, task: Task, number: int) -> Metrics:
    rows = np.flatnonzero(~np.isnan(target))
    if task.kind == "regression":
        figures = _regression(held_out, target, rows, number)
    elif task.classes:
        figures = _classification(held_out, target, rows, held_out.predicted)
    else:
        positive = held_out.predicted[:, number]
        figures = _classification(held_out, target, rows, np.column_stack([1 - positive, positive]))
    return Metrics(
        split=held_out.split,
        target=task.targets[number],
        folds=len(held_out.folds),
        rows=len(rows),
        figures={name: round(value, 4) for name, value in figures.items() if math.isfinite(value)},
    )


def _regression(held_out: CrossValidation, target: Floats, rows: np.ndarray, number: int) -> dict[str, float]:
    measured, predicted = target[rows], held_out.predicted[rows, number]
    mean = held_out.from_training(lambda train: float(np.nanmean(target[train])))[rows]
    return {
        "rmse": float(root_mean_squared_error(measured, predicted)),
        "mae": float(mean_absolute_error(measured, predicted)),
        "r2": float(r2_score(measured, predicted)),
        "mean_baseline_rmse": float(root_mean_squared_error(measured, mean)),
    }


def _classification(
    held_out: CrossValidation, target: Floats, rows: np.ndarray, probabilities: Floats
) -> dict[str, float]:
    measured, given = target[rows].astype(int), probabilities[rows]
    classes = np.arange(given.shape[1])
    commonest = held_out.from_training(lambda train: _commonest(target[train]))[rows]
    figures = {
        "accuracy": float(accuracy_score(measured, given.argmax(axis=1))),
        "log_loss": float(log_loss(measured, given / given.sum(axis=1, keepdims=True), labels=classes)),
        "majority_baseline_accuracy": float(accuracy_score(measured, commonest.astype(int))),
    }
    if len(np.unique(measured)) == len(classes):
        ranked = given[:, 1] if len(classes) == 2 else given / given.sum(axis=1, keepdims=True)
        figures["roc_auc"] = float(roc_auc_score(measured, ranked, multi_class="ovr", labels=classes))
    return figures


def _commonest(codes: Floats) -> float:
    values, counts = np.unique(codes[~np.isnan(codes)], return_counts=True)
    return float(values[counts.argmax()])
