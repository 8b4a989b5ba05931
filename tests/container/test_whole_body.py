"""Promise: a script that sees the whole body still loses no row, and no exception's text leaves the worker."""

import io
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.wire.bundle import VerifiedBundle
from chem_endpoints.wire.errors import NotAcceptableError, UnsupportedContentTypeError, WireError
from chem_endpoints.wire.manifest import Feature, Output
from container.server.foreign_bundle import ForeignBundle, Layout
from container.server.loading import LoadedModel
from container.server.reason_counts import count_reasons
from container.server.script import Script
from container.server.script_error import ScriptError
from container.server.whole_body import WholeAnswer, predict_whole_body
from manifests import small_manifest

CSV, JSON = "text/csv", "application/json"


class UnsupportedFormatError(Exception):
    """What the SageMaker toolkits raise."""


def double(rows: Any, model: Any) -> Any:
    """Doubles the first column; a negative number is not for it."""
    first = rows.iloc[:, 0].astype(float).to_numpy() if isinstance(rows, pd.DataFrame) else np.asarray(rows)[:, 0]
    if (first < 0).any():
        raise ValueError(f"CANARY {first}")
    return rows.assign(prediction=2 * first) if isinstance(rows, pd.DataFrame) else 2 * first


def loaded(layout: Layout = Layout.TOOLKIT, *, feature_columns: tuple[str, ...] = (), **functions: Any) -> LoadedModel:
    bundle = ForeignBundle(
        digest="0" * 64, layout=layout, script=Path("inference.py"), feature_columns=feature_columns, files={}
    )
    return with_bundle(bundle, **functions)


def with_bundle(bundle: ForeignBundle | VerifiedBundle, **functions: Any) -> LoadedModel:
    script = Script(**{"model_fn": lambda model_dir: None, "predict_fn": double, **functions})
    return LoadedModel(bundle=bundle, script=script, model=None, loaded_at=0.0, threads=1, cuda=False)


def ask(
    model: LoadedModel, body: bytes | str, content_type: str | None = CSV, accept: str | None = None, **options: Any
) -> WholeAnswer:
    sent = body.encode() if isinstance(body, str) else body
    return predict_whole_body(sent, content_type, accept, model, lambda rows: None, **options)


def read_frame(body: Any, content_type: str) -> pd.DataFrame:
    if "text/csv" in content_type:
        return pd.read_csv(io.StringIO(body))
    if "application/json" in content_type:
        return pd.DataFrame(json.loads(body))
    raise ValueError("CANARY not supported")


def test_rows_without_names_are_numbers_as_the_toolkits_read_them() -> None:
    seen: list[Any] = []

    def predict_fn(rows: Any, model: Any) -> Any:
        seen.append(rows)
        return rows.sum(axis=1)

    model = loaded(predict_fn=predict_fn)
    assert ask(model, "1,2.5\n3,4\n").body == b"3.5\n7.0\n"
    assert ask(model, '{"instances": [[1, 2.5], [3, 4]]}', JSON).body == b"[3.5,7.0]"
    assert [rows.dtype for rows in seen] == [np.dtype("float64")] * 2
    assert seen[0].tolist() == seen[1].tolist() == [[1, 2.5], [3, 4]]


def test_a_body_with_names_stays_a_frame_and_gets_the_error_column() -> None:
    answer = ask(loaded(), '[{"x": 1, "id": "007"}, {"x": 2, "id": null}]', JSON)
    assert json.loads(answer.body) == [
        {"x": 1, "id": "007", "prediction": 2.0, "prediction_error": ""},
        {"x": 2, "id": None, "prediction": 4.0, "prediction_error": ""},
    ]
    assert (answer.rows, count_reasons(answer.reasons.values()), answer.content_type) == (2, {}, JSON)


def test_texts_without_names_reach_the_script_as_they_are() -> None:
    model = loaded(predict_fn=lambda rows, model: [len(text) for text in rows["0"]])
    assert ask(model, "CCO\nCC\n").body == b"3\n2\n"


def test_a_header_line_is_told_and_not_predicted() -> None:
    with pytest.raises(WireError, match="without a header line"):
        ask(loaded(), "a,b\n1,2\n3,4\n")


