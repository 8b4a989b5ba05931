"""Promise: a cached answer is bit for bit the endpoint's, only unknown rows travel, nothing stale is served."""

import asyncio
import pickle
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from cached_endpoints import BAD, FIRST_MODEL, MANIFEST, SECOND_MODEL, SLOW, StandInEndpoint
from chem_endpoints.client.cache import local_store
from chem_endpoints.client.cache.cache import InferenceCache
from chem_endpoints.errors import EndpointError, InvalidInputError, ModelFailedError
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import Feature
from manifests import small_manifest


def molecules(*smiles: Any, **more: Any) -> pd.DataFrame:
    columns = {"smiles": list(smiles), "temperature": 20.0, **more}
    return pd.DataFrame(columns, index=[f"row {n}" for n in range(len(smiles))])


def assert_same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """The same rows, columns, dtypes and index, numbers bit for bit."""
    assert_frame_equal(left, right, check_exact=True, check_flags=False)
    for name in left.columns:
        if left[name].dtype == "float64":
            assert left[name].to_numpy().tobytes() == right[name].to_numpy().tobytes(), name


frames = st.lists(
    st.tuples(
        st.sampled_from(["CCO", "c1ccccc1", BAD, SLOW, "", "N/A", "x\ry"]) | st.none(),
        st.sampled_from([20.0, 37.0, float("nan"), 0.1]),
        st.integers(0, 3),
    ),
    max_size=9,
)


@settings(max_examples=max(20, settings().max_examples // 5))  # each example is several calls and files
@given(st.lists(frames, min_size=1, max_size=3))
def test_the_answer_is_the_endpoints_own(tmp_path_factory: pytest.TempPathFactory, calls: list[Any]) -> None:
    endpoint, plain = StandInEndpoint(), StandInEndpoint()
    cached = InferenceCache(endpoint, store=tmp_path_factory.mktemp("cache"))
    for rows in calls:
        columns = {
            "smiles": pd.Series([row[0] for row in rows], dtype="str"),
            "temperature": pd.Series([row[1] for row in rows], dtype="float64"),
            "id": [row[2] for row in rows],
        }
        frame = pd.DataFrame(columns).set_index("id")
        before = frame.copy(deep=True)
        assert_same(cached.inference(frame), plain.inference(frame))
        assert_frame_equal(frame, before)
        fates, expected = cached.last_report(), plain.last_report()
        assert_frame_equal(fates[["outcome", "error"]], expected[["outcome", "error"]])
        assert fates.dtypes.tolist() == expected.dtypes.tolist()
    assert endpoint.rows_sent <= plain.rows_sent


def test_only_unknown_rows_travel_and_repeated_ones_once() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint)
    cached.inference(molecules("C", "CC"))
    out = cached.inference(molecules("CC", "CCC", "CCC", "C", "CCCC"))
    assert [rows["smiles"].tolist() for rows in endpoint.sent] == [["C", "CC"], ["CCC", "CCCC"]]
    report = out.attrs["report"]
    assert {key: report[key] for key in ("rows", "predicted", "cached", "asked", "repeated", "stored")} == {
        "rows": 5,
        "predicted": 5,
        "cached": 2,
        "asked": 2,
        "repeated": 1,
        "stored": 2,
    }
    fates = cached.last_report()
    assert fates["calls"].tolist() == [0, 1, 0, 0, 1]
    assert fates["bytes"].sum() == 20
    assert set(fates["model_sha256"]) == {FIRST_MODEL}
    again = cached.inference(molecules("CCCC"))
    assert again.attrs["report"] | {"cached": 1, "asked": 0, "requests": 0, "stored": 0} == again.attrs["report"]
    assert len(endpoint.sent) == 2
    assert pickle.loads(pickle.dumps(again)).attrs["report"]["cached"] == 1


def test_another_process_finds_the_answers() -> None:
    InferenceCache(StandInEndpoint()).inference(molecules("C"))
    endpoint = StandInEndpoint()
    InferenceCache(endpoint).inference(molecules("C"))
    assert endpoint.sent == []


# The five faults of the nearest peer (facts/workbench.md §4.5).


def test_a_failed_row_is_asked_again() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint)
    for _ in range(2):
        out = cached.inference(molecules("C", BAD))
        assert out[PREDICTION_ERROR].tolist() == ["", "invalid_smiles: no"]
    assert [rows["smiles"].tolist() for rows in endpoint.sent] == [["C", BAD], [BAD]]
    assert cached.info().rows == 1


def test_the_same_structure_with_another_feature_is_another_row() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint, cache_key_column="smiles")
    cached.inference(molecules("C", temperature=20.0))
    warm = cached.inference(molecules("C", temperature=37.0))
    assert endpoint.rows_sent == 2
    assert_same(warm, StandInEndpoint().inference(molecules("C", temperature=37.0)))


