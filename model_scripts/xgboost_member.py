"""One fitted XGBoost model, and the form in which it lies in a bundle: XGBoost's own binary JSON (UBJ)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model_scripts.inputs import Inputs
from model_scripts.lean_xgboost import xgboost
from model_scripts.member import Floats

FOLDER = "members"
SUFFIX = ".ubj"
BINARY = "binary:logistic"

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class XGBoostMember:
    """A fitted model: one booster for one target.

    A booster knows which columns are categories, and sends a missing value the way that training found best.

    Attributes:
        boosters: one per target, in the targets' order; one for all classes of a classification with one target.
        two_classes: whether it tells two classes of one target apart, so that its one number is a probability of two.
    """

    boosters: tuple[xgboost.Booster, ...]
    two_classes: bool

    def predict(self, inputs: Inputs) -> Floats:
        """Numbers float64 ``[rows, targets]``, or probabilities: ``[rows, classes]`` of one target, and of several
        targets ``[rows, targets]`` that each is 1. Bit for bit the same whatever the rows beside are."""
        values = [_values(booster, inputs.matrix) for booster in self.boosters]
        return np.hstack([1.0 - values[0], values[0]] if self.two_classes else values)

    def margins(self, matrix: Matrix) -> Floats:
        """What the trees add up to, float64 ``[rows, targets]``; of several classes ``[rows, classes]``; of two classes
        ``[rows, 1]``, the log-odds of the second one. The contributions of a row's features have this sum."""
        return np.hstack([_values(booster, matrix, predict_type="margin") for booster in self.boosters])

    def files(self, name: str) -> dict[str, bytes]:
        """The member as files of a bundle, one per booster; the same member gives the same bytes."""
        return {
            path: bytes(booster.save_raw("ubj"))
            for path, booster in zip(_paths(name, len(self.boosters)), self.boosters, strict=True)
        }


def load_member(folder: Path, name: str) -> XGBoostMember:
    """Reads the member that `XGBoostMember.files` wrote below ``folder``; it predicts in one thread.

    Raises:
        FileNotFoundError: there is no such member.
    """
    boosters = tuple(_load(path) for path in _found(folder, name))
    return XGBoostMember(boosters=boosters, two_classes=len(boosters) == 1 and _objective(boosters[0]) == BINARY)


def _values(booster: xgboost.Booster, matrix: Matrix, predict_type: str = "value") -> Floats:
    values = np.asarray(booster.inplace_predict(matrix, predict_type=predict_type), dtype=np.float64)
    return values.reshape(len(matrix), -1) if len(matrix) else np.empty((0, _width(booster)))


def _width(booster: xgboost.Booster) -> int:
    """Numbers per row; XGBoost itself answers no row with an array that has no columns."""
    return max(int(_learner(booster)["learner_model_param"]["num_class"]), 1)


def _objective(booster: xgboost.Booster) -> str:
    return str(_learner(booster)["objective"]["name"])


def _learner(booster: xgboost.Booster) -> dict[str, Any]:
    learner: dict[str, Any] = json.loads(booster.save_config())["learner"]
    return learner


def _paths(name: str, targets: int) -> list[str]:
    if targets == 1:
        return [f"{FOLDER}/{name}{SUFFIX}"]
    return [f"{FOLDER}/{name}.{target}{SUFFIX}" for target in range(targets)]


def _found(folder: Path, name: str) -> list[Path]:
    alone = folder / FOLDER / f"{name}{SUFFIX}"
    if alone.exists():
        return [alone]
    several = len(list((folder / FOLDER).glob(f"{name}.*{SUFFIX}")))
    return [folder / path for path in _paths(name, max(several, 1))]


def _load(path: Path) -> xgboost.Booster:
    booster = xgboost.Booster(params={"nthread": 1})
    booster.load_model(bytearray(path.read_bytes()))
    return booster
