"""Promise: what was measured is read as people wrote it, and targets that nobody could train on are told by name."""

import numpy as np
import pandas as pd
import pytest

from model_scripts.training.targets import TargetError, read_targets


def test_numbers_are_a_regression_and_an_empty_cell_is_unusable() -> None:
    targets = read_targets(pd.DataFrame({"y": ["1.5", "", "-2"]}, dtype=object), ["y"], None)
    assert targets.task.kind == "regression"
    assert targets.unusable == {1: "no number in 'y'"}
    assert targets.values[:, 0].tolist()[::2] == [1.5, -2.0]


def test_a_row_of_several_targets_needs_only_one() -> None:
    frame = pd.DataFrame({"a": ["1", "", ""], "b": ["", "2", ""]}, dtype=object)
    targets = read_targets(frame, ["a", "b"], None)
    assert targets.unusable == {2: "no number in any target"}
    assert np.isnan(targets.values).tolist() == [[False, True], [True, False], [True, True]]


def test_text_is_a_classification_with_its_classes_in_the_order_that_people_count() -> None:
    frame = pd.DataFrame({"y": ["10", "9", "high", "", "9"]}, dtype=object)
    targets = read_targets(frame, ["y"], "classification")
    assert targets.task.classes == ("9", "10", "high")
    assert targets.values[:, 0].tolist()[:3] == [1.0, 0.0, 2.0]
    assert targets.unusable == {3: "no class in 'y'"}
    assert read_targets(frame, ["y"], None).task.kind == "classification"


def test_several_targets_of_a_classification_are_flags() -> None:
    frame = pd.DataFrame({"a": ["1", "0", "true"], "b": ["", "False", "1.0"]}, dtype=object)
    values = read_targets(frame, ["a", "b"], "classification").values
    assert values[:, 0].tolist() == [1.0, 0.0, 1.0]
    assert values[1:, 1].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("frame", "names", "told"),
    [
        ({"y": ["a", "a"]}, ["y"], "1 classes"),
        ({"y": [f"c{n}" for n in range(60)]}, ["y"], "60 classes"),
        ({"a": ["1", "2"], "b": ["0", "1"]}, ["a", "b"], "'a' must hold 0 or 1"),
    ],
)
def test_targets_that_cannot_be_classified_are_told(frame: dict[str, list[str]], names: list[str], told: str) -> None:
    with pytest.raises(TargetError, match=told):
        read_targets(pd.DataFrame(frame, dtype=object), names, "classification")