def test_a_model_that_is_deployed_again_is_asked_again() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint)
    old = cached.inference(molecules("C"))
    endpoint.model = SECOND_MODEL
    new = cached.inference(molecules("C"))
    assert_same(new, StandInEndpoint(model=SECOND_MODEL).inference(molecules("C")))
    assert new["smiles_used"].tolist() != old["smiles_used"].tolist()
    endpoint.model = FIRST_MODEL  # rolled back: its answers are still there
    assert_same(cached.inference(molecules("C")), old)
    assert endpoint.rows_sent == 2


def test_a_column_of_the_input_never_stands_for_an_answer() -> None:
    cached = InferenceCache(StandInEndpoint())
    fresh = cached.inference(molecules("C"))
    for _ in range(2):
        with pytest.warns(UserWarning, match="replaced by the model's answers") as told:
            out = cached.inference(molecules("C", prediction=-1.0))
        assert [warning.filename for warning in told] == [__file__]
        assert out["prediction"].tolist() == fresh["prediction"].tolist()
        assert out.attrs["report"]["replaced"] == ["prediction"]
    beside = cached.inference(molecules("C", prediction=-1.0), suffix="_new")
    assert beside["prediction"].tolist() == [-1.0]
    assert beside["prediction_new"].tolist() == fresh["prediction"].tolist()


def test_an_endpoint_that_is_down_is_loud_and_what_it_had_answered_is_kept() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint)
    cached.inference(molecules("N"))
    endpoint.fails_after = 2
    with pytest.raises(ModelFailedError) as failure:
        cached.inference(molecules("C", BAD, "CC", "CCC", "N"))
    assert cached.info().rows == 2
    partial = failure.value.partial
    assert partial is not None
    assert partial.index.tolist() == [f"row {n}" for n in range(5)]
    errors = partial[PREDICTION_ERROR]
    assert [text.partition(":")[0] for text in errors] == ["", "invalid_smiles", "unsent", "unsent", ""]
    assert cached.last_report()["error"].tolist() == errors.tolist()
    endpoint.fails_after = None
    out = cached.inference(molecules("C", BAD, "CC", "CCC"))
    assert endpoint.sent[-1]["smiles"].tolist() == [BAD, "CC", "CCC"]
    assert out[PREDICTION_ERROR].tolist() == ["", "invalid_smiles: no", "", ""]
    endpoint.works = False
    with pytest.raises(ModelFailedError):
        cached.inference(molecules("C", "O"))
    assert cached.inference(molecules("C")).attrs["report"]["cached"] == 1


# What else must not be kept, or not be found.


def test_an_answer_that_depends_on_the_machines_load_is_not_kept() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint)
    for _ in range(2):
        assert cached.inference(molecules(SLOW))["desc3d_status"].tolist() == ["partial"]
    assert endpoint.rows_sent == 2
    assert cached.info().rows == 0


def test_options_that_add_columns_have_answers_of_their_own() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint)
    plain = cached.inference(molecules("C"))
    explained = cached.inference(molecules("C"), explain=True)
    assert_same(cached.inference(molecules("C"), explain=True), explained)
    assert_same(cached.inference(molecules("C")), plain)
    assert "explain_base" in explained.columns
    assert endpoint.rows_sent == 2
    with pytest.raises(InvalidInputError, match="conformers"):
        cached.inference(molecules("C"), conformers=True)


def test_a_model_replaced_after_its_digest_was_read_leaves_no_old_answer_beside_new_ones() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint)
    cached.inference(molecules("C", "CC"))
    endpoint.tag, endpoint.model = FIRST_MODEL, SECOND_MODEL  # the tag comes later than the model
    out = cached.inference(molecules("C", "CC", "CCC"))
    assert_same(out, StandInEndpoint(model=SECOND_MODEL).inference(molecules("C", "CC", "CCC")))
    assert cached.info().models == {FIRST_MODEL: 2, SECOND_MODEL: 3}
    assert set(cached.last_report()["model_sha256"]) == {SECOND_MODEL}


def test_an_answer_from_an_unknown_model_is_never_kept() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint)
    endpoint.model, endpoint.tag = "", FIRST_MODEL
    cached.inference(molecules("C"))
    assert cached.info().rows == 0


def test_a_foreign_endpoint_is_asked_for_every_row() -> None:
    endpoint = StandInEndpoint(manifest=None)
    cached = InferenceCache(endpoint)
    for _ in range(2):
        out = cached.inference(molecules("C", "C"))
        assert (out.attrs["report"]["cached"], out.attrs["report"]["asked"]) == (0, 2)
    assert endpoint.rows_sent == 4
    assert cached.delete(molecules("C")) == 0