def test_a_cell_that_is_no_number_concerns_its_row_alone() -> None:
    answer = ask(loaded(), "1,2\n3,oops\n5,6\n", accept=JSON)
    assert json.loads(answer.body) == [2.0, None, 10.0]
    assert count_reasons(answer.reasons.values()) == {"invalid_value": 1}


@given(st.lists(st.integers(-3, 9), min_size=1, max_size=40))
def test_rows_that_raise_stand_alone_and_the_others_get_their_numbers(numbers: list[int]) -> None:
    body = json.dumps([{"id": str(row), "x": number} for row, number in enumerate(numbers)])
    model = loaded(predict_fn=lambda rows, model: double(rows[["x", "id"]], model))
    bad = [row for row, number in enumerate(numbers) if number < 0]
    if len(bad) == len(numbers) > 1:
        with pytest.raises(ScriptError, match=rf"fails for each of {len(bad)} rows .*raised ValueError"):
            ask(model, body, JSON)
        return
    answer = ask(model, body, JSON)
    records = json.loads(answer.body)
    assert [record["id"] for record in records] == [str(row) for row in range(len(numbers))]
    assert [record.get("prediction") for record in records] == [2.0 * x if x >= 0 else None for x in numbers]
    failed = "prediction_failed: the model raised ValueError"
    assert [record["prediction_error"] for record in records] == [failed if x < 0 else "" for x in numbers]
    assert count_reasons(answer.reasons.values()) == ({"prediction_failed": len(bad)} if bad else {})


@pytest.mark.parametrize(
    ("predict_fn", "told"),
    [
        (lambda rows, model: double(rows, model), [2.0, None, 6.0]),
        (lambda rows, model: double(rows, model).astype(int), [2, None, 6]),
        (lambda rows, model: double(rows, model).tolist(), [2.0, None, 6.0]),
        (lambda rows, model: np.column_stack([double(rows, model)] * 2), [[2.0, 2.0], [None, None], [6.0, 6.0]]),
        (lambda rows, model: double(rows, model).astype(str).astype(object), ["2.0", None, "6.0"]),
    ],
)
def test_a_missing_prediction_is_null_whatever_the_model_returns(predict_fn: Any, told: list[Any]) -> None:
    assert json.loads(ask(loaded(predict_fn=predict_fn), "1\n-1\n3\n", accept=JSON).body) == told


def test_the_rows_that_the_model_sees_are_announced() -> None:
    told: list[list[int]] = []
    predict_whole_body(b"1\n-1\n3\n", CSV, None, loaded(), told.append)
    assert told == [[0, 1, 2], [0], [1, 2], [1], [2], []]


def test_rows_known_to_be_bad_are_not_shown_to_the_model() -> None:
    answer = ask(loaded(), "1\n-1\n3\n", accept=JSON, known_bad={1: "worker_crashed: the model crashed on this row"})
    assert json.loads(answer.body) == [2.0, None, 6.0]
    assert count_reasons(answer.reasons.values()) == {"worker_crashed": 1}


def test_one_row_that_raises_is_a_bad_row() -> None:
    answer = ask(loaded(), '[{"x": -1}]', JSON)
    assert json.loads(answer.body) == [{"x": -1, "prediction_error": "prediction_failed: the model raised ValueError"}]


def test_a_scripts_own_reasons_are_kept_and_counted_without_quoting_them() -> None:
    def predict_fn(rows: Any, model: Any) -> Any:
        return rows.assign(prediction_error=["CANARY: x", None, "invalid_smiles: y"], prediction=1.0)

    answer = ask(loaded(predict_fn=predict_fn), '[{"x": 1}, {"x": 2}, {"x": 3}]', JSON)
    assert [record["prediction_error"] for record in json.loads(answer.body)] == ["CANARY: x", "", "invalid_smiles: y"]
    assert count_reasons(answer.reasons.values()) == {"other": 1, "invalid_smiles": 1}


