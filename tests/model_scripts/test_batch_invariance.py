"""Promise: no number of a row depends on the rows beside it: not on how many, which, in what order or how they are cut.

Trees answer bit for bit the same, contributions included; what multiplies matrices within 1e-6 of max(1, |y|)."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chem_endpoints.wire.bundle import unpack
from model_scripts.__main__ import FAMILIES, family_class
from model_scripts.training.request import TrainingRequest
from model_scripts.training.train import train

TOLERANCE = 1e-6
EXACT = 0.0
MANY = 10_000


@dataclass(frozen=True, kw_only=True)
class Case:
    """A family, with what makes it quick to train."""

    family: str
    settings: dict[str, Any]
    smiles: bool
    tolerance: float

    def __str__(self) -> str:
        reads = "structures" if self.smiles else "numbers"
        return f"{self.family} {self.settings.get('estimator', '')} on {reads}".replace("  ", " ")


CASES = [
    Case(family="xgboost", settings={"trees": 20}, smiles=True, tolerance=EXACT),
    Case(family="xgboost", settings={"trees": 20}, smiles=False, tolerance=EXACT),
    Case(family="sklearn", settings={"estimator": "random_forest"}, smiles=False, tolerance=EXACT),
    Case(family="sklearn", settings={"estimator": "ridge"}, smiles=False, tolerance=TOLERANCE),
    Case(family="sklearn", settings={"estimator": "svm"}, smiles=False, tolerance=TOLERANCE),
    Case(family="torch", settings={"epochs": 3}, smiles=False, tolerance=TOLERANCE),
    Case(family="chemprop", settings={"epochs": 2, "hidden": 32}, smiles=True, tolerance=TOLERANCE),
]

every_case = pytest.mark.parametrize("trained", CASES, ids=str, indirect=True)
with_numbers = pytest.mark.parametrize("trained", [c for c in CASES if not c.smiles], ids=str, indirect=True)
with_structures = pytest.mark.parametrize("trained", [c for c in CASES if c.smiles], ids=str, indirect=True)

Predict = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Trained:
    predict: Predict
    rows: pd.DataFrame
    together: pd.DataFrame
    tolerance: float


@pytest.fixture(scope="module")
def trained(request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    case: Case = request.param
    folder = tmp_path_factory.mktemp("invariance")
    table = pd.read_csv(root / "examples/data/solubility.csv").head(40)
    random = np.random.default_rng(0)
    numbers = {name: random.normal(size=len(table)) for name in ("a", "b", "c")}
    table = table.assign(**numbers).assign(y=table["log_s"] + numbers["a"])
    table.to_csv(folder / "t.csv", index=False)
    reads: dict[str, Any] = {"smiles": "smiles"} if case.smiles else {"numbers": ("a", "b", "c")}
    descriptors = "rdkit_2d" if case.smiles and case.family != "chemprop" else None
    asked = TrainingRequest(data=folder / "t.csv", targets=("y",), descriptors=descriptors, folds=2, refits=2, **reads)
    family = family_class(FAMILIES[case.family]).from_settings(case.settings)
    bundle = train(asked, family, folder / "b.tar.gz", lambda: None)
    unpack(folder / "b.tar.gz", folder / "m")
    script = importlib.import_module(f"model_scripts.{bundle.manifest.script}")
    model = script.model_fn(str(folder / "m"))
    option = frozenset({"explain"}) if case.family == "xgboost" and not case.smiles else frozenset()

    def predict(rows: pd.DataFrame) -> pd.DataFrame:
        answer: pd.DataFrame = script.predict_fn(rows.reset_index(drop=True), model, asked=option)
        return answer

    columns = ["smiles"] if case.smiles else ["a", "b", "c"]
    rows = table[columns].head(12).copy()
    if case.smiles:
        rows.loc[len(rows)] = "broken("
    return Trained(predict=predict, rows=rows, together=predict(rows), tolerance=case.tolerance)


def assert_same(got: pd.DataFrame, expected: pd.DataFrame, tolerance: float) -> None:
    got, expected = got.reset_index(drop=True), expected.reset_index(drop=True)
    assert list(got.columns) == list(expected.columns)
    for name in expected.columns:
        if expected[name].dtype != "float64":
            assert got[name].isna().equals(expected[name].isna()), name
            assert got[name].dropna().tolist() == expected[name].dropna().tolist(), name
            continue
        ours, theirs = got[name].to_numpy(dtype=float), expected[name].to_numpy()
        assert (np.isnan(ours) == np.isnan(theirs)).all(), name
        if tolerance == EXACT:
            assert np.array_equal(ours, theirs, equal_nan=True), name
        else:
            assert (np.abs(ours - theirs) <= tolerance * np.maximum(1, np.abs(theirs)))[~np.isnan(theirs)].all(), name


@every_case
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_and_any_cutting_give_the_same_numbers(trained: Trained, data: st.DataObject) -> None:
    count = len(trained.rows)
    order = data.draw(st.permutations(range(count)))
    cuts = sorted(data.draw(st.sets(st.integers(1, count - 1), max_size=5)))
    pieces = np.split(np.array(order), cuts)
    out = pd.concat([trained.predict(trained.rows.iloc[piece]) for piece in pieces])
    back = out.set_axis(order, axis="index").sort_index()
    assert_same(back, trained.together, trained.tolerance)


@every_case
def test_alone_is_as_together(trained: Trained) -> None:
    alone = pd.concat([trained.predict(trained.rows.iloc[[row]]) for row in range(len(trained.rows))])
    assert_same(alone, trained.together, trained.tolerance)


@with_numbers
@pytest.mark.chemistry
def test_ten_thousand_rows_answer_as_one_does(trained: Trained) -> None:
    many = trained.rows.iloc[np.random.default_rng(1).integers(0, len(trained.rows), MANY)]
    expected = trained.together.set_axis(trained.rows.index, axis="index").loc[many.index]
    assert_same(trained.predict(many), expected, trained.tolerance)


@with_structures
def test_rows_of_a_request_without_any_usable_row_have_reasons(trained: Trained) -> None:
    out = trained.predict(trained.rows.tail(1))
    assert out["prediction_error"].str.startswith("invalid_smiles").all()
    assert out["prediction"].isna().all()
    assert trained.predict(trained.rows.head(0)).shape == (0, trained.together.shape[1])
