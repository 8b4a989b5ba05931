"""Promise: what a caller names is what it gets; what it leaves open is the plain choice (C37 to C45)."""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.contract.clauses import clause
from tests.contract.target import CSV, JSON, TIMEOUT_SECONDS, Target, length_of, lines_of

JSON_LINES = "application/jsonlines"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"

WAITS_AT_THE_LAST_ROW = """
import pathlib, time

FOLDER = pathlib.Path(__file__).parents[2]

def model_fn(model_dir):
    return None

def predict_fn(df, model):
    if "last" in set(df["smiles"]):
        while not (FOLDER / "go on").exists():
            time.sleep(0.02)
    return df.assign(prediction=df["smiles"].str.len().astype("float64"))
"""


def sent_frame(target: Target) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(target.csv), dtype=str, keep_default_na=False)


def as_parquet(frame: pd.DataFrame) -> bytes:
    return frame.to_parquet(index=False)


def as_arrow(frame: pd.DataFrame) -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


def as_json_lines(frame: pd.DataFrame) -> bytes:
    return frame.to_json(orient="records", lines=True).encode()


def added_numbers(frame: pd.DataFrame, sent: pd.DataFrame) -> list[list[float]]:
    added = [name for name in frame.columns if name not in sent.columns and not name.endswith("_error")]
    assert added
    return [frame[name].astype(float).tolist() for name in added]


@clause("C37")
def test_a_csv_answer_has_no_charset(target: Target) -> None:
    assert target.post(target.csv, Accept=CSV).headers["content-type"] == CSV


@clause("C38")
def test_a_content_type_may_have_parameters_and_any_case(target: Target) -> None:
    expected = target.post(target.csv, Accept=CSV).content
    for written in ("text/csv; charset=utf-8", "text/csv;header=present", "TEXT/CSV"):
        assert target.post(target.csv, written, Accept=CSV).content == expected


@clause("C39")
def test_line_ends_change_no_answer(target: Target) -> None:
    expected = lines_of(target.post(target.csv, Accept=CSV).content)
    for body in (target.csv.replace(b"\n", b"\r\n"), target.csv.rstrip()):
        assert lines_of(target.post(body, Accept=CSV).content) == expected


@clause("C40")
def test_json_in_json_out(target: Target) -> None:
    if target.json is None:
        pytest.skip("--model-json names no body for this server")
    answer = target.post(target.json, JSON, Accept=JSON)
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == JSON
    assert answer.json()


@clause("C41")
def test_csv_where_nothing_is_said(target: Target) -> None:
    with target.conversation() as caller:
        caller.send(
            f"POST /invocations HTTP/1.1\r\nHost: contract\r\n{length_of(target.csv)}\r\n\r\n".encode(), target.csv
        )
        answer = caller.answer()
    assert (answer.status, answer.headers["content-type"]) == (200, CSV)
    assert answer.body == target.post(target.csv, Accept=CSV).content
    assert target.post(target.csv, None).headers["content-type"] == CSV
    assert target.post(as_arrow(sent_frame(target)), ARROW).headers["content-type"] == ARROW


@clause("C42")
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", CSV),
        ("", CSV),
        ("text/*", CSV),
        ("application/json", JSON),
        ("text/csv;q=0.1, application/json", JSON),
        ("text/csv, application/json", CSV),  # what the sagemaker SDK sends
        ("image/png, application/json;q=0.2", JSON),
        ("Application/JSON;Q=1", JSON),
        ("text/csv;q=0, application/json;q=0.1", JSON),
        (JSON_LINES, JSON_LINES),
        (PARQUET, PARQUET),
        (ARROW, ARROW),
    ],
)
def test_accept_chooses_the_format(target: Target, accept: str, expected: str) -> None:
    answer = target.post(target.csv, Accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, expected)


@clause("C42")
def test_a_format_that_is_forbidden_is_not_the_answers(target: Target) -> None:
    answer = target.post(target.csv, Accept="text/csv;q=0, */*")
    assert answer.status_code == 200
    assert answer.headers["content-type"] != CSV


@clause("C43")
@pytest.mark.parametrize(
    ("content_type", "write", "read"),
    [
        (JSON_LINES, as_json_lines, lambda body: pd.DataFrame([json.loads(line) for line in body.splitlines()])),
        (PARQUET, as_parquet, lambda body: pd.read_parquet(io.BytesIO(body))),
        (ARROW, as_arrow, lambda body: pa.ipc.open_stream(body).read_pandas()),
    ],
    ids=["JSON Lines", "Parquet", "Arrow"],
)
def test_every_format_gives_the_same_numbers(
    target: Target, content_type: str, write: Callable[[pd.DataFrame], bytes], read: Callable[[bytes], pd.DataFrame]
) -> None:
    sent = sent_frame(target)
    answer = target.post(write(sent), content_type, Accept=content_type)
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
    by_csv = pd.read_csv(io.BytesIO(target.post(target.csv, Accept=CSV).content), keep_default_na=False)
    assert added_numbers(read(answer.content), sent) == added_numbers(by_csv, sent)


@clause("C44")
def test_json_lines_come_before_the_last_row_is_finished(
    start_server: Callable[..., Any], model_folder: Callable[..., Path]
) -> None:
    folder = model_folder(WAITS_AT_THE_LAST_ROW)
    server = start_server(folder)
    rows = ["C" * length for length in range(1, 51)] * 100 + ["last"]
    body = "smiles\n" + "\n".join(rows) + "\n"
    headers = {"Content-Type": CSV, "Accept": JSON_LINES}
    with httpx.stream(
        "POST", f"http://127.0.0.1:{server.port}/invocations", content=body, headers=headers, timeout=TIMEOUT_SECONDS
    ) as answer:
        lines = answer.iter_lines()
        first = json.loads(next(lines))  # or never, and the caller gives up: the last row still waits
        (folder.parent / "go on").touch()
        values = [first["prediction"], *(json.loads(line)["prediction"] for line in lines)]
    assert values == [float(len(row)) for row in rows]


@clause("C45")
@pytest.mark.parametrize("headers", [{"Content_Encoding": "gzip"}, {}], ids=["header", "first bytes"])
@pytest.mark.parametrize("content_type", [CSV, JSON])
def test_a_gzip_body_is_read(target: Target, content_type: str, headers: dict[str, str]) -> None:
    plain = target.csv if content_type == CSV else target.json or b"[]"
    answer = target.post(gzip.compress(plain), content_type, **headers)
    assert (answer.status_code, answer.content) == (200, target.post(plain, content_type).content)