@pytest.mark.parametrize(
    ("predict_fn", "told"),
    [
        (lambda rows, model: rows.iloc[1:], "got 3 rows and returned 2, or changed their index"),
        (lambda rows, model: rows.iloc[::-1], "got 3 rows and returned 3, or changed their index"),
        (lambda rows, model: [1.0], "got 3 rows and returned 1 predictions"),
        (lambda rows, model: {"a": 1}, "got 3 rows and returned a dict"),
        (lambda rows, model: [object()] * 3, "cannot be written as JSON"),
    ],
)
def test_a_script_that_loses_rows_is_told(predict_fn: Any, told: str) -> None:
    with pytest.raises(ScriptError, match=told):
        ask(loaded(predict_fn=predict_fn), '[{"x": 1}, {"x": 2}, {"x": 3}]', JSON)


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        (CSV, str),
        ("Text/CSV; charset=utf-8", str),
        (JSON, str),
        ("application/jsonlines", str),
        ("application/x-npy", bytes),
        ("application/vnd.apache.arrow.stream", bytes),
    ],
)
@pytest.mark.parametrize("layout", list(Layout))
def test_input_fn_gets_text_for_text_and_the_header_as_it_came(content_type: str, kind: type, layout: Layout) -> None:
    seen: list[Any] = []

    def input_fn(body: Any, header: str) -> Any:
        seen.append((type(body), header))
        return pd.DataFrame({"x": [1.0]})

    ask(loaded(layout, input_fn=input_fn), b"x", content_type, accept=JSON)
    assert seen == [(kind, content_type)]


@pytest.mark.parametrize("content_type", [None, "", "*/*"])
def test_a_body_of_no_type_is_csv(content_type: str | None) -> None:
    answer = ask(loaded(input_fn=read_frame), "x\n1\n", content_type)
    assert (answer.body, answer.content_type) == (b"x,prediction,prediction_error\n1,2.0,\n", CSV)


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        ("{", JSON, WireError),
        ("3", JSON, WireError),
        ("", CSV, WireError),
        (b"\xff\xfe", CSV, WireError),
        ('a\n"1,2', CSV, WireError),
        ("[" * 100_000, JSON, WireError),
        (b"\x93NUMPY", "application/x-npy", UnsupportedContentTypeError),
    ],
)
def test_what_input_fn_cannot_read_is_the_callers_mistake(body: Any, content_type: str, error: type[WireError]) -> None:
    with pytest.raises(error) as caught:
        ask(loaded(input_fn=read_frame), body, content_type)
    assert caught.value.status == error.status
    assert "CANARY" not in str(caught.value)


def raising(error: Exception) -> Any:
    def function(*arguments: Any) -> Any:
        raise error

    return function


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (UnsupportedFormatError("CANARY"), UnsupportedContentTypeError),
        (KeyError("CANARY"), WireError),
        (NameError("CANARY"), ScriptError),
        (OSError("CANARY"), ScriptError),
    ],
)
def test_whose_mistake_an_error_of_input_fn_is(raised: Exception, expected: type[Exception]) -> None:
    with pytest.raises(expected) as caught:
        ask(loaded(input_fn=raising(raised)), "x\n1\n")
    assert type(caught.value) is expected
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("raised", "accept", "expected"),
    [
        (UnsupportedFormatError("CANARY"), CSV, NotAcceptableError),
        (RuntimeError("CANARY"), "image/png", NotAcceptableError),
        (RuntimeError("CANARY"), CSV, ScriptError),
    ],
)
def test_whose_mistake_an_error_of_output_fn_is(raised: Exception, accept: str, expected: type[Exception]) -> None:
    with pytest.raises(expected) as caught:
        ask(loaded(output_fn=raising(raised)), "1\n", CSV, accept)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "body", "content_type"),
    [
        ("é", "é".encode(), CSV),
        (b"\x00", b"\x00", CSV),
        (("x", "text/plain"), b"x", "text/plain"),
        ((b"x", "application/x-npy"), b"x", "application/x-npy"),
    ],
)
def test_output_fn_returns_text_bytes_or_these_with_their_type(answer: Any, body: bytes, content_type: str) -> None:
    got = ask(loaded(output_fn=lambda prediction, accept: answer), "1\n")
    assert (got.body, got.content_type) == (body, content_type)


@pytest.mark.parametrize("answer", [None, 3, ("x", None), ("x", "a\nb"), "\ud800", ["x"]])
def test_what_output_fn_cannot_return_is_told(answer: Any) -> None:
    with pytest.raises(ScriptError, match="output_fn returned"):
        ask(loaded(output_fn=lambda prediction, accept: answer), "1\n")


