"""Promise: a model card is a plain dict of every field, and what is printed of it is short and says how good it is."""

import json
import pickle
from pathlib import Path

import pytest

from chem_endpoints.client.card import ModelCard
from chem_endpoints.wire.bundle import verify_archive
from chem_endpoints.wire.manifest import Feature, Manifest, Output
from manifests import small_manifest

BUNDLE = Path(__file__).parents[2] / "examples/bundles/logs-v1.tar.gz"


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return verify_archive(BUNDLE).manifest


@pytest.fixture(scope="module")
def card(manifest: Manifest) -> ModelCard:
    return ModelCard.of(manifest, "ab" * 32)


def test_every_field_but_the_golden_rows_is_in_it(card: ModelCard, manifest: Manifest) -> None:
    assert {"model_sha256": "ab" * 32, **manifest.model_dump(mode="json", exclude={"golden"})} == card
    assert "golden" not in card


def test_it_is_written_and_pickled_like_a_dict(card: ModelCard) -> None:
    assert json.loads(json.dumps(card)) == card
    assert pickle.loads(pickle.dumps(card)) == card


def test_what_is_printed_is_short_and_tells_the_errors_of_each_split(card: ModelCard) -> None:
    text = repr(card)
    assert len(text) < 3_000 < len(json.dumps(card))
    assert "predicts        log_s in log10(mol/L): aqueous solubility" in text
    for split in ("random", "scaffold"):
        figures = next(one["figures"] for one in card["training"]["metrics"] if one["split"] == split)
        assert f"RMSE {figures['rmse']:.3g}, MAE {figures['mae']:.3g}" in text
    assert text.count("not guaranteed") == sum(not one["guaranteed"] for one in card["training"]["coverage"]) > 0


def test_a_model_without_training_says_what_it_reads_and_counts_the_rest() -> None:
    features = tuple(Feature(name=f"x{number}", dtype="float64") for number in range(11))
    text = repr(ModelCard.of(small_manifest({}, features=features, training=None), "ab" * 32))
    assert "x0, x1, x2, x3, x4, x5, x6, x7 and 3 more" in text
    assert "trained on" not in text


def test_a_notebook_gets_a_table_in_which_names_are_only_text() -> None:
    named = small_manifest({}, targets=(Output(name="<b>", dtype="float64", unit="<nM>"),))
    html = ModelCard.of(named, "ab" * 32)._repr_html_()
    assert "&lt;b&gt; in &lt;nM&gt;" in html
    assert "<b>" not in html
