"""The scikit-learn estimators that training offers by name, each behind the preparation that it needs.

Numbers are scaled for what compares or penalises them; a category becomes one column for each of its values. A missing
number is never filled in unmarked: its column gets a second one that says so, and the filled-in median with it lets a
linear model learn what a gap means. Trees take gaps as they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNet, ElasticNetCV, LogisticRegression, Ridge, RidgeCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR

from model_scripts.inputs import MatrixColumn
from model_scripts.task import Kind

Name = Literal[
    "random_forest",
    "extra_trees",
    "gradient_boosting",
    "ridge",
    "elastic_net",
    "svm",
    "knn",
    "logistic_regression",
    "gaussian_process",
]


@dataclass(frozen=True, kw_only=True)
class SklearnSettings:
    """Hyperparameters; each is read by the estimators named with it.

    Attributes:
        estimator: which one.
        trees: of random_forest and extra_trees; boosting rounds of gradient_boosting.
        learning_rate: share of each tree's answer that gradient_boosting adds.
        alpha: penalty of ridge and elastic_net; 0: what predicts best in a cross-validation among the training rows.
        l1_ratio: share of the L1 penalty in that of elastic_net.
        c: inverse of the penalty of svm and logistic_regression.
        neighbours: of knn, nearest by the sum of absolute differences, weighted by its inverse.
    """

    estimator: Name = "random_forest"
    trees: Annotated[int, Field(ge=1, le=20_000)] = 300
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    alpha: Annotated[float, Field(ge=0, le=1e9)] = 0.0
    l1_ratio: Annotated[float, Field(ge=0, le=1)] = 0.5
    c: Annotated[float, Field(gt=0, le=1e9)] = 1.0
    neighbours: Annotated[int, Field(ge=1, le=1000)] = 5


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How an estimator is made.

    Attributes:
        reads: names of the settings that it heeds.
        make: kind of task → estimator; a kind that is absent is not offered.
        scaled: whether numbers must be on one scale.
        takes_gaps: whether it gives missing numbers a meaning itself.
        most_rows: beyond which its time and memory, or the training rows within it, are out of proportion.
    """

    reads: tuple[str, ...]
    make: dict[Kind, Callable[[SklearnSettings], Any]]
    scaled: bool = True
    takes_gaps: bool = False
    most_rows: int | None = None


def _scaled_target(estimator: Any) -> Any:
    """Penalties and tolerances count in the target's unit: here in its standard deviations."""
    return TransformedTargetRegressor(regressor=estimator, transformer=StandardScaler())


def _ridge(settings: SklearnSettings) -> Any:
    return Ridge(alpha=settings.alpha) if settings.alpha else RidgeCV(alphas=np.logspace(-3, 5, 17))


def _elastic_net(settings: SklearnSettings) -> Any:
    if settings.alpha:
        return ElasticNet(alpha=settings.alpha, l1_ratio=settings.l1_ratio, max_iter=10_000)
    return ElasticNetCV(l1_ratio=settings.l1_ratio, alphas=30, max_iter=10_000, tol=1e-3)


def _gaussian_process_kernel() -> Any:
    return ConstantKernel(1.0, (1e-3, 1e3)) * RBF(10.0, (1e-2, 1e4)) + WhiteKernel(0.1, (1e-6, 1e2))


# Euclidean distances come from a matrix product, whose last bits, and with them the choice among nearly equal
# neighbours, depend on the batch; a k-d tree counts its own use, so that predicting would change the bytes.
NEIGHBOURS: dict[str, Any] = {"weights": "distance", "algorithm": "brute", "metric": "manhattan"}

