"""Promise: the class that most parts say wins, ties are broken by chance and then by order, and only classifiers of the
same classes vote."""

import math
from typing import Any

import pandas as pd
import pytest

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.manifest import Manifest, Output
from manifests import small_manifest
from model_scripts.combining.parts import PartAnswer
from model_scripts.combining.voting import vote_columns, vote_outputs


def voter(name: str, said: list[str | None], high: list[float]) -> PartAnswer:
    chances = {"high_proba": high, "low_proba": [1 - chance for chance in high]}
    columns = pd.DataFrame({"prediction": pd.Series(said, dtype="str"), **chances})
    errors = tuple("" if label else "invalid_smiles: no" for label in said)
    return PartAnswer(name=name, weight=1.0, columns=columns, errors=errors)


def classifier(**changes: Any) -> Manifest:
    chances = (Output(name="low_proba", dtype="float64"), Output(name="high_proba", dtype="float64"))
    fields: dict[str, Any] = {
        "task": "classification",
        "classes": ("low", "high"),
        "targets": (Output(name="z", dtype="text"),),
        "outputs": (Output(name="prediction", dtype="text"), *chances),
    }
    return small_manifest(**{**fields, **changes})


def test_of_classes_with_as_many_votes_the_likelier_wins_then_the_first() -> None:
    parts = {"p": classifier(), "q": classifier(classes=("high", "low"))}
    first = voter("p", ["high", "low", "high", None, None], [0.9, 0.4, 0.75, math.nan, math.nan])
    second = voter("q", ["low", "high", "low", "high", None], [0.2, 0.9, 0.25, 0.6, math.nan])
    answer = vote_columns(parts, [first, second])
    assert answer["prediction"].tolist()[:4] == ["high", "high", "low", "high"]  # 1.1, 1.3, 1.0 of 2; one vote
    assert answer["vote_share"].tolist()[:4] == [0.5, 0.5, 0.5, 1.0]
    assert answer["high_proba"].tolist()[:4] == pytest.approx([0.55, 0.65, 0.5, 0.6])
    assert answer["confidence"][2] == 0
    assert answer["parts_combined"].tolist() == [2, 2, 2, 1, 0]
    assert answer.loc[4, ["prediction", "vote_share", "high_proba", "confidence"]].isna().all()


def test_classes_must_be_the_same() -> None:
    with pytest.raises(BundleError, match="a vote needs the same classes"):
        vote_outputs({"p": classifier(), "q": classifier(classes=("low", "middle"))})
