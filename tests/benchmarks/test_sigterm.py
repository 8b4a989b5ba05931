"""Promise: the SIGTERM benchmark tells a kept promise from a broken one."""

import pytest

from benchmarks.sigterm import Ending, Round, Sent, broken_promise, ending_of

HEAD = b"HTTP/1.1 %s\r\ncontent-type: text/csv\r\ncontent-length: %d\r\n\r\n"
TERMINATED = 100.0


def answer(status: bytes, body: bytes) -> bytes:
    return HEAD % (status, len(body)) + body


@pytest.mark.parametrize(
    ("received", "ending"),
    [
        (answer(b"200 OK", b"smiles,prediction\n1.0,1.0\n"), Ending.ANSWERED),
        (answer(b"200 OK", b"smiles,prediction\n"), Ending.WRONG),
        (answer(b"503 Service Unavailable", b'{"code": "stopping", "message": "retry"}'), Ending.DRAINED),
        (answer(b"503 Service Unavailable", b"Service Unavailable"), Ending.WRONG),
        (answer(b"500 Internal Server Error", b'{"code": "x", "message": "y"}'), Ending.WRONG),
        (answer(b"200 OK", b"smiles,prediction\n1.0,1.0\n")[:-1], Ending.CUT),
        (b"HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\n", Ending.CUT),
        (b"", Ending.RESET),
    ],
)
def test_what_came_on_a_connection_is_told_apart(received: bytes, ending: Ending) -> None:
    assert ending_of(received)[0] is ending


@pytest.mark.parametrize(
    ("seconds", "before", "allowed"),
    [
        (2.0, True, {Ending.ANSWERED}),
        (40.0, True, {Ending.DRAINED}),
        (2.0, False, {Ending.ANSWERED, Ending.DRAINED, Ending.REFUSED, Ending.RESET}),
        (40.0, False, {Ending.ANSWERED, Ending.DRAINED, Ending.REFUSED, Ending.RESET}),
    ],
)
def test_only_what_is_owed_keeps_the_promise(seconds: float, before: bool, allowed: set[Ending]) -> None:
    moment = TERMINATED - 0.5 if before else TERMINATED + 0.5
    kept = {
        ending
        for ending in Ending
        if broken_promise(Sent(seconds=seconds, moment=moment, ending=ending), TERMINATED) is None
    }
    assert kept == allowed


@pytest.mark.parametrize(("seconds", "code", "broken"), [(26.9, 0, 0), (27.1, 0, 1), (1.0, -9, 1), (28.0, 1, 2)])
def test_the_exit_is_judged_by_time_and_code(seconds: float, code: int, broken: int) -> None:
    done = Round(number=0, terminated=TERMINATED, exit_seconds=seconds, exit_code=code, sent=[])
    assert len(done.broken_promises()) == broken
