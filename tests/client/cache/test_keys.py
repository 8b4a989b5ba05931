"""Promise: rows share a key exactly when the model reads the same from them; a label is one value of the caller's."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.client.cache import keys
from chem_endpoints.client.cache.keys import label_keys, row_keys
from chem_endpoints.client.sent_columns import model_columns
from chem_endpoints.wire.manifest import Feature

FEATURES = (
    Feature(name="smiles", dtype="text", missing="allow"),
    Feature(name="logp", dtype="float64", missing="allow"),
    Feature(name="rings", dtype="int64", missing="allow"),
    Feature(name="salt", dtype="boolean", missing="allow"),
    Feature(name="mass", dtype="float64", missing="allow"),
)


def key_of(smiles: Any = "C", logp: Any = 1.0, rings: Any = 1, salt: Any = True, mass: Any = 2.0) -> bytes:
    cells = {"smiles": smiles, "logp": logp, "rings": rings, "salt": salt, "mass": mass}
    frame = pd.DataFrame({name: pd.Series([cell], dtype=object) for name, cell in cells.items()})
    return row_keys(model_columns(frame, FEATURES, {}).frame, FEATURES)[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"logp": 1}, {"logp": 1.0}),
        ({"logp": 1.0}, {"logp": "1.0"}),
        ({"logp": 1.0}, {"logp": " 1e0 "}),
        ({"logp": None}, {"logp": float("nan")}),
        ({"logp": None}, {"logp": pd.NA}),
        ({"logp": None}, {"logp": ""}),
        ({"logp": None}, {"logp": "N/A"}),
        ({"rings": 1}, {"rings": "1"}),
        ({"rings": 1}, {"rings": np.int8(1)}),
        ({"salt": True}, {"salt": "true"}),
        ({"smiles": None}, {"smiles": float("nan")}),
        ({"smiles": None}, {"smiles": ""}),
    ],
)
def test_what_the_model_reads_alike_shares_a_key(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert key_of(**one) == key_of(**other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"smiles": "C"}, {"smiles": "c"}),
        ({"smiles": "C"}, {"smiles": "C "}),
        ({"smiles": "1"}, {"smiles": "1.0"}),
        ({"smiles": "N/A"}, {"smiles": None}),
        ({"smiles": "é"}, {"smiles": "e\u0301"}),
        ({"logp": 0.0}, {"logp": -0.0}),
        ({"logp": 0.1}, {"logp": 0.1 + 2**-55}),
        ({"logp": 1.0, "mass": 2.0}, {"logp": 2.0, "mass": 1.0}),
        ({"logp": None, "mass": 1.0}, {"logp": 1.0, "mass": None}),
        ({"logp": "x"}, {"logp": None}),
        ({"logp": "x"}, {"logp": "y"}),
        ({"rings": 2**53}, {"rings": 2**53 + 1}),
        ({"rings": 0}, {"rings": None}),
        ({"salt": False}, {"salt": None}),
    ],
)
def test_what_the_model_may_read_otherwise_has_another_key(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert key_of(**one) != key_of(**other)


texts = st.text(max_size=4) | st.none()
numbers = st.floats(allow_nan=False) | st.none()
rows = st.tuples(texts, numbers, st.integers(-(2**63), 2**63 - 1) | st.none(), st.booleans() | st.none(), numbers)


@given(st.lists(rows, min_size=1, max_size=8))
def test_keys_are_equal_where_the_rows_are(cells: list[tuple[Any, ...]]) -> None:
    def plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
        text = None if row[0] in ("", "__NA__") else row[0]
        number = tuple(None if cell is None else (cell, math.copysign(1.0, cell)) for cell in (row[1], row[4]))
        return (text, number, row[2], row[3])

    columns = list(zip(*cells, strict=True))
    kinds = ("str", "float64", "Int64", "boolean", "float64")
    frame = pd.DataFrame(
        {f.name: pd.Series(list(c), dtype=kind) for f, c, kind in zip(FEATURES, columns, kinds, strict=True)}
    )
    found = row_keys(frame, FEATURES)
    alike = [[plain(a) == plain(b) for b in cells] for a in cells]
    assert [[a == b for b in found] for a in found] == alike


def test_a_row_has_its_key_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"smiles": [f"C{n % 7}" for n in range(50)], "logp": [n % 5 / 3 for n in range(50)]})
    features = (Feature(name="logp", dtype="float64"), Feature(name="smiles", dtype="text"))
    whole = row_keys(frame, features)
    monkeypatch.setattr(keys, "ROWS_AT_ONCE", 3)
    assert row_keys(frame, features[::-1]) == whole
    assert row_keys(frame.iloc[[49]], features) == whole[49:]
    assert len(set(whole)) == 35


def test_a_model_with_other_features_has_other_keys() -> None:
    frame = pd.DataFrame({"smiles": ["C"], "x": [1.0]})
    text, number = Feature(name="smiles", dtype="text"), Feature(name="x", dtype="float64")
    assert len({*row_keys(frame, (text,)), *row_keys(frame, (text, number)), *row_keys(frame, (number,))}) == 3


def test_labels_tell_values_apart_as_the_caller_does() -> None:
    same = label_keys([1, 1.0, np.int64(1), np.float32(1)])
    assert len(set(same)) == 1
    assert len(set(label_keys(["1", 1, True, 1.5, float("inf"), "True"]))) == 6
    assert label_keys([None, float("nan"), pd.NA, pd.NaT]) == [None] * 4
