"""Promise: the figures are scikit-learn's and SciPy's, and every row that does not count is counted."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as reference

from chem_endpoints.client.quality.interval_coverage import wilson_interval
from chem_endpoints.client.quality.metrics import metrics
from chem_endpoints.errors import InvalidInputError

values = st.floats(-50, 50, allow_subnormal=False).map(lambda number: round(number, 3))


@given(st.lists(st.tuples(values, values), min_size=2, max_size=40))
def test_regression_figures_are_those_of_scikit_learn(pairs: list[tuple[float, float]]) -> None:
    measured, predicted = (np.array(side) for side in zip(*pairs, strict=True))
    figures = metrics(pd.DataFrame({"y": measured, "prediction": predicted}), target="y").figures.loc["all"]
    assert math.isclose(figures["rmse"], reference.root_mean_squared_error(measured, predicted), abs_tol=1e-9)
    assert math.isclose(figures["mae"], reference.mean_absolute_error(measured, predicted), abs_tol=1e-9)
    assert math.isclose(figures["medae"], reference.median_absolute_error(measured, predicted), abs_tol=1e-9)
    if len(set(measured)) > 1:
        assert math.isclose(figures["r2"], reference.r2_score(measured, predicted), rel_tol=1e-6, abs_tol=1e-9)
    else:
        assert math.isnan(figures["r2"])
    if len(set(measured)) > 1 and len(set(predicted)) > 1:
        assert math.isclose(figures["spearmanr"], stats.spearmanr(measured, predicted).statistic, abs_tol=1e-9)
    else:
        assert math.isnan(figures["spearmanr"])


def classified(rows: int, labels: list[str], seed: int) -> pd.DataFrame:
    """Random classes and chances, some of them tied."""
    draw = np.random.default_rng(seed)
    chances = draw.dirichlet(np.ones(len(labels)), rows).round(2)
    frame = pd.DataFrame({f"{label}_proba": chances[:, place] for place, label in enumerate(labels)})
    frame["prediction"] = pd.Series([labels[place] for place in chances.argmax(axis=1)], dtype="str")
    frame["y"] = pd.Series(draw.choice(labels, rows), dtype="str")
    frame["prediction_error"] = ""
    return frame


@pytest.mark.parametrize("labels", [["no", "yes"], ["high", "low", "medium"]])
@pytest.mark.parametrize("seed", range(5))
def test_classification_figures_are_those_of_scikit_learn(labels: list[str], seed: int) -> None:
    frame = classified(60, labels, seed)
    found = metrics(frame, target="y")
    figures, measured, predicted = found.figures.loc["all"], frame["y"], frame["prediction"]
    chances = frame[[f"{label}_proba" for label in labels]].to_numpy()
    assert math.isclose(figures["accuracy"], reference.accuracy_score(measured, predicted))
    assert math.isclose(figures["macro_f1"], reference.f1_score(measured, predicted, average="macro"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # chances rounded to two digits do not add up to one exactly
        loss = reference.log_loss(measured, chances, labels=labels)
    each = [reference.roc_auc_score(measured == label, chances[:, place]) for place, label in enumerate(labels)]
    assert math.isclose(figures["roc_auc"], np.mean(each))
    assert math.isclose(figures["log_loss"], loss, rel_tol=0.02)
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        measured, predicted, labels=labels, zero_division=0
    )
    assert found.per_class is not None
    expected = np.column_stack([precision, recall, f1, support])
    np.testing.assert_allclose(found.per_class.to_numpy(dtype=float), expected)
    assert found.confusion is not None
    np.testing.assert_array_equal(found.confusion.to_numpy(), reference.confusion_matrix(measured, predicted))


def test_log_loss_is_exact_where_chances_add_up() -> None:
    frame = pd.DataFrame({"y": ["a", "b", "a"], "prediction": ["a", "a", "b"], "a_proba": [0.75, 0.5, 0.25]})
    frame["b_proba"] = 1 - frame["a_proba"]
    expected = reference.log_loss(frame["y"], frame[["a_proba", "b_proba"]].to_numpy(), labels=["a", "b"])
    assert math.isclose(metrics(frame, target="y").figures.loc["all", "log_loss"], expected)


def test_rows_that_do_not_count_are_counted() -> None:
    frame = pd.DataFrame(
        {
            "y": [1.0, 2.0, None, None, 5.0],
            "prediction": [1.5, None, 3.0, None, 4.0],
            "prediction_error": ["", "invalid_smiles: x", "", "timeout: y", ""],
        }
    )
    figures = metrics(frame, target="y").figures.loc["all"]
    assert figures[["rows", "support", "failed", "unmeasured"]].tolist() == [5, 2, 2, 1]
    assert math.isclose(figures["mae"], 0.75)


def test_a_row_with_a_reason_never_counts_even_with_a_number_beside_it() -> None:
    frame = pd.DataFrame({"y": [1.0, 1.0], "prediction": [1.0, 9.0], "prediction_error": ["", "timeout: late"]})
    assert metrics(frame, target="y").figures.loc["all", "rmse"] == 0


def test_intervals_are_judged_where_the_frame_has_them() -> None:
    frame = pd.DataFrame(
        {
            "y": [0.0, 1.0, 2.0, 3.0],
            "prediction": [0.0] * 4,
            "q_05": [-1.0, -1.0, -1.0, None],
            "q_95": [1.0, 1.0, 1.0, None],
        }
    )
    figures = metrics(frame, target="y").figures
    assert figures.loc["all", "coverage_90"] == pytest.approx(2 / 3)
    assert figures.loc["all", "width_90"] == 2
    assert "coverage_50" not in figures


def test_groups_have_a_row_each_and_add_up() -> None:
    frame = classified(50, ["no", "yes"], 1)
    frame["site"] = ["a", None] * 25
    frame["assay"] = ["x", "x", "y", "y", "y"] * 10
    found = metrics(frame, target="y", by=["site", "assay"])
    assert found.figures.index.names == ["site", "assay"]
    assert found.figures["support"].sum() == 50
    assert found.confusion is not None
    assert found.confusion.to_numpy().sum() == 50
    single = metrics(frame, target="y", by="assay")
    assert single.figures.index.tolist() == ["x", "y"]
    assert single.per_class is not None
    assert single.per_class["support"].sum() == 50


def test_several_models_side_by_side_are_judged_one_by_one() -> None:
    frame = pd.DataFrame({"y": [1.0, 2.0], "a_prediction": [1.0, 2.0], "a_error": ["", "x: y"], "b_prediction": [2, 2]})
    assert metrics(frame, target="y", prediction="a_prediction").figures.loc["all", "failed"] == 1
    assert metrics(frame, target="y", prediction="b_prediction").figures.loc["all", "mae"] == 0.5


def test_labels_are_one_class_however_they_are_typed() -> None:
    frame = pd.DataFrame({"y": [1.0, 0.0, None], "prediction": pd.Series(["1", "1", "0"], dtype="str")})
    found = metrics(frame, target="y")
    assert found.task == "classification"
    assert found.figures.loc["all", "accuracy"] == 0.5


def test_no_rows_give_the_same_columns() -> None:
    frame = pd.DataFrame({"y": [1.0], "prediction": [1.0]})
    empty = metrics(frame.iloc[:0], target="y").figures
    assert list(empty.columns) == list(metrics(frame, target="y").figures.columns)
    assert math.isnan(empty.loc["all", "rmse"])


def test_censored_values_are_refused_without_quoting_them() -> None:
    frame = pd.DataFrame({"y": ["1.0", ">5 secret"], "prediction": [1.0, 2.0]})
    with pytest.raises(InvalidInputError, match="first in row 1") as told:
        metrics(frame, target="y")
    assert "secret" not in str(told.value)
    with pytest.raises(InvalidInputError, match="no column 'z'"):
        metrics(frame, target="z")


@given(st.integers(0, 200).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_the_interval_of_a_share_is_wilsons(case: tuple[int, int]) -> None:
    successes, trials = case
    low, high = wilson_interval(successes, trials)
    if trials:
        expected = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
        assert low == pytest.approx(expected.low, abs=1e-9)
        assert high == pytest.approx(expected.high, abs=1e-9)
    else:
        assert (low, high) == (0, 1)
