"""Promise: /invocations takes what SageMaker forwards, and answers each row of each caller (C17 to C29)."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from chem_endpoints.wire.options import HEADER, MODEL_DIGEST_KEY, REQUEST_ID_KEY, parse_attributes
from tests.contract.clauses import clause
from tests.contract.target import CSV, Target, lines_of

INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
FORWARDED = {
    INFERENCE_ID: "run-7_row.3",
    HEADER: "request-id=contract",
    "X-Amzn-SageMaker-Target-Variant": "blue",
    "X-Amzn-SageMaker-Target-Model": "model.tar.gz",
    "X-Amzn-SageMaker-Target-Container-Hostname": "first",
    "X-Amzn-SageMaker-Enable-Explanations": "`[0]`",
    "X-Amzn-SageMaker-Inference-Component": "component",
    "X-Amzn-SageMaker-Session-Id": "session",
    "X-Amzn-SageMaker-Prefix-Aware-Id": "prefix",
}
"""The headers that InvokeEndpoint defines (botocore), but for Content-Type and Accept."""

ATTRIBUTE_CHARACTERS = 1024
INFERENCE_ID_CHARACTERS = 64


def with_headers(target: Target, headers: dict[str, str]) -> httpx.Response:
    return target.client.post("/invocations", content=target.csv, headers={"Content-Type": CSV, **headers})


def is_within_the_limit(attributes: str) -> bool:
    return len(attributes) <= ATTRIBUTE_CHARACTERS and all("\x20" <= character <= "\x7e" for character in attributes)


@clause("C17")
def test_csv_is_answered(target: Target) -> None:
    answer = target.post(target.csv)
    assert answer.status_code == 200
    assert answer.content


@clause("C18")
def test_other_methods_are_405(target: Target) -> None:
    assert {target.client.request(method, "/invocations").status_code for method in ("GET", "PUT", "DELETE")} == {405}


@clause("C19")
@pytest.mark.parametrize("times", [1, 100])
def test_as_many_rows_come_back_as_went(target: Target, times: int) -> None:
    header, *rows = target.csv.splitlines(keepends=True)
    answer = target.post(header + b"".join(rows) * times, Accept=CSV)
    assert answer.status_code == 200
    assert len(lines_of(answer.content)) - target.rows * times in (0, 1)  # with a header line or without


@clause("C20")
def test_the_answers_come_in_the_order_of_the_rows(target: Target) -> None:
    header, *rows = target.csv.rstrip().splitlines()
    backwards = b"\n".join([header, *reversed(rows), b""])
    there, back = (lines_of(target.post(body, Accept=CSV).content)[-len(rows) :] for body in (target.csv, backwards))
    assert len(set(there)) > 1  # rows that are told apart
    assert there == back[::-1]


@clause("C21")
def test_each_caller_gets_its_own_answer(target: Target) -> None:
    header, *rows = target.csv.rstrip().splitlines()
    bodies = [header + b"\n" + row + b"\n" for row in rows]
    alone = [target.post(body, Accept=CSV).content for body in bodies]
    with ThreadPoolExecutor(8) as callers:
        together = list(callers.map(lambda body: target.post(body, Accept=CSV).content, bodies * 20))
    assert together == alone * 20


@clause("C22")
def test_every_forwarded_header_is_accepted(target: Target) -> None:
    assert with_headers(target, FORWARDED).status_code == 200


@clause("C23")
def test_unknown_headers_are_ignored(target: Target) -> None:
    unknown = {"X-Amzn-SageMaker-Not-Yet-Invented": "1", "X-Amzn-Trace-Id": "Root=1-0-0", "X-Strange": "\xe9 ;=,"}
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in unknown.items()]
    answer = target.client.post("/invocations", content=target.csv, headers=[(b"Content-Type", CSV.encode()), *encoded])
    assert answer.content == target.post(target.csv).content


@clause("C24")
def test_long_custom_attributes_are_accepted(target: Target) -> None:
    visible = "".join(map(chr, range(0x21, 0x7F)))
    attributes = ("k=" + visible * 11)[:ATTRIBUTE_CHARACTERS]
    assert with_headers(target, {HEADER: attributes}).status_code == 200


@clause("C25")
def test_custom_attributes_of_the_answer_are_within_the_limit(target: Target) -> None:
    for answer in (target.post(target.csv), with_headers(target, FORWARDED), target.post(b"")):
        assert is_within_the_limit(answer.headers.get(HEADER, ""))


@clause("C26")
def test_the_answer_says_which_model_answered_which_request(target: Target) -> None:
    attributes = parse_attributes(with_headers(target, {HEADER: "request-id=who-7"}).headers[HEADER])
    assert attributes[REQUEST_ID_KEY] == "who-7"
    assert attributes[MODEL_DIGEST_KEY] == target.client.get("/health").json()["model_sha256"]


@clause("C27")
@pytest.mark.parametrize("request_id", [b"a" * (ATTRIBUTE_CHARACTERS - 20), b"caf\xe9", b"tab\there"])
def test_no_request_id_pushes_them_past_the_limit(target: Target, request_id: bytes) -> None:
    headers = [(b"Content-Type", CSV.encode()), (HEADER.encode(), b"request-id=" + request_id)]
    answer = target.client.post("/invocations", content=target.csv, headers=headers)
    assert answer.status_code == 200
    assert is_within_the_limit(answer.headers[HEADER])
    assert MODEL_DIGEST_KEY in parse_attributes(answer.headers[HEADER])


@clause("C28")
def test_the_inference_id_comes_back(target: Target) -> None:
    assert with_headers(target, {INFERENCE_ID: "run-7_row.3"}).headers[INFERENCE_ID] == "run-7_row.3"


@clause("C29")
def test_an_inference_id_that_is_too_long_does_not_come_back(target: Target) -> None:
    answer = with_headers(target, {INFERENCE_ID: "i" * (INFERENCE_ID_CHARACTERS + 1)})
    assert answer.status_code in (200, 400)
    assert len(answer.headers.get(INFERENCE_ID, "")) <= INFERENCE_ID_CHARACTERS
