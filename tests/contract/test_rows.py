"""Promise: a row's own trouble stays in its row, and options change what they say and nothing else (C57 to C62)."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.wire.columns import PREDICTION_ERROR, Reason
from chem_endpoints.wire.options import HEADER
from container.server.settings import Settings
from tests.contract.clauses import clause
from tests.contract.target import CSV, Target

SAGEMAKER_SECONDS = 60
REAL_TIME_BYTES = 6_291_456


def with_blank_second_row(target: Target) -> bytes:
    header, first, *others = target.csv.rstrip().splitlines()
    return b"\n".join([header, first, b"," * header.count(b","), *others, b""])


def read(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode())))


def with_options(target: Target, body: bytes, options: str) -> Any:
    return target.client.post("/invocations", content=body, headers={"Content-Type": CSV, HEADER: options})


@clause("C57")
def test_a_bad_row_stays_in_its_place(target: Target) -> None:
    good = read(target.post(target.csv).content)
    rows = read(target.post(with_blank_second_row(target)).content)
    assert rows[1][PREDICTION_ERROR].startswith(Reason.MISSING_VALUE)
    assert set(rows[1].values()) - {rows[1][PREDICTION_ERROR]} <= {"", "N/A", "__NA__"}
    assert [rows[0], *rows[2:]] == good


@clause("C58")
def test_no_rows_are_an_answer(target: Target) -> None:
    header = target.csv.partition(b"\n")[0]
    answer = target.post(header + b"\n")
    assert answer.status_code == 200
    assert answer.content.startswith(header + b",")
    assert read(answer.content) == []


@clause("C59")
def test_six_megabytes_are_served(target: Target) -> None:
    header, first, *_ = target.csv.splitlines()
    row = first + b"," + b"x" * 5000 + b"\n"
    rows = (REAL_TIME_BYTES - len(header) - len(b",note\n")) // len(row)
    answer = target.post(header + b",note\n" + row * rows)
    assert answer.status_code == 200
    assert answer.content.count(b"\n") == rows + 1


@clause("C60")
def test_a_request_is_answered_before_sagemaker_gives_up(
    start_server: Callable[..., Any], model_folder: Callable[..., Path]
) -> None:
    assert Settings().request_seconds < SAGEMAKER_SECONDS
    server = start_server(model_folder(), CHEM_ENDPOINTS_REQUEST_SECONDS="1")
    answer = server.post("smiles\nCCO\nsleep=50\nCC\n")
    assert answer.status_code == 200
    rows = read(answer.content)
    assert [row["smiles"] for row in rows] == ["CCO", "sleep=50", "CC"]
    assert rows[1][PREDICTION_ERROR].startswith(Reason.TIMEOUT)


@clause("C61")
@pytest.mark.parametrize("unknown", ["", ";colour=blue", ";;=;no sign;%00=%00"])
def test_only_what_was_added_comes_back_on_demand(target: Target, unknown: str) -> None:
    own = target.csv.partition(b"\n")[0].decode().split(",")
    everything = read(target.post(target.csv).content)
    added = read(with_options(target, target.csv, f"return=added{unknown}").content)
    assert added == [{name: cell for name, cell in row.items() if name not in own} for row in everything]
    assert read(with_options(target, target.csv, f"return=all{unknown}").content) == everything


@clause("C62")
def test_strict_refuses_bad_rows_by_number(target: Target) -> None:
    answer = with_options(target, with_blank_second_row(target), "strict=true")
    assert answer.status_code == 422
    assert [error["row"] for error in answer.json()["errors"]] == [1]  # counted from 0, as everywhere
    assert with_options(target, target.csv, "strict=true").content == target.post(target.csv).content
