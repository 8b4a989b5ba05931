"""Promise: a bundle is asked with its golden rows, well-known compounds and the caller's rows, each once and typed."""

from pathlib import Path

import pandas as pd
import pytest

from chem_endpoints.check.outcome import NotAskedError
from chem_endpoints.check.promises.files import is_pickle
from chem_endpoints.check.promises.place import other_order, rows_keep_their_order
from chem_endpoints.check.sample import COMPOUNDS, MOST_ROWS, sample_rows, structure_feature
from chem_endpoints.check.subject import Subject
from chem_endpoints.wire.errors import FeatureMismatchError
from chem_endpoints.wire.manifest import Feature, GoldenRows
from manifests import small_manifest

STRUCTURE = Feature(name="SMILES", dtype="text")
NUMBER = Feature(name="x", dtype="float64")


def golden(**columns: list[object]) -> GoldenRows:
    return GoldenRows.model_validate({"input": columns, "output": {}, "relative_tolerance": 1e-6})


def test_structures_are_added_with_numbers_of_golden_rows() -> None:
    manifest = small_manifest(features=(STRUCTURE, NUMBER), golden=golden(SMILES=["CCO", "CCN"], x=[1.0, 2.0]))
    rows = sample_rows(manifest, None)
    assert set(COMPOUNDS) <= set(rows["SMILES"])
    assert set(rows["x"]) == {1.0, 2.0}
    assert not rows.duplicated().any()


def test_a_model_of_numbers_gets_no_structures() -> None:
    manifest = small_manifest(features=(NUMBER,), golden=golden(x=[1.0, 2.0]))
    assert structure_feature(manifest) is None
    assert sample_rows(manifest, None)["x"].tolist() == [1.0, 2.0]


def test_rows_of_the_caller_come_first_and_only_what_the_model_reads(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("note,X\nmine,7\n" + "more,8\n" * (MOST_ROWS + 1))
    manifest = small_manifest(features=(NUMBER,), golden=golden(x=[1.0]))
    rows = sample_rows(manifest, tmp_path / "rows.csv")
    assert list(rows.columns) == ["x"]
    assert rows["x"].tolist() == [7.0, 8.0, 1.0]


def test_columns_that_do_not_fit_are_told(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("y\n1\n")
    with pytest.raises(FeatureMismatchError, match="feature 'x' has no column"):
        sample_rows(small_manifest(features=(NUMBER,), golden=golden(x=[1.0])), tmp_path / "rows.csv")


def test_without_a_manifest_numbers_are_recovered_from_text(tmp_path: Path) -> None:
    assert sample_rows(None, None).empty
    (tmp_path / "rows.csv").write_text("name,x\n007a,1\nb,2.5\n")
    rows = sample_rows(None, tmp_path / "rows.csv")
    assert rows["x"].tolist() == [1.0, 2.5]
    assert pd.api.types.is_string_dtype(rows["name"].dtype)


@pytest.mark.parametrize("count", [2, 3, 4, 100])
def test_rows_are_asked_in_another_order_however_few(count: int) -> None:
    places = other_order(count)
    assert sorted(places) == list(range(count)) != places


def test_one_row_is_asked_in_no_other_order(tmp_path: Path) -> None:
    subject = Subject(bundle=tmp_path, rows=pd.DataFrame({"x": [1.0]}), seconds=1, max_ms=None)
    with pytest.raises(NotAskedError, match="give --rows FILE with more"):
        rows_keep_their_order(subject)


@pytest.mark.parametrize(
    ("name", "contents", "pickle"),
    [
        ("model.joblib", b"anything", True),
        ("weights", b"\x80\x04N.", True),
        ("weights", b"\x80\x04N", False),
        ("weights.json", b"{}", False),
    ],
)
def test_pickles_are_known_by_name_or_contents(name: str, contents: bytes, pickle: bool) -> None:
    assert is_pickle(name, contents) == pickle
