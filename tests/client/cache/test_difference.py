"""Promise: the difference of two models holds the rows that both answered, and not alike, and no other."""

import numpy as np
import pandas as pd
import pytest

from cached_endpoints import FIRST_MODEL, SECOND_MODEL, StandInEndpoint
from chem_endpoints.client.cache import difference
from chem_endpoints.client.cache.answers import AnswerSchema, Entries, pack
from chem_endpoints.client.cache.cache import InferenceCache
from chem_endpoints.client.cache.difference import differing_rows
from chem_endpoints.client.cache.local_store import LocalStore
from chem_endpoints.wire.manifest import Dtype

COLUMNS: tuple[tuple[str, Dtype], ...] = (("prediction", "float64"), ("rings", "int64"), ("note", "text"))
OLD = AnswerSchema(model="a" * 64, asked=(), columns=(*COLUMNS, ("gone", "float64")))
NEW = AnswerSchema(model="b" * 64, asked=(), columns=COLUMNS)


def answers(*cells: tuple[float, int | None, str | None]) -> pd.DataFrame:
    prediction, rings, note = zip(*cells, strict=True)
    frame = pd.DataFrame({"prediction": pd.Series(prediction, dtype="float64")})
    frame["rings"], frame["note"] = pd.Series(rings, dtype="Int64"), pd.Series(note, dtype="str")
    return frame.assign(gone=0.0)


def keep(store: LocalStore, schema: AnswerSchema, frame: pd.DataFrame) -> None:
    rows = [bytes([number]) * 32 for number in range(len(frame))]
    store.add(schema, Entries(rows=rows, labels=[None] * len(rows), answers=pack(frame, schema)))


def test_missing_values_are_alike_and_any_output_may_differ(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(difference, "ROWS_AT_ONCE", 2)
    store = LocalStore(tmp_path_factory.mktemp("cache"))
    keep(store, OLD, answers((1.0, 1, "a"), (np.nan, None, None), (1.0, 1, "a"), (1.0, 1, "a"), (1.0, 1, None)))
    keep(store, NEW, answers((1.0, 1, "a"), (np.nan, None, None), (1.1, 1, "a"), (1.0, None, "a"), (1.0, 1, "b")))
    found = differing_rows(store, OLD.model, NEW.model, tolerance=0.0)
    assert found["row_key"].tolist() == [f"{number:02x}" * 32 for number in (2, 3, 4)]
    assert found["prediction_new"].tolist() == [1.1, 1.0, 1.0]
    assert found.columns.tolist() == ["row_key", *(f"{n}_{o}" for n, _ in COLUMNS for o in ("old", "new"))]
    assert found["rings_new"].dtype == "Int64"
    assert len(differing_rows(store, OLD.model, NEW.model, tolerance=0.2)) == 2


def test_the_rows_of_a_frame_come_with_the_callers_columns() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint)
    frame = pd.DataFrame({"smiles": ["C", "CC", "CCC"], "temperature": 1.0}, index=["x", "y", "z"])
    cached.inference(frame)
    endpoint.model = SECOND_MODEL
    cached.inference(frame.iloc[:2])
    found = cached.diff(FIRST_MODEL[:9], SECOND_MODEL, frame.iloc[[2, 1]])
    assert found.index.tolist() == ["y"]
    assert found["smiles"].tolist() == ["CC"]
    assert found["prediction_old"].tolist() != found["prediction_new"].tolist()
    everything = cached.diff(FIRST_MODEL, SECOND_MODEL)
    assert sorted(everything["orig_smiles_old"]) == ["C", "CC"]
    assert len(cached.diff(FIRST_MODEL, FIRST_MODEL)) == 0
    assert cached.diff(FIRST_MODEL, FIRST_MODEL).columns.tolist() == everything.columns.tolist()
