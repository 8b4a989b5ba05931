"""Fits boosted trees: regression and classification, of one target or of several, on numbers and categories."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from model_scripts.inputs import Inputs, MatrixColumn
from model_scripts.lean_xgboost import xgboost
from model_scripts.member import Floats, Member
from model_scripts.task import Task
from model_scripts.training.settings import Setting, read_settings
from model_scripts.training.table import TrainingError
from model_scripts.xgboost_member import BINARY, XGBoostMember


@dataclass(frozen=True, kw_only=True)
class XGBoostSettings:
    """Hyperparameters under their usual meaning; see XGBoost's "Parameters" page.

    The defaults predicted the validation parts of ten random splits and of a scaffold split of ESOL (Delaney 2004)
    best, among some forty settings on RDKit's 2D descriptors.

    Attributes:
        trees: boosting rounds; there is no early stopping, so that no row is held out of the training.
        learning_rate: share of each tree's answer that is added (``eta``).
        depth: levels of a tree (``max_depth``).
        min_child_weight: least sum of hessians in a leaf; of a regression, least rows.
        subsample: share of the rows that a tree sees.
        colsample: share of the columns that a tree sees (``colsample_bytree``).
        reg_lambda: L2 penalty on the leaves' values.
    """

    trees: Annotated[int, Field(ge=1, le=20_000)] = 500
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    depth: Annotated[int, Field(ge=1, le=20)] = 4
    min_child_weight: Annotated[float, Field(ge=0, le=1e6)] = 2.0
    subsample: Annotated[float, Field(gt=0, le=1)] = 0.5
    colsample: Annotated[float, Field(gt=0, le=1)] = 0.5
    reg_lambda: Annotated[float, Field(ge=0, le=1e6)] = 5.0


@dataclass(frozen=True, kw_only=True)
class XGBoostFamily:
    """Boosted trees, see `model_scripts.training.family.Family`.

    A missing value needs no filling in: each split learns which way to send it. Categories are split as sets, without
    an order among them.
    """

    hyperparameters: XGBoostSettings = XGBoostSettings()

    @classmethod
    def from_settings(cls, given: Mapping[str, Setting]) -> "XGBoostFamily":
        """From ``name=value`` pairs; the rest is default.

        Raises:
            TrainingError: names the setting, what is allowed and the nearest name.
        """
        return cls(hyperparameters=read_settings(XGBoostSettings, given, family="xgboost"))

    @property
    def script(self) -> str:
        return "xgboost_model"

    @property
    def libraries(self) -> tuple[str, ...]:
        return ("xgboost", "numpy")

    @property
    def relative_tolerance(self) -> float:
        return 1e-6

    @property
    def settings(self) -> dict[str, Setting]:
        return asdict(self.hyperparameters)

    def fit(self, inputs: Inputs, targets: Floats, task: Task, *, seed: int) -> XGBoostMember:
        """One booster per target, each trained on the rows where its target was measured.

        Raises:
            TrainingError: a target was measured for none of the rows.
        """
        parameters = self._parameters(task, seed)
        boosters = [
            self._fit_target(inputs, measured, name, parameters)
            for name, measured in zip(task.targets, targets.T, strict=True)
        ]
        return XGBoostMember(boosters=tuple(boosters), two_classes=len(task.classes) == 2)

    def files(self, name: str, member: Member) -> dict[str, bytes]:
        """One UBJ file per target."""
        if not isinstance(member, XGBoostMember):
            raise TypeError(f"a member of another family: {type(member).__name__}")
        return member.files(name)

    def _fit_target(
        self, inputs: Inputs, target: npt.NDArray[np.float64], name: str, parameters: dict[str, Any]
    ) -> xgboost.Booster:
        measured = np.flatnonzero(~np.isnan(target))
        if not len(measured):
            raise TrainingError(f"{name!r} was measured for none of the rows to train on")
        data = xgboost.DMatrix(
            inputs.matrix[measured],
            label=target[measured],
            feature_types=_feature_types(inputs.columns),
            enable_categorical=True,
            nthread=1,
        )
        return xgboost.train(parameters, data, num_boost_round=self.hyperparameters.trees)

    def _parameters(self, task: Task, seed: int) -> dict[str, Any]:
        chosen = self.hyperparameters
        return {
            **_objective(task),
            "eta": chosen.learning_rate,
            "max_depth": chosen.depth,
            "min_child_weight": chosen.min_child_weight,
            "subsample": chosen.subsample,
            "colsample_bytree": chosen.colsample,
            "reg_lambda": chosen.reg_lambda,
            "seed": seed,
            "nthread": 1,  # one thread: the same bytes on every run
        }


def _objective(task: Task) -> dict[str, Any]:
    if task.kind == "regression":
        return {"objective": "reg:squarederror"}
    if len(task.classes) > 2:
        return {"objective": "multi:softprob", "num_class": len(task.classes)}
    return {"objective": BINARY}


def _feature_types(columns: tuple[MatrixColumn, ...]) -> list[str]:
    return ["c" if column.categories else "q" for column in columns]
