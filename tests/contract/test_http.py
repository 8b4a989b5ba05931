"""Promise: the server speaks HTTP as its standards say, to polite callers and to others (C30 to C36)."""

import pytest

from tests.contract.clauses import clause
from tests.contract.target import Target, length_of, written_request

CONTINUE_SECONDS = 10


@clause("C30")
def test_a_connection_serves_several_requests(target: Target) -> None:
    with target.conversation() as caller:
        for _ in range(3):
            caller.send(written_request(target.csv, length_of(target.csv)))
            assert caller.answer().status == 200


@clause("C31")
def test_a_body_may_come_in_chunks(target: Target) -> None:
    head, tail = target.csv[:5], target.csv[5:]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (head, tail)) + b"0\r\n\r\n"
    with target.conversation() as caller:
        caller.send(written_request(chunks, "Transfer-Encoding: chunked"))
        answer = caller.answer()
    assert (answer.status, answer.body) == (200, target.post(target.csv).content)


@clause("C32")
def test_http_1_0_is_answered_and_the_connection_ends(target: Target) -> None:
    with target.conversation() as caller:
        caller.send(written_request(target.csv, length_of(target.csv), version="HTTP/1.0"))
        answer = caller.answer()
        assert (answer.status, answer.body) == (200, target.post(target.csv).content)
        assert caller.line() == b""


@clause("C33")
def test_requests_may_be_sent_before_the_first_answer(target: Target) -> None:
    header, *rows = target.csv.rstrip().splitlines()
    bodies = [header + b"\n" + row + b"\n" for row in rows[:2]]
    with target.conversation() as caller:
        caller.send(*(written_request(body, length_of(body)) for body in bodies))
        assert [caller.answer().body for _ in bodies] == [target.post(body).content for body in bodies]


@clause("C34")
def test_a_caller_that_waits_for_100_gets_it(target: Target) -> None:
    with target.conversation(timeout=CONTINUE_SECONDS) as caller:
        caller.send(written_request(b"", length_of(target.csv), "Expect: 100-continue"))
        assert caller.line().split()[1] == b"100"
        while caller.line().strip():  # the rest of the interim answer
            pass
        caller.send(target.csv)
        assert caller.answer().status == 200


@clause("C35")
def test_a_caller_that_hangs_up_harms_nobody(target: Target) -> None:
    for _ in range(10):
        with target.conversation() as caller:
            caller.send(written_request(target.csv[:5], length_of(target.csv)))
    assert target.still_serves()


@clause("C36")
@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"POST /invocations HTTP/1.1\r\nContent-Length: -1\r\n\r\n"],
    ids=["TLS", "half a line", "a negative length"],
)
def test_what_is_no_http_harms_nobody(target: Target, garbage: bytes) -> None:
    with target.conversation() as caller:
        caller.send(garbage)
        caller.end_sending()
        told = caller.line()
    assert not told or told.split()[1].startswith(b"4")
    assert target.still_serves()
