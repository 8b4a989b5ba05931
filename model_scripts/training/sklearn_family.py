"""Fits scikit-learn estimators: those that training offers by name, or any pipeline of an author's own."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning

from model_scripts.inputs import Inputs
from model_scripts.member import Floats, Member
from model_scripts.sklearn_model import SklearnMember
from model_scripts.task import Task
from model_scripts.training.author_pipeline import author_pipeline
from model_scripts.training.missing_values import may_be_missing
from model_scripts.training.settings import Setting, read_settings
from model_scripts.training.sklearn_pipelines import RECIPES, SklearnSettings, pipeline
from model_scripts.training.table import TrainingError

TRIED_ROWS = 32
SAME = 1e-9  # relative; sums in another order differ by 1e-15, a neighbour swapped for another by far more


@dataclass(frozen=True, kw_only=True)
class SklearnFamily:
    """scikit-learn estimators, see `model_scripts.training.family.Family`.

    Every random choice follows the seed, and everything runs in one thread. knn, svm and gaussian_process keep training
    rows in the model.

    Attributes:
        hyperparameters: which estimator, where ``pipeline`` is ``None``.
        pipeline: an unfitted estimator for float64 ``[rows, columns]`` (categories as their positions, NaN where a
            value is missing), or a function of the columns (`model_scripts.inputs.MatrixColumn`) and the
            `model_scripts.task.Task` that makes one. Classifiers must offer ``predict_proba``.
    """

    hyperparameters: SklearnSettings = field(default_factory=SklearnSettings)
    pipeline: Any = None

    @classmethod
    def from_settings(cls, given: Mapping[str, Setting]) -> "SklearnFamily":
        """From ``name=value`` pairs: ``pipeline=module:function`` or ``pipeline=file.skops`` alone, or the fields of
        `SklearnSettings` that the estimator reads.

        Raises:
            TrainingError: names the setting, what is allowed and the nearest name.
        """
        if "pipeline" in given:
            if len(given) > 1:
                raise TrainingError("sklearn: a pipeline brings its own settings; give no others beside it")
            return cls(pipeline=author_pipeline(str(given["pipeline"])))
        chosen = read_settings(SklearnSettings, given, family="sklearn")
        read = RECIPES[chosen.estimator].reads
        for name in given:
            if name not in ("estimator", *read):
                heeded = f"it reads {', '.join(read)}" if read else "it has no settings"
                raise TrainingError(f"sklearn: {chosen.estimator} does not read {name!r}; {heeded}")
        return cls(hyperparameters=chosen)

    @property
    def script(self) -> str:
        return "sklearn_model"

    @property
    def libraries(self) -> tuple[str, ...]:
        return ("sklearn", "skops", "numpy")

    @property
    def relative_tolerance(self) -> float:
        return 1e-6

    @property
    def settings(self) -> dict[str, Setting]:
        if self.pipeline is not None:
            made = self.pipeline if callable(self.pipeline) else type(self.pipeline)
            return {"pipeline": f"{made.__module__}:{made.__qualname__}"}
        read = RECIPES[self.hyperparameters.estimator].reads
        return {name: getattr(self.hyperparameters, name) for name in ("estimator", *read)}

    def fit(self, inputs: Inputs, targets: Floats, task: Task, *, seed: int) -> SklearnMember:
        """One estimator per target, each trained on the rows where its target was measured.

        Raises:
            TrainingError: the estimator is not for this task or this many rows, it refuses the data, or a target was
                measured for none of the rows.
        """
        gaps = may_be_missing(inputs)
        unfitted = self._unfitted(inputs, task, gaps)
        _seed(unfitted, seed)
        estimators = tuple(
            _fitted(unfitted, inputs.matrix.astype(np.float64), measured, name, task)
            for name, measured in zip(task.targets, targets.T, strict=True)
        )
        member = SklearnMember(
            estimators=estimators,
            kind=task.kind,
            classes=len(task.classes),
            complete=self._complete(inputs, gaps),
            row_by_row=False,
        )
        return member if self.pipeline is None else _told_how_to_predict(member, inputs)

    def files(self, name: str, member: Member) -> dict[str, bytes]:
        """A skops file with all estimators, and a list of the types in it that are not harmless by themselves."""
        if not isinstance(member, SklearnMember):
            raise TypeError(f"a member of another family: {type(member).__name__}")
        return member.files(name)

    def _unfitted(self, inputs: Inputs, task: Task, gaps: tuple[int, ...]) -> Any:
        if self.pipeline is not None:
            made = self.pipeline(inputs.columns, task) if callable(self.pipeline) else self.pipeline
            return _checked(made, task)
        chosen = self.hyperparameters
        recipe = RECIPES[chosen.estimator]
        if task.kind not in recipe.make:
            offered = ", ".join(name for name, other in RECIPES.items() if task.kind in other.make)
            raise TrainingError(f"sklearn: {chosen.estimator} is not for {task.kind}; there are {offered}")
        if recipe.most_rows is not None and len(inputs) > recipe.most_rows:
            raise TrainingError(f"sklearn: {chosen.estimator} takes at most {recipe.most_rows} rows, not {len(inputs)}")
        if chosen.estimator == "knn" and len(inputs) < chosen.neighbours:
            raise TrainingError(f"sklearn: {chosen.neighbours} neighbours need as many rows; there are {len(inputs)}")
        return pipeline(chosen, task.kind, inputs.columns, gaps)

    def _complete(self, inputs: Inputs, gaps: tuple[int, ...]) -> tuple[int, ...]:
        takes_gaps = self.pipeline is None and RECIPES[self.hyperparameters.estimator].takes_gaps
        return tuple(
            position
            for position, column in enumerate(inputs.columns)
            if position not in gaps and (column.categories or not takes_gaps)
        )


def _checked(estimator: Any, task: Task) -> Any:
    try:
        unfitted = clone(estimator)
    except TypeError:
        raise TrainingError(f"sklearn: the pipeline is a {type(estimator).__name__}, not an estimator") from None
    if task.kind == "classification" and not hasattr(unfitted, "predict_proba"):
        raise TrainingError("sklearn: the pipeline gives no probabilities; CalibratedClassifierCV makes some for any")
    return unfitted


def _seed(estimator: Any, seed: int) -> None:
    """Sets every random state, and one thread, wherever they are inside the estimator."""
    for name, value in estimator.get_params().items():
        last = name.rpartition("__")[2]
        if last == "random_state":
            estimator.set_params(**{name: seed})
        elif last == "n_jobs" and value is not None:
            estimator.set_params(**{name: None})


def _fitted(
    unfitted: Any, matrix: npt.NDArray[np.float64], target: npt.NDArray[np.float64], name: str, task: Task
) -> Any:
    measured = np.flatnonzero(~np.isnan(target))
    if not len(measured):
        raise TrainingError(f"{name!r} was measured for none of the rows to train on")
    known = target[measured]
    if task.kind == "classification" and len(np.unique(known)) == 1:
        return DummyClassifier(strategy="prior").fit(matrix[measured], known)  # no estimator learns from one class
    with warnings.catch_warnings():
        # An optimiser that stopped early is judged as every model is, by its figures on rows held out.
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            return clone(unfitted).fit(matrix[measured], known)
        except ValueError as error:
            raise TrainingError(f"sklearn: the estimator refuses the data for {name!r}: {error}") from error


def _told_how_to_predict(member: SklearnMember, inputs: Inputs) -> SklearnMember:
    """The member, row by row if some training rows are predicted otherwise alone than together."""
    tried = inputs.take(np.arange(min(TRIED_ROWS, len(inputs))))
    alone = replace(member, row_by_row=True)
    same = np.allclose(member.predict(tried), alone.predict(tried), rtol=SAME, atol=SAME, equal_nan=True)
    return member if same else alone