@pytest.mark.parametrize(
    ("accept", "told"),
    [
        (None, CSV),
        ("*/*", CSV),
        (f"{JSON}, {CSV};q=0.5", JSON),
        ("application/x-npy", "application/x-npy"),
    ],
)
def test_output_fn_is_told_one_type(accept: str | None, told: str) -> None:
    assert ask(loaded(output_fn=lambda prediction, accept: accept), "1\n", CSV, accept).body == told.encode()


def test_an_input_that_has_no_rows_is_the_scripts_business() -> None:
    model = loaded(
        input_fn=lambda body, header: {"x": 1},
        predict_fn=lambda one, model: one["x"] + 1,
        output_fn=lambda prediction, accept: str(prediction),
    )
    answer = ask(model, "anything")
    assert (answer.body, answer.rows) == (b"2", 0)
    with pytest.raises(ScriptError, match="predict_fn raised KeyError"):
        ask(loaded(input_fn=lambda body, header: {}, predict_fn=lambda one, model: one["CANARY"]), "anything")


def test_no_rows_are_no_error_of_the_server() -> None:
    read = {"input_fn": read_frame}
    assert ask(loaded(**read), "x\n").body == b"x,prediction,prediction_error\n"
    with pytest.raises(WireError, match="holds no rows"):
        ask(loaded(**read, predict_fn=raising(ValueError("CANARY"))), "x\n")


def test_feature_columns_are_found_whatever_their_case_and_answered_in_the_callers() -> None:
    seen: list[list[str]] = []

    def predict_fn(rows: Any, model: Any) -> Any:
        seen.append(list(rows.columns))
        return rows.assign(prediction=rows["LogP"] * 2)

    model = loaded(Layout.WORKBENCH, feature_columns=("LogP",), input_fn=read_frame, predict_fn=predict_fn)
    assert ask(model, "logp,id\n1.5,a\n").body == b"logp,id,prediction,prediction_error\n1.5,a,3.0,\n"
    assert seen == [["LogP", "id"]]
    with pytest.raises(WireError, match="'LogP' has no column") as caught:
        ask(model, "mass\n1\n")
    assert caught.value.status == 422
    with pytest.raises(WireError, match="could be any of"):
        ask(model, "logp,LOGP\n1,2\n")


def declared(**functions: Any) -> LoadedModel:
    manifest = small_manifest(
        features=(Feature(name="x", dtype="float64"),), outputs=(Output(name="prediction", dtype="float64"),)
    )
    return with_bundle(VerifiedBundle(manifest=manifest, manifest_bytes=b"", digest="0" * 64), **functions)


def test_a_manifest_still_holds_for_a_script_with_functions_of_its_own() -> None:
    model = declared(output_fn=lambda frame, accept: frame.to_csv(index=False))
    answer = ask(model, "id,X\n007,1\n008,\n009,-1\n010,4\n")
    lines = answer.body.decode().splitlines()
    assert lines[:2] == ["id,X,prediction,prediction_error", "007,1,2.0,"]
    assert lines[2] == "008,,,missing_value: column 'x' is empty"
    assert lines[3] == "009,-1,,prediction_failed: the model raised ValueError"
    assert lines[4] == "010,4,8.0,"
    assert count_reasons(answer.reasons.values()) == {"missing_value": 1, "prediction_failed": 1}


def test_a_script_that_breaks_its_manifest_is_told() -> None:
    with pytest.raises(ScriptError, match=r"did not add the declared columns \['prediction'\]"):
        ask(declared(input_fn=read_frame, predict_fn=lambda rows, model: rows), "x\n1\n")
    with pytest.raises(ScriptError, match="not a DataFrame"):
        ask(declared(input_fn=read_frame, predict_fn=lambda rows, model: [1.0]), "x\n1\n")


def test_a_batch_that_fails_only_together_is_answered_whole() -> None:
    def predict_fn(rows: Any, model: Any) -> Any:
        if len(rows) > 2:
            raise MemoryError
        return double(rows, model)

    numbers = random.Random(1).sample(range(100), 9)
    answer = ask(loaded(predict_fn=predict_fn), "".join(f"{number}\n" for number in numbers), accept=JSON)
    assert json.loads(answer.body) == [2.0 * number for number in numbers]
