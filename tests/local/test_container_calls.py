"""Promise: connections to a container are kept and shared, and no request is ever sent to it twice."""

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chem_endpoints.local.container_calls import ContainerCalls
from chem_endpoints.local.container_pool import ContainerPool
from chem_endpoints.local.container_response import Invocation
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.invocation_errors import InvocationError
from chem_endpoints.local.observing import Exchange
from chem_endpoints.local.open_answer import Server
from chem_endpoints.local.scaling.traffic import Counts, Traffic
from chem_endpoints.local.server_pool import NoInstanceError
from chem_endpoints.local.sessions import Sessions

Behaviour = Callable[[socket.socket, int], None]
SECONDS = 10.0
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 2\r\n\r\nok"


class Container:
    """A listener that treats each connection as its test says, and notes the requests that it reads."""

    def __init__(self, behaviour: Behaviour, backlog: int, pause: float) -> None:
        self._behaviour, self._pause = behaviour, pause
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port: int = self._listening.getsockname()[1]
        self.connections = 0
        self.requests: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            time.sleep(self._pause)
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._one, args=(connection, self.connections), daemon=True).start()

    def _one(self, connection: socket.socket, number: int) -> None:
        with connection:
            self._behaviour(connection, number)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def read(self, connection: socket.socket) -> bool:
        """Reads a request; False: there is none."""
        with connection.makefile("rb") as lines:
            head = list(iter(lines.readline, b"\r\n")) if lines.peek(1) else []
            if not head:
                return False
            length = next(int(line.split(b":")[1]) for line in head if line.lower().startswith(b"content-length"))
            self.requests.append(lines.read(length))
            return True


@contextmanager
def container(
    behaviour: Callable[["Container"], Behaviour], backlog: int = 100, pause: float = 0
) -> Iterator[Container]:
    made = Container(lambda connection, number: behaviour(made)(connection, number), backlog, pause)
    try:
        yield made
    finally:
        made.close()


def answering(times: int = 10**6, answer: bytes = OK) -> Callable[[Container], Behaviour]:
    """Answers so many requests of a connection, then closes it."""

    def of(made: Container) -> Behaviour:
        def behave(connection: socket.socket, _: int) -> None:
            for _ in range(times):
                if not made.read(connection):
                    return
                connection.sendall(answer)

        return behave

    return of


ALL: "list[Caller]" = []


@pytest.fixture(autouse=True)
def no_connection_stays_open() -> Iterator[None]:
    yield
    while ALL:
        ALL.pop().calls.close()


class Caller:
    """Sends invocations as the runtime does."""

    def __init__(self, observers: tuple[Any, ...] = ()) -> None:
        self.traffic = Traffic()
        self.calls = ContainerCalls(self.traffic, Sessions(), observers)
        self.endpoint = HostedEndpoint(name="e", region="us-east-1", config_name="c")
        ALL.append(self)

    def send(self, port: int, body: bytes | io.BytesIO = b"body", seconds: float = SECONDS, **more: Any) -> bytes:
        invocation = Invocation(body=body, headers=more.pop("headers", {}), **more)
        with self.calls.under_way() as held:
            answer = self.calls.answer(Server(self.endpoint, "v"), port, invocation, seconds, held)
        with answer:
            return answer.read()

    def counted(self) -> Counts:
        return self.traffic.take()


def test_one_connection_serves_requests_that_follow_each_other() -> None:
    caller = Caller()
    with container(answering()) as made:
        assert [caller.send(made.port, b"%d" % number) for number in range(5)] == [b"ok"] * 5
        assert made.requests == [b"0", b"1", b"2", b"3", b"4"]
        assert made.connections == 1


def test_a_connection_that_the_container_has_closed_is_not_used_again() -> None:
    caller = Caller()
    with container(answering(times=1)) as made:
        for number in range(5):
            assert caller.send(made.port, b"%d" % number) == b"ok"
            time.sleep(0.05)
        assert made.requests == [b"0", b"1", b"2", b"3", b"4"]
        assert made.connections == 5


def test_a_connection_that_the_container_wants_closed_is_not_kept() -> None:
    caller = Caller()
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with container(answering(answer=closing)) as made:
        assert [caller.send(made.port) for _ in range(3)] == [b"ok"] * 3
        assert made.connections == 3


def test_an_answer_that_was_not_read_to_its_end_does_not_leave_its_rest_to_the_next() -> None:
    caller = Caller()
    with container(answering()) as made:
        with caller.calls.under_way() as held:
            invocation = Invocation(body=b"left", headers={})
            caller.calls.answer(Server(caller.endpoint, "v"), made.port, invocation, SECONDS, held).close()
        assert caller.send(made.port) == b"ok"
        assert made.connections == 2


@pytest.mark.parametrize("first", [1, 2], ids=["new-connection", "kept-connection"])
def test_a_request_that_the_container_has_read_is_never_sent_again(first: int) -> None:
    """It breaks off without an answer: the container may have done the work."""
    with container(answering()) as made:

        def behave(connection: socket.socket, _: int) -> None:
            for number in range(1, 3):
                made.read(connection)
                if number == first:
                    return
                connection.sendall(OK)

        made._behaviour = behave
        caller = Caller()
        for _ in range(first - 1):
            caller.send(made.port, b"before")
        with pytest.raises(InvocationError, match=r"Received server error \(0\)"):
            caller.send(made.port, b"once")
        time.sleep(0.1)
        assert made.requests.count(b"once") == 1
        (minute,) = caller.counted().minutes.values()
        assert (minute.invocations, minute.server_errors) == (first, 1)


