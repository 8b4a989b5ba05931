"""Promise: feedback calls an interval wrong only when the measured rows prove it, and says when they are too few."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chem_endpoints.client.quality.captured_rows import CAPTURE_COLUMNS
from chem_endpoints.client.quality.classification import CLASSIFICATION_FIGURES
from chem_endpoints.client.quality.feedback import FEWEST_ROWS, HOLDS, TOO_FEW_ROWS, TOO_NARROW, TOO_WIDE, feedback
from chem_endpoints.client.quality.regression import REGRESSION_FIGURES
from chem_endpoints.wire.manifest import Coverage, Metrics, Training
from manifests import small_manifest

TRAINING = Training(
    rows=100,
    data_sha256="0" * 64,
    seed=1,
    metrics=(Metrics(split="random", target="y", folds=5, rows=100, figures={"rmse": 0.7, "r2": 0.8}),),
    coverage=(
        Coverage(target="y", among="random split", rows=100, covered=0.91, mean_width=2.0, guaranteed=True),
        Coverage(target="y", among="scaffold split", rows=100, covered=0.82, mean_width=2.2, guaranteed=False),
    ),
    notes=(),
)
ENDPOINT: Any = SimpleNamespace(description=SimpleNamespace(manifest=small_manifest(training=TRAINING)))


def measured(rows: int, held: int, **more: Any) -> pd.DataFrame:
    """Rows of which ``held`` lie within their 90 % interval."""
    values = np.where(np.arange(rows) < held, 0.5, 5.0)
    return pd.DataFrame({"y": values, "prediction": 0.0, "q_05": -1.0, "q_95": 1.0, "prediction_error": "", **more})


@pytest.mark.parametrize(
    ("rows", "held", "verdict"),
    [
        (FEWEST_ROWS - 1, 0, TOO_FEW_ROWS),
        (FEWEST_ROWS, 0, TOO_NARROW),
        (100, 90, HOLDS),
        (100, 70, TOO_NARROW),
        (200, 199, TOO_WIDE),
    ],
)
def test_the_verdict_follows_the_confidence_interval(rows: int, held: int, verdict: str) -> None:
    found = feedback(ENDPOINT, measured(rows, held), target="y")
    row = found.coverage.loc[0.90]
    assert row["verdict"] == verdict
    assert (row["rows"], row["covered"]) == (rows, held)
    assert row["low"] <= row["coverage"] <= row["high"]
    assert f"{held} of {rows}" in repr(found)
    assert "nan" not in found._repr_html_().split("<table")[0]


def test_training_compounds_are_left_out_and_counted() -> None:
    frame = measured(100, 50, in_training=pd.array([True] * 50 + [None] * 50, dtype="boolean"))
    found = feedback(ENDPOINT, frame, target="y")
    assert found.rows == {"rows": 100, "support": 50, "failed": 0, "unmeasured": 0, "in_training": 50}
    assert found.coverage.loc[0.90, "covered"] == 0


def test_live_figures_stand_beside_those_of_the_training() -> None:
    found = feedback(ENDPOINT, measured(40, 40), target="y")
    assert found.figures.loc["rmse", "live"] == pytest.approx(0.5)
    assert found.figures.loc["rmse", "random split"] == 0.7
    assert np.isnan(found.figures.loc["rmse", "scaffold split"])
    assert found.validated["covered"].tolist() == [0.91, 0.82]


def test_a_frame_without_predictions_is_predicted_first() -> None:
    asked: list[pd.DataFrame] = []

    def inference(frame: pd.DataFrame) -> pd.DataFrame:
        asked.append(frame)
        return measured(len(frame), len(frame))

    endpoint: Any = SimpleNamespace(description=ENDPOINT.description, inference=inference)
    assert feedback(endpoint, pd.DataFrame({"y": [0.5, 0.5]}), target="y").rows["support"] == 2
    assert len(asked) == 1


def test_classes_have_figures_and_no_intervals() -> None:
    frame = pd.DataFrame({"y": ["a", "b"], "prediction": pd.Series(["a", "a"], dtype="str")})
    found = feedback(ENDPOINT, frame, target="y")
    assert found.coverage.empty
    assert found.figures.loc["accuracy", "live"] == 0.5


def test_the_page_names_verdicts_figures_and_columns(root: Path) -> None:
    text = (root / "docs/quality.md").read_text()
    named = (*REGRESSION_FIGURES, *CLASSIFICATION_FIGURES, *CAPTURE_COLUMNS)
    assert not [name for name in named if f"`{name}`" not in text]
    verdicts = set(re.findall(r"^\| `([a-z ]+)` \| ", text.partition("| verdict | when |")[2], re.MULTILINE))
    assert verdicts == {TOO_FEW_ROWS, HOLDS, TOO_NARROW, TOO_WIDE}
    assert f"fewer than {FEWEST_ROWS} measured rows" in text
