"""Models whose answers anybody can work out: one of texts, one of numbers."""

import hashlib
import zlib
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.local.faults.quick_answer import Cells, QuickModel
from chem_endpoints.local.faults.release import Release
from chem_endpoints.wire.columns import PREDICTION, PREDICTION_ERROR, SMILES, Reason
from chem_endpoints.wire.manifest import Feature, GoldenRows, Manifest, Output

BAD = "bad"
"""A text that begins so cannot be predicted."""
BAD_REASON = Reason.INVALID_SMILES.because("it begins with the word for bad texts")
CHECKSUMS = 1000

Predicted = tuple[npt.NDArray[np.float64], list[str]]
"""Values and errors of some rows."""


def text_release(*, at: float = 0.0, offset: float = 0.0) -> Release:
    """A model of one text feature, ``smiles``; see `text_value`.

    Args:
        at: seconds from which on it serves.
        offset: added to each prediction, so that releases differ.
    """
    feature = Feature(name=SMILES, dtype="text")

    def predict(texts: Cells) -> Predicted:
        values = np.array([text_value(text) for text in texts]) + offset
        return values, [BAD_REASON if text.startswith(BAD) else "" for text in texts]

    return _release([feature], predict, at=at, offset=offset)


def text_value(text: str) -> float:
    """What `text_release` predicts: a checksum of the text, 0 to 99.9."""
    return zlib.crc32(text.encode()) % CHECKSUMS / 10


def number_release(columns: int = 1, *, at: float = 0.0, offset: float = 0.0) -> Release:
    """A model of float64 features ``x0``, ``x1``, …: it predicts ``x0 / 2 + offset``, and parses no other column."""
    features = [Feature(name=f"x{number}", dtype="float64", missing="allow") for number in range(columns)]

    def predict(numbers: Cells) -> Predicted:
        values = np.asarray(numbers, dtype=np.float64) / 2 + offset
        return values, [""] * len(values)

    return _release(features, predict, at=at, offset=offset)


def _release(features: list[Feature], predict: Callable[[Cells], Predicted], *, at: float, offset: float) -> Release:
    first = features[0]

    def model(rows: pd.DataFrame) -> pd.DataFrame:
        values, errors = predict(rows[first.name].tolist())
        told = pd.Series(errors, dtype="str", index=rows.index)
        return pd.DataFrame({PREDICTION: values, PREDICTION_ERROR: told}, index=rows.index)

    return Release(
        manifest=_manifest(features, offset),
        model=model,
        at=at,
        reads=frozenset({first.name}),
        quick=QuickModel(feature=first, predict=predict),
    )


def _manifest(features: Sequence[Feature], offset: float) -> Manifest:
    return Manifest(
        script="simulated",
        framework="none",
        targets=(Output(name="y", dtype="float64"),),
        features=tuple(features),
        outputs=(Output(name=PREDICTION, dtype="float64"),),
        libraries={},
        files={"offset": hashlib.sha256(str(offset).encode()).hexdigest()},
        golden=GoldenRows(input={}, output={}, relative_tolerance=1e-9),
    )