def test_a_kept_connection_that_was_reset_before_the_request_is_known_as_untouched() -> None:
    gate = threading.Event()
    with container(answering()) as made:

        def behave(connection: socket.socket, _: int) -> None:
            made.read(connection)
            connection.sendall(OK)
            gate.wait(SECONDS)

        made._behaviour = behave
        pool = ContainerPool()
        Caller().send(made.port)
        kept = pool.take(made.port, time.monotonic() + SECONDS)
        kept.connection.request("POST", "/invocations", b"first")
        kept.connection.getresponse().read()
        kept.begin()
        assert kept.is_untouched
        assert kept.is_usable()
        gate.set()
        while kept.socket.recv(1, socket.MSG_PEEK):
            time.sleep(0.01)
        assert not kept.is_usable()
        kept.connection.send(b"reaches nobody")
        time.sleep(0.1)
        assert kept.is_untouched
        pool.drop(kept)


def test_a_request_behind_a_full_queue_is_sent_again_and_once() -> None:
    """The kernel resets connections that the container never saw."""
    caller = Caller()
    answers: list[bytes] = []
    with container(answering(), backlog=1, pause=0.05) as made:

        def call(number: int) -> None:
            answers.append(caller.send(made.port, b"%d" % number, 30))

        threads = [threading.Thread(target=call, args=(number,)) for number in range(60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [b"ok"] * 60
        assert sorted(made.requests, key=int) == [b"%d" % number for number in range(60)]


def test_nobody_listening_means_no_instance_and_is_not_counted() -> None:
    caller = Caller()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(NoInstanceError):
        caller.send(port)
    assert all(minute.invocations == 0 for minute in caller.counted().minutes.values())


def test_a_body_in_a_file_is_sent_from_its_beginning() -> None:
    with container(answering()) as made:
        body = io.BytesIO(b"whole")
        body.read(3)
        Caller().send(made.port, body)
        assert made.requests == [b"whole"]


def test_requests_are_counted_as_running_until_their_answer_ends() -> None:
    caller = Caller()
    with container(answering()) as made:
        with caller.calls.under_way() as held:
            invocation = Invocation(body=b"", headers={})
            answer = caller.calls.answer(Server(caller.endpoint, "v"), made.port, invocation, SECONDS, held)
        assert caller.calls.running == 1
        answer.read()
        answer.close()
        assert caller.calls.running == 0
    with caller.calls.under_way():
        assert caller.calls.running == 1, "also one that waits for its container to start"
    assert caller.calls.running == 0


def test_the_time_before_the_container_is_overhead() -> None:
    caller = Caller()
    with container(answering()) as made:
        caller.send(made.port, received=time.monotonic() - 5)
        caller.send(made.port)
    (minute,) = caller.counted().minutes.values()
    first, second = minute.overhead_seconds
    assert first >= 5
    assert second == 0


class Observer:
    def __init__(self, wanted: bool) -> None:
        self.wanted, self.told = wanted, []  # type: bool, list[Exchange]

    def wants(self, region: str, endpoint: str, variant: str) -> bool:
        assert (region, endpoint, variant) == ("us-east-1", "e", "v")
        return self.wanted

    def answered(self, exchange: Exchange) -> None:
        self.told.append(exchange)


HEADERS = {"Content-Type": "text/csv", "X-Amzn-SageMaker-Inference-Id": "i-1"}


def test_who_wants_an_exchange_is_told_of_it_with_both_bodies() -> None:
    wanting, other = Observer(True), Observer(False)
    caller = Caller((wanting, other))
    answer = OK.replace(b"\r\n\r\n", b"\r\nX-Amzn-SageMaker-Custom-Attributes: back\r\n\r\n")
    with container(answering(answer=answer)) as made:
        caller.send(made.port, headers=HEADERS, received=time.monotonic())
    (told,) = wanting.told
    assert other.told == []
    assert (told.endpoint, told.variant, told.component, told.inference_id) == ("e", "v", None, "i-1")
    assert (told.request_headers, told.request_body) == (HEADERS, b"body")
    assert (told.status, told.content_type, told.answer_body, told.custom_attributes) == (
        200,
        "text/csv",
        b"ok",
        "back",
    )


def test_an_error_of_the_container_is_told_too() -> None:
    wanting = Observer(True)
    with container(answering(answer=OK.replace(b"200 OK", b"500 Oh"))) as made, pytest.raises(InvocationError):
        Caller((wanting,)).send(made.port, received=time.monotonic())
    assert [(told.status, told.answer_body) for told in wanting.told] == [(500, b"ok")]


@pytest.mark.parametrize("received", [None, 1.0], ids=["nobody-waits", "breaks-off"])
def test_an_answer_that_is_not_complete_or_that_nobody_waits_for_is_not_told(received: float | None) -> None:
    wanting = Observer(True)
    answer = OK if received is None else OK.replace(b"Length: 2", b"Length: 3")
    with container(answering(times=1, answer=answer)) as made:
        if received is None:
            Caller((wanting,)).send(made.port)
        else:
            with pytest.raises(InvocationError):
                Caller((wanting,)).send(made.port, received=received)
    assert wanting.told == []