def test_a_row_that_cannot_travel_is_not_taken_for_one_that_can() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint)
    frame = pd.DataFrame({"smiles": ["C", "C"], "temperature": pd.Series([None, 2**60 + 1], dtype="Int64")})
    assert_same(cached.inference(frame), StandInEndpoint().inference(frame))
    again = cached.inference(frame)
    assert [bool(text) for text in again[PREDICTION_ERROR]] == [False, True]
    assert again.attrs["report"]["cached"] == 1


# The caller's columns.


def test_names_are_mapped_as_the_endpoint_maps_them() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint, cache_key_column="Structure")
    frame = pd.DataFrame({"Structure": ["C", "CC"], "T": [20, 37], "drawing": [object(), object()]})
    mapped: dict[str, Any] = {"smiles": "Structure", "columns": {"T": "temperature"}}
    expected = StandInEndpoint().inference(frame, **mapped)
    for _ in range(2):
        assert_same(cached.inference(frame, **mapped), expected)
    assert endpoint.rows_sent == 2
    assert cached.delete("CC") == 1
    same = InferenceCache(endpoint).inference(molecules("C"))
    assert same.attrs["report"]["cached"] == 1, "the same row under the model's names"


def test_all_columns_travel_when_asked_for() -> None:
    endpoint = StandInEndpoint()
    frame = molecules("C", note=["x"]).rename(columns={"smiles": "Structure"})
    InferenceCache(endpoint).infer(frame, smiles="Structure", send="all")
    assert endpoint.rows_sent == 1


def test_smiles_alone_are_rows_too() -> None:
    manifest = small_manifest(outputs=MANIFEST.outputs)
    endpoint = StandInEndpoint(manifest=manifest)
    cached = InferenceCache(endpoint)
    assert_same(cached.inference("C"), cached.inference(["C"]))
    assert_same(cached.inference(pd.Series(["C"])), cached.inference(["C"]))
    assert endpoint.rows_sent == 1
    assert asyncio.run(cached.ainference("C")).attrs["report"]["cached"] == 1
    assert cached.fast_inference("C").attrs["report"]["cached"] == 1


def test_no_rows_make_no_request_and_have_every_column() -> None:
    endpoint = StandInEndpoint()
    frame = molecules("C").iloc[:0]
    assert_same(InferenceCache(endpoint).inference(frame), StandInEndpoint().inference(frame))
    assert endpoint.sent == []


def test_rows_with_errors_can_be_left_out() -> None:
    cached = InferenceCache(StandInEndpoint())
    for _ in range(2):
        out = cached.inference(molecules("C", BAD, "C"), drop_error_rows=True)
        assert out.index.tolist() == ["row 0", "row 2"]
        assert out.attrs["report"]["failed"] == {"invalid_smiles": 1}


def test_a_frame_that_does_not_fit_is_refused_as_the_endpoint_refuses_it() -> None:
    with pytest.raises(InvalidInputError, match="'smiles' has no column"):
        InferenceCache(StandInEndpoint()).inference(pd.DataFrame({"temperature": [1.0]}))
    with pytest.raises(InvalidInputError, match="no column 'compound'"):
        InferenceCache(StandInEndpoint(), cache_key_column="compound").inference(molecules("C"))


def test_the_callers_key_comes_back_where_the_model_standardises() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint, cache_key_column="smiles_used", output_key_column="orig_smiles")
    frame = pd.DataFrame({"smiles_used": ["C"], "temperature": [1.0]})
    for _ in range(2):
        with pytest.warns(UserWarning, match="replaced"):
            out = cached.inference(frame, smiles="smiles_used")
        assert out["smiles_used"].tolist() == ["C"]
    assert endpoint.rows_sent == 1
    with pytest.raises(InvalidInputError, match="no output 'orig'"):
        InferenceCache(endpoint, output_key_column="orig").inference(molecules("C"))


def test_an_answer_that_repeats_another_key_is_not_kept() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint, cache_key_column="id", output_key_column="orig_smiles")
    cached.inference(molecules("C", "CC", id=["C", "other"]))
    assert cached.info().rows == 1


# What users do with a cache.


