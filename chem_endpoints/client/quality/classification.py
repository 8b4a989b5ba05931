"""Figures of predicted classes against measured ones; numpy and pandas alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.client.quality.regression import Floats, ranks

CLASSIFICATION_FIGURES = ("accuracy", "macro_f1", "roc_auc", "log_loss")
"""Share of right classes; F1 averaged over classes; ROC AUC of each class against the rest, averaged; log loss in
nats. The last two need the columns of chances."""

Labels = npt.NDArray[np.object_]
Chances = dict[str, Floats]
"""Label → its chance, float64 ``[rows]``."""


def as_labels(series: "pd.Series[Any]") -> Labels:
    """Cells as the text of a class label: ``1``, ``1.0`` and ``"1"`` are one class, as are ``True`` and ``"true"``."""
    return np.array([_label(cell) for cell in series.tolist()], dtype=object)


def _label(cell: object) -> str:
    if isinstance(cell, bool | np.bool_):
        return str(bool(cell)).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = str(cell)
    return text.lower() if text in ("True", "False") else text


def classification_figures(measured: Labels, predicted: Labels, chances: Chances) -> dict[str, float]:
    """The `CLASSIFICATION_FIGURES`; NaN where one is not defined.

    Args:
        measured: labels ``[rows]``.
        predicted: labels ``[rows]``.
        chances: of the classes that the model knows; empty when the frame has none.
    """
    if not len(measured):
        return dict.fromkeys(CLASSIFICATION_FIGURES, float("nan"))
    return {
        "accuracy": float(np.mean(measured == predicted)),
        "macro_f1": float(per_class(measured, predicted)["f1"].mean()),
        "roc_auc": roc_auc(measured, chances),
        "log_loss": log_loss(measured, chances),
    }


def per_class(measured: Labels, predicted: Labels) -> pd.DataFrame:
    """One row per class that was measured or predicted: ``precision``, ``recall``, ``f1`` and ``support``.

    Precision without a prediction and recall without a measured row are 0, as scikit-learn has it.
    """
    table = confusion_matrix(measured, predicted)
    counts = table.to_numpy(dtype=np.float64)
    right = counts.diagonal()
    said, true = counts.sum(axis=0), counts.sum(axis=1)
    return pd.DataFrame(
        {
            "precision": _share(right, said),
            "recall": _share(right, true),
            "f1": _share(2 * right, said + true),
            "support": true.astype(np.int64),
        },
        index=pd.Index(table.index, name="class"),
    )


def confusion_matrix(measured: Labels, predicted: Labels) -> pd.DataFrame:
    """Counts, int64 ``[classes, classes]``: measured class down, predicted class across; classes in sorted order."""
    labels = sorted({*measured.tolist(), *predicted.tolist()})
    place = {label: number for number, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(counts, ([place[label] for label in measured], [place[label] for label in predicted]), 1)
    return pd.DataFrame(counts, index=pd.Index(labels, name="measured"), columns=pd.Index(labels, name="predicted"))


def roc_auc(measured: Labels, chances: Chances) -> float:
    """Area under the ROC curve, mean over the classes that were measured; NaN unless two classes were.

    Computed from ranks (Mann and Whitney 1947), so that ties count a half.
    """
    present = sorted(set(measured.tolist()))
    if len(present) < 2 or any(label not in chances for label in present):
        return float("nan")
    return float(np.mean([_area(measured == label, chances[label]) for label in present]))


def _area(positive: npt.NDArray[np.bool_], chance: Floats) -> float:
    if np.isnan(chance).any():
        return float("nan")
    many, others = int(positive.sum()), int((~positive).sum())
    return float((ranks(chance)[positive].sum() - many * (many + 1) / 2) / (many * others))


def log_loss(measured: Labels, chances: Chances) -> float:
    """Mean of -ln(chance of the measured class); a class that the model does not know has the smallest chance."""
    if not chances:
        return float("nan")
    given = np.zeros(len(measured))
    for label, chance in chances.items():
        given = np.where(measured == label, chance, given)
    tiny = np.finfo(np.float64).eps
    return float(-np.mean(np.log(np.clip(given, tiny, 1 - tiny))))


def chances_of(frame: pd.DataFrame, names: Sequence[tuple[str, str]]) -> Chances:
    """Chances by label, of those (label, column) whose column the frame has."""
    return {
        label: pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        for label, name in names
        if name in frame.columns
    }


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
