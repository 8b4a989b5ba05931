"""What a regression keeps of its cross-validation, for intervals and confidence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.columns import INTERVALS
from model_scripts.member import Floats
from model_scripts.trust.arrays import pack, unpack
from model_scripts.trust.intervals import Residuals, reason_missing

NOT_GUARANTEED = (
    "The intervals hold for compounds like those of the training set; for scaffolds or ranges that are new to the model"
    " no coverage is guaranteed."
)


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Errors and variances of the targets, in their order.

    Attributes:
        residuals: out-of-fold errors of each target.
        variances: population variance of each target among its measured training rows, in its unit squared; NaN where
            there is none.
    """

    residuals: tuple[Residuals, ...]
    variances: tuple[float, ...]

    @classmethod
    def of(cls, measured: Floats, predicted: Floats, folds: npt.NDArray[np.int64]) -> "Calibration":
        """From out-of-fold predictions.

        Args:
            measured: float64 ``[rows, targets]``, NaN where a target of several was not measured.
            predicted: float64 ``[rows, targets]``, each row by the fold model that did not see it.
            folds: int64 ``[rows]``: the fold that each row was left out with, 0 for the model ``fold_0``.
        """
        columns = list(zip(measured.T, predicted.T, strict=True))
        return cls(
            residuals=tuple(Residuals.of(truth, guess, folds) for truth, guess in columns),
            variances=tuple(_variance(truth) for truth, _ in columns),
        )

    def notes(self, targets: Sequence[str]) -> tuple[str, ...]:
        """Sentences for the card: which intervals are missing and why, and what no interval promises."""
        missing = [
            f"{target}: {reason}"
            for target, residuals in zip(targets, self.residuals, strict=True)
            for coverage in INTERVALS
            if (reason := reason_missing(residuals.rows, coverage)) is not None
        ]
        return (*missing, NOT_GUARANTEED)

    def to_bytes(self) -> bytes:
        """The file for the bundle, a ``.npz`` without pickle; the same calibration always gives the same bytes."""
        arrays = {"variances": np.array(self.variances)}
        for target, residuals in enumerate(self.residuals):
            arrays |= {f"{target}/{name}": part for name, part in residuals.to_arrays().items()}
        return pack(arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Calibration":
        """The calibration of `to_bytes`."""
        arrays = unpack(data)
        variances = arrays.pop("variances").tolist()
        parts: list[dict[str, npt.NDArray[np.generic]]] = [{} for _ in variances]
        for path, part in arrays.items():
            target, name = path.split("/")
            parts[int(target)][name] = part
        return cls(residuals=tuple(map(Residuals.from_arrays, parts)), variances=tuple(variances))


def _variance(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.var()) if len(known) else float("nan")