def test_entries_are_removed_by_value_by_row_by_model_and_all() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint)
    cached.inference(pd.concat([molecules("C", "CC", "CCC"), molecules("C", temperature=37.0)]))
    endpoint.model = SECOND_MODEL
    cached.inference(molecules("C", "CC"))
    assert cached.info().models == {FIRST_MODEL: 4, SECOND_MODEL: 2}
    assert cached.delete(["CC", "nothing", None]) == 2
    assert cached.delete(molecules("C")) == 2, "this row of both models, not the one at another temperature"
    assert cached.info().models == {FIRST_MODEL: 2}
    cached.inference(molecules("C"))
    assert cached.clear(model=FIRST_MODEL[:8]) == 2
    assert cached.info().models == {SECOND_MODEL: 1}
    with pytest.raises(InvalidInputError, match="no model begins with 'ff'"):
        cached.clear(model="ff")
    assert cached.clear() == 1
    cached.compact()
    assert cached.info().rows == 0
    assert cached.inference(molecules("C")).attrs["report"]["asked"] == 1


def test_what_is_removed_leaves_no_trace_in_the_files(tmp_path: Path) -> None:
    cached = InferenceCache(StandInEndpoint(), store=tmp_path / "kept")
    cached.inference(molecules("OC(=O)CCCC"))
    held = b"".join(path.read_bytes() for path in (tmp_path / "kept").iterdir())
    assert b"OC(=O)CCCC" in held, "an output repeats it, as docs/cache.md says"
    cached.clear()
    cached.compact()
    assert not [path for path in (tmp_path / "kept").iterdir() if b"OC(=O)CCCC" in path.read_bytes()]


def test_the_cache_says_where_it_lies(cache_folder: Path) -> None:
    cached = InferenceCache(StandInEndpoint())
    cached.inference(molecules("C"))
    info = cached.info()
    assert info.place == str(cache_folder / "answers" / "stand-in")
    assert info.bytes > 0
    assert info.place in repr(cached)


def test_everything_else_is_the_endpoints() -> None:
    cached = InferenceCache(StandInEndpoint())
    assert (cached.name, cached.status()) == ("stand-in", "InService")
    with pytest.raises(AttributeError):
        _ = cached.no_such_thing
    with pytest.raises(EndpointError, match="nothing was asked"):
        cached.last_report()


def test_answers_are_returned_when_they_cannot_be_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(local_store, "BUSY_SECONDS", 0.05)
    cached = InferenceCache(StandInEndpoint(), store=tmp_path)
    cached.inference(molecules("C"))
    with closing(sqlite3.connect(tmp_path / local_store.FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.warns(UserWarning, match=r"1 answers are returned but not kept: .*another process") as told:
            assert cached.inference(molecules("C", "CC"))[PREDICTION_ERROR].tolist() == ["", ""]
        assert [warning.filename for warning in told] == [__file__]
        other.execute("ROLLBACK")
    assert cached.inference(molecules("C", "CC")).attrs["report"]["asked"] == 1


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "answers-1.sqlite").write_bytes(b"no database, but long enough to be looked at" * 40)
    with pytest.raises(EndpointError, match=r"answers-1\.sqlite .* is damaged"):
        InferenceCache(StandInEndpoint(), store=tmp_path).inference(molecules("C"))


def test_a_large_question_is_kept_piece_by_piece() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint)
    frame = pd.DataFrame({"smiles": [f"C{n}" for n in range(5_000)], "temperature": 1.0})
    out = cached.inference(frame)
    assert [len(rows) for rows in endpoint.sent] == [2_000, 3_000]
    assert out.attrs["report"]["requests"] == 2
    assert out.attrs["report"]["seconds"] == 1.0
    assert_same(cached.inference(frame), out)
    assert np.array_equal(out["orig_smiles"], frame["smiles"])


def test_features_in_another_order_or_case_are_the_same_row() -> None:
    endpoint = StandInEndpoint()
    cached = InferenceCache(endpoint)
    cached.inference(molecules("C"))
    cached.inference(pd.DataFrame({"Temperature": ["20"], "SMILES": ["C"]}))
    assert endpoint.rows_sent == 1


def test_a_manifest_with_other_columns_does_not_use_answers_without_them() -> None:
    cached = InferenceCache(StandInEndpoint())
    cached.inference(molecules("C"))
    fewer = MANIFEST.model_copy(update={"outputs": MANIFEST.outputs[:2], "features": MANIFEST.features})
    endpoint = StandInEndpoint(manifest=fewer)
    out = InferenceCache(endpoint).inference(molecules("C"))
    assert endpoint.rows_sent == 1
    assert out.columns.tolist() == ["smiles", "temperature", "prediction", "rings", PREDICTION_ERROR]


def test_a_model_of_numbers_needs_no_key_column() -> None:
    manifest = small_manifest(
        features=(Feature(name="smiles", dtype="text"), Feature(name="x", dtype="int64")), outputs=MANIFEST.outputs
    )
    cached = InferenceCache(StandInEndpoint(manifest=manifest), cache_key_column="x")
    frame = pd.DataFrame({"smiles": ["C", "C"], "x": [1, 2]})
    cached.inference(frame)
    assert cached.delete(1.0) == 1
