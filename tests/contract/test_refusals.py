"""Promise: what cannot be answered is refused with the status that says whose fault it is (C46 to C56)."""

import gzip
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.wire.options import HEADER
from tests.contract.clauses import clause
from tests.contract.target import CSV, JSON, Target, lines_of, written_request

Start = Callable[..., Any]
Bundle = Callable[..., Path]

CANARY = b"C1CCNARY1"
ERROR_BYTES = 1000


def is_callers_mistake(status: int) -> bool:
    return 400 <= status < 500


@clause("C46")
def test_an_unknown_content_type_is_the_callers_mistake(target: Target) -> None:
    status = target.post(target.csv, "application/x-nobody-reads-this").status_code
    assert status == 415 if target.ours else is_callers_mistake(status)


@clause("C47")
def test_an_answer_that_nobody_can_write_is_406(target: Target) -> None:
    for accept in ("image/png", "text/csv;q=0", "image/*;q=1"):
        assert target.post(target.csv, Accept=accept).status_code == 406


@clause("C48")
def test_an_empty_body_is_the_callers_mistake(target: Target) -> None:
    assert is_callers_mistake(target.post(b"").status_code)


@clause("C49")
def test_a_body_that_cannot_be_read_is_the_callers_mistake(target: Target) -> None:
    not_utf8 = target.csv.replace(b"\n", b"\n\xff\xfe", 1)
    assert is_callers_mistake(target.post(not_utf8).status_code)
    if target.json is not None:
        assert is_callers_mistake(target.post(target.json[:-2], JSON).status_code)


@clause("C50")
def test_a_body_without_header_line_loses_no_row(target: Target) -> None:
    with_header = len(lines_of(target.post(target.csv, Accept=CSV).content))
    answer = target.post(target.csv.partition(b"\n")[2], Accept=CSV)
    assert is_callers_mistake(answer.status_code) or len(lines_of(answer.content)) == with_header


@clause("C51")
def test_columns_that_do_not_fit_are_422(target: Target) -> None:
    assert target.post(b"not a feature,nor this\n1,2\n").status_code == 422


@clause("C52")
def test_a_length_over_the_cap_is_refused_before_the_body_comes(target: Target) -> None:
    with target.conversation() as caller:
        caller.send(written_request(b"", "Content-Length: 30000000000"))
        assert caller.answer().status == 413


@clause("C53")
def test_a_body_over_the_cap_is_refused_however_it_comes(start_server: Start, model_folder: Bundle) -> None:
    server = start_server(model_folder(), CHEM_ENDPOINTS_MAX_BODY_MB="1")
    large = b"smiles\n" + b"C\n" * 1_000_000

    def in_chunks() -> Iterator[bytes]:
        yield large

    chunked = server.client.post("/invocations", content=in_chunks(), headers={"Content-Type": CSV})
    assert (chunked.status_code, chunked.json()["code"]) == (413, "body_too_large")
    bomb = gzip.compress(large * 50)
    assert len(bomb) < 1_000_000
    for encoding in ({"Content_Encoding": "gzip"}, {}):
        packed = server.post(bomb, **encoding)
        assert (packed.status_code, packed.json()["code"]) == (413, "body_too_large")


@clause("C54")
def test_a_full_queue_is_429_and_says_when_to_come_again(start_server: Start, model_folder: Bundle) -> None:
    server = start_server(model_folder(), CHEM_ENDPOINTS_WORKERS="1", CHEM_ENDPOINTS_MAX_WAITING="1")
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(server.post, ["smiles\nsleep=2\n"] * 8))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert {answer.json()["code"] for answer in refused} == {"overloaded"}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert {answer.status_code for answer in answers} == {200, 429}


def mistakes(target: Target) -> list[Any]:
    return [
        target.post(b""),
        target.post(CANARY + b"\n\xff\n"),
        target.post(target.csv, "application/x-nobody-reads-this"),
        target.post(target.csv, "a/" + "b" * 3000),
        target.post(CANARY + b"," + CANARY + b"2\n1,2,3\n"),
        target.post(CANARY + b"\nCCO\n"),
        target.post(b'[{"' + CANARY + b'": 1]', JSON),
    ]


@clause("C55")
def test_errors_are_json_with_a_code_and_a_message(target: Target) -> None:
    for answer in [*mistakes(target), target.post(target.csv, Accept="image/png")]:
        assert answer.headers["content-type"] == JSON
        assert {"code", "message"} <= set(answer.json()) <= {"code", "message", "errors"}
        assert len(answer.json()["message"]) > 20


@clause("C56")
@pytest.mark.parametrize("columns", [500, 20_000])
def test_errors_are_short_and_quote_no_cell(target: Target, columns: int) -> None:
    feature = target.csv.partition(b"\n")[0].partition(b",")[0]
    crowded = b",".join([feature] * columns) + b"\n"
    long_keys = b'[{"' + b"k" * columns + b'": [1]}, 1]'
    answers = [*mistakes(target), target.post(crowded), target.post(long_keys, JSON)]
    if target.ours:
        empty_rows = target.csv + (b"," * target.csv.partition(b"\n")[0].count(b",") + b"\n") * columns
        answers.append(target.post(empty_rows + target.csv.splitlines()[1], **{HEADER: "strict=true"}))
        answers.append(target.post(target.csv, Accept="image/" + "x" * 3000))
    for answer in answers:
        if answer.status_code != 200:
            assert len(answer.content) < ERROR_BYTES
            assert CANARY not in answer.content
