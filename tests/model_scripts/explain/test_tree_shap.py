"""Promise: the contributions of a row add up to its margin, are those of its definition, and know no other row."""

import itertools
import json
import math
from collections.abc import Callable
from typing import Any

import hypothesis
import numpy as np
import pytest
import xgboost
from hypothesis import strategies as st

from model_scripts.explain.tree_shap import contributions
from model_scripts.member import Floats

COLUMNS = 5
CLASSES = 3


def _table(rows: int, seed: int) -> np.ndarray:
    """Numbers, with gaps, and a last column of three categories."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(rows, COLUMNS)).astype(np.float32)
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    matrix[:, -1] = random.integers(0, 3, rows)
    return matrix


def _booster(objective: str, targets: Callable[[np.ndarray], np.ndarray], **parameters: object) -> xgboost.Booster:
    matrix = _table(300, seed=1)
    data = xgboost.DMatrix(
        matrix,
        label=targets(matrix),
        nthread=1,
        feature_names=[f"x{column}" for column in range(COLUMNS)],
        feature_types=["q"] * (COLUMNS - 1) + ["c"],
        enable_categorical=True,
    )
    settings = {"objective": objective, "nthread": 1, "max_depth": 4, "seed": 0, **parameters}
    fitted = xgboost.train(settings, data, num_boost_round=60)
    served = xgboost.Booster(params={"nthread": 1})
    served.load_model(bytearray(fitted.save_raw("ubj")))
    return served


def _signal(matrix: np.ndarray) -> np.ndarray:
    filled = np.nan_to_num(matrix)
    return np.asarray(40 + 3 * filled[:, 0] + filled[:, 1] * filled[:, 2] + 5 * (filled[:, 4] == 1))


@pytest.fixture(scope="module")
def boosters() -> dict[str, tuple[xgboost.Booster, int]]:
    """Kind of model → a booster and its outputs."""
    return {
        "regression": (_booster("reg:squarederror", _signal), 1),
        "two classes": (_booster("binary:logistic", lambda matrix: _signal(matrix) > 40), 1),
        "three classes": (
            _booster("multi:softprob", lambda matrix: np.digitize(_signal(matrix), [38, 43]), num_class=CLASSES),
            CLASSES,
        ),
    }


KINDS = pytest.mark.parametrize("kind", ["regression", "two classes", "three classes"])


def _margins(booster: xgboost.Booster, matrix: np.ndarray) -> Floats:
    margins = booster.inplace_predict(matrix, predict_type="margin")
    return np.asarray(margins, dtype=np.float64).reshape(len(matrix), -1)


@KINDS
@hypothesis.settings(max_examples=40)
@hypothesis.given(rows=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_contributions_add_up_to_the_margin(
    boosters: dict[str, tuple[xgboost.Booster, int]], kind: str, rows: int, seed: int
) -> None:
    booster, outputs = boosters[kind]
    matrix = _table(rows, seed)
    found = contributions(booster, matrix, outputs)
    assert found.shape == (rows, outputs, COLUMNS + 1)
    assert found.dtype == np.float64
    margins = _margins(booster, matrix)
    assert (np.abs(found.sum(axis=2) - margins) <= 1e-5 * np.maximum(1, np.abs(margins))).all()


@KINDS
@hypothesis.settings(max_examples=20)
@hypothesis.given(rows=st.integers(2, 40), seed=st.integers(0, 2**32 - 1))
def test_a_row_is_explained_alone_as_in_any_company(
    boosters: dict[str, tuple[xgboost.Booster, int]], kind: str, rows: int, seed: int
) -> None:
    booster, outputs = boosters[kind]
    matrix = _table(rows, seed)
    together = contributions(booster, matrix, outputs)
    order = np.random.default_rng(seed).permutation(rows)
    assert np.array_equal(contributions(booster, matrix[order], outputs), together[order])
    for row in range(0, rows, 7):
        assert np.array_equal(contributions(booster, matrix[row : row + 1], outputs)[0], together[row])


def test_contributions_are_shapley_values() -> None:
    """By definition, over all orders in which the features become known; unknown ones follow the training rows."""
    booster = _booster("reg:squarederror", _signal, max_depth=2)
    matrix = _table(3, seed=5)
    trees = [json.loads(text) for text in booster.get_dump(with_stats=True, dump_format="json")]
    assert any(_splits_categories(tree) for tree in trees)
    for row in range(len(matrix)):
        found = contributions(booster, matrix[row : row + 1], 1)[0, 0]
        for column in range(COLUMNS):
            assert found[column] == pytest.approx(_shapley(trees, matrix[row], column), abs=1e-4)


def _shapley(trees: list[dict[str, Any]], row: np.ndarray, column: int) -> float:
    others = [other for other in range(COLUMNS) if other != column]
    total = 0.0
    for size in range(COLUMNS):
        weight = math.factorial(size) * math.factorial(COLUMNS - size - 1) / math.factorial(COLUMNS)
        for known in itertools.combinations(others, size):
            gains = (_expected(tree, row, {*known, column}) - _expected(tree, row, set(known)) for tree in trees)
            total += weight * sum(gains)
    return total


def _splits_categories(node: dict[str, Any]) -> bool:
    return isinstance(node.get("split_condition"), list) or any(map(_splits_categories, node.get("children", [])))


def _expected(node: dict[str, Any], row: np.ndarray, known: set[int]) -> float:
    if "leaf" in node:
        return float(node["leaf"])
    children = {child["nodeid"]: child for child in node["children"]}
    column = int(node["split"][1:])
    if column in known:
        return _expected(children[_way(node, float(row[column]))], row, known)
    return sum(child["cover"] * _expected(child, row, known) for child in children.values()) / node["cover"]


def _way(node: dict[str, Any], value: float) -> int:
    if math.isnan(value):
        return int(node["missing"])
    condition = node["split_condition"]
    goes_yes = value in condition if isinstance(condition, list) else value < condition
    return int(node["yes"] if goes_yes else node["no"])


@KINDS
def test_no_row_is_no_contribution(boosters: dict[str, tuple[xgboost.Booster, int]], kind: str) -> None:
    booster, outputs = boosters[kind]
    assert contributions(booster, np.empty((0, COLUMNS), dtype=np.float32), outputs).shape == (0, outputs, COLUMNS + 1)