RECIPES: dict[Name, Recipe] = {
    "random_forest": Recipe(
        reads=("trees",),
        make={
            "regression": lambda s: RandomForestRegressor(s.trees, max_features=1 / 3),
            "classification": lambda s: RandomForestClassifier(s.trees),
        },
        scaled=False,
        takes_gaps=True,
    ),
    "extra_trees": Recipe(
        reads=("trees",),
        make={
            "regression": lambda s: ExtraTreesRegressor(s.trees, max_features=1 / 3),
            "classification": lambda s: ExtraTreesClassifier(s.trees),
        },
        scaled=False,
        takes_gaps=True,
    ),
    "gradient_boosting": Recipe(
        reads=("trees", "learning_rate"),
        make={
            "regression": lambda s: HistGradientBoostingRegressor(
                max_iter=s.trees, learning_rate=s.learning_rate, early_stopping=False
            ),
            "classification": lambda s: HistGradientBoostingClassifier(
                max_iter=s.trees, learning_rate=s.learning_rate, early_stopping=False
            ),
        },
        scaled=False,
        takes_gaps=True,
    ),
    "ridge": Recipe(reads=("alpha",), make={"regression": lambda s: _scaled_target(_ridge(s))}),
    "elastic_net": Recipe(reads=("alpha", "l1_ratio"), make={"regression": lambda s: _scaled_target(_elastic_net(s))}),
    "svm": Recipe(
        reads=("c",),
        make={
            "regression": lambda s: _scaled_target(SVR(C=s.c)),
            "classification": lambda s: CalibratedClassifierCV(SVC(C=s.c), ensemble=False),
        },
        most_rows=20_000,
    ),
    "knn": Recipe(
        reads=("neighbours",),
        make={
            "regression": lambda s: KNeighborsRegressor(s.neighbours, **NEIGHBOURS),
            "classification": lambda s: KNeighborsClassifier(s.neighbours, **NEIGHBOURS),
        },
    ),
    "logistic_regression": Recipe(
        reads=("c",), make={"classification": lambda s: LogisticRegression(C=s.c, max_iter=10_000)}
    ),
    "gaussian_process": Recipe(
        reads=(),
        make={
            "regression": lambda s: GaussianProcessRegressor(_gaussian_process_kernel(), normalize_y=True),
            "classification": lambda s: GaussianProcessClassifier(
                ConstantKernel(1.0, (1e-3, 1e3)) * RBF(10.0, (1e-2, 1e4))
            ),
        },
        most_rows=5_000,
    ),
}


def pipeline(
    settings: SklearnSettings, kind: Kind, columns: Sequence[MatrixColumn], may_be_missing: Sequence[int]
) -> Pipeline:
    """The unfitted estimator behind its preparation, for float64 ``[rows, columns]``.

    Args:
        settings: which estimator, and its hyperparameters.
        kind: one that the recipe makes.
        columns: of the matrix.
        may_be_missing: positions of the columns that may lack a value.
    """
    recipe = RECIPES[settings.estimator]
    return make_pipeline(_preparation(recipe, columns, set(may_be_missing)), recipe.make[kind](settings))


def _preparation(recipe: Recipe, columns: Sequence[MatrixColumn], gaps: set[int]) -> ColumnTransformer:
    numbers = [position for position, column in enumerate(columns) if not column.categories]
    whole = [position for position in numbers if recipe.takes_gaps or position not in gaps]
    with_gaps = [position for position in numbers if position not in whole]
    parts = [
        ("numbers", StandardScaler() if recipe.scaled else "passthrough", whole),
        ("numbers_with_gaps", _marked_gaps(), with_gaps),
        *(
            (f"category_{position}", _one_hot(len(columns[position].categories), position in gaps), [position])
            for position in range(len(columns))
            if position not in numbers
        ),
    ]
    return ColumnTransformer([part for part in parts if part[2]])


def _marked_gaps() -> Pipeline:
    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
    )


def _one_hot(categories: int, may_be_missing: bool) -> OneHotEncoder:
    """A missing category is one more category."""
    known = [*range(categories), *([np.nan] if may_be_missing else [])]
    return OneHotEncoder(categories=[np.array(known, dtype=np.float64)], sparse_output=False)
