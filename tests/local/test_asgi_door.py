"""Promise: what a handler answers goes over a real connection as it says: whole, as it comes, or broken on purpose."""

import http.client
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from chem_endpoints.local.asgi_door import AsgiDoor
from chem_endpoints.local.http_server import BACKLOG, HttpServer
from chem_endpoints.local.wsgi import Answer, Dropped, Reply, Request, StreamedReply

Handler = Callable[[Request], Answer]
MEGABYTE = 1 << 20


@contextmanager
def served(handler: Handler) -> Iterator[int]:
    """The port on which the handler answers."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = HttpServer(AsgiDoor(handler), [listening])
    server.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.stop()


@contextmanager
def connected(handler: Handler) -> Iterator[http.client.HTTPConnection]:
    with served(handler) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            yield connection
        finally:
            connection.close()


class Pieces:
    """A streamed body that tells when it was closed."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        self.closed.set()


def echo(request: Request) -> Reply:
    return Reply(status=200, body=request.read_body(), headers=[("X-Path", request.path)])


def test_requests_follow_each_other_on_one_connection() -> None:
    with connected(echo) as connection:
        for number in range(3):
            connection.request("POST", f"/a%20b/{number}", b"body %d" % number)
            used = connection.sock
            answer = connection.getresponse()
            assert answer.read() == b"body %d" % number
            assert answer.getheader("X-Path") == f"/a b/{number}"
            assert connection.sock is used


@pytest.mark.parametrize("size", [0, 1, MEGABYTE, MEGABYTE + 1, 9 * MEGABYTE])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_bodies_of_any_size_arrive_whole(size: int, chunked: bool) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    with connected(echo) as connection:
        connection.request("POST", "/", io.BytesIO(body) if chunked else body, encode_chunked=chunked)
        assert connection.getresponse().read() == body


def test_a_caller_that_waits_for_leave_is_told_to_go_on() -> None:
    with served(echo) as port, socket.create_connection(("127.0.0.1", port), 20) as raw:
        raw.sendall(b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert raw.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.sendall(b"body")
        assert raw.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_refused_caller_is_not_told_to_go_on() -> None:
    refusal = Reply(status=403, body=b"no")
    with served(lambda _: refusal) as port, socket.create_connection(("127.0.0.1", port), 20) as raw:
        raw.sendall(b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert raw.recv(1000).startswith(b"HTTP/1.1 403")


def test_a_refused_callers_next_bytes_are_not_taken_for_the_body() -> None:
    """It may send the body all the same, or another request: so the connection ends."""
    with served(lambda _: Reply(status=403, body=b"no")) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("PUT", "/", headers={"Content-Length": "400", "Expect": "100-continue"})
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Connection"), answer.read()) == (403, "close", b"no")
        connection.request("GET", "/")  # http.client opens another connection.
        assert connection.getresponse().status == 403
        connection.close()


def test_a_request_that_offers_another_protocol_is_served_with_its_body() -> None:
    """curl --http2 and Java's client offer HTTP/2 so."""
    asked: list[Request] = []

    def serve(request: Request) -> Reply:
        asked.append(request)
        return Reply(status=200, body=request.read_body())

    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}
    with connected(serve) as connection:
        for body in (b"first", b"second"):
            connection.request("POST", "/path?a=b", body=body, headers=offer)
            assert connection.getresponse().read() == body
    assert [request.path for request in asked] == ["/path", "/path"]


def test_an_answer_without_the_body_read_leaves_the_connection_usable() -> None:
    with connected(lambda _: Reply(status=200, body=b"early")) as connection:
        for _ in range(2):
            connection.request("PUT", "/", b"x" * (8 * MEGABYTE))
            assert connection.getresponse().read() == b"early"


def test_the_answer_to_head_has_the_length_but_no_body() -> None:
    reply = Reply(status=200, body=b"", headers=[("Content-Length", "12345")])
    with connected(lambda _: reply) as connection:
        for _ in range(2):
            connection.request("HEAD", "/")
            answer = connection.getresponse()
            assert (answer.getheader("Content-Length"), answer.read()) == ("12345", b"")


def test_pieces_are_sent_as_they_come() -> None:
    gates = [threading.Event() for _ in range(3)]

    def pieces() -> Iterator[bytes]:
        for number, gate in enumerate(gates):
            gate.wait(20)
            yield b"%d" % number

    body = Pieces(pieces())
    with connected(lambda _: StreamedReply(status=200, body=body, headers=[])) as connection:
        connection.request("GET", "/")
        answer = connection.getresponse()
        for number, gate in enumerate(gates):
            gate.set()
            assert answer.read1(10) == b"%d" % number
        assert answer.read() == b""
        assert body.closed.wait(20)


def test_a_stream_is_closed_when_its_caller_goes() -> None:
    def forever() -> Iterator[bytes]:
        while True:
            yield b"x" * 1000
            time.sleep(0.001)

    body = Pieces(forever())
    with connected(lambda _: StreamedReply(status=200, body=body, headers=[])) as connection:
        connection.request("GET", "/")
        assert connection.getresponse().read1(10)
        assert not body.closed.is_set()
        connection.close()
        assert body.closed.wait(20)


def test_a_stream_that_fails_does_not_look_complete() -> None:
    def failing() -> Iterator[bytes]:
        yield b"a part"
        raise ValueError

    body = Pieces(failing())
    with connected(lambda _: StreamedReply(status=200, body=body, headers=[])) as connection:
        connection.request("GET", "/")
        with pytest.raises((ConnectionError, http.client.IncompleteRead)):
            connection.getresponse().read()
        assert body.closed.wait(20)


def test_a_dropped_request_has_its_connection_reset() -> None:
    with served(lambda _: Dropped()) as port, socket.create_connection(("127.0.0.1", port), 20) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            raw.recv(1)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("size", [0, 10, 3 * MEGABYTE])
def test_an_answer_is_dropped_in_its_middle(size: int, streamed: bool) -> None:
    body, headers = bytes(4 * MEGABYTE), [("Content-Length", str(4 * MEGABYTE))]
    pieces = Pieces(iter([body[: 2 * MEGABYTE], body[2 * MEGABYTE :]]))
    reply: Reply | StreamedReply = Reply(status=200, body=body, headers=headers)
    if streamed:
        reply = StreamedReply(status=200, body=pieces, headers=headers)
    with connected(lambda _: Dropped(reply=reply, after_bytes=size)) as connection:
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.status == 200
        assert len(answer.read(size)) == size
        with pytest.raises((ConnectionError, http.client.IncompleteRead)):
            answer.read()
    assert pieces.closed.is_set() == streamed


def test_requests_that_wait_for_each_other_all_end() -> None:
    """Handlers call this same server: with any bound on their number they would wait for ever."""
    together = threading.Barrier(100)

    def meet(_: Request) -> Reply:
        together.wait(20)
        return Reply(status=200, body=b"met")

    statuses: list[int] = []

    def call(port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/")
        statuses.append(connection.getresponse().status)
        connection.close()

    with served(meet) as port:
        threads = [threading.Thread(target=call, args=(port,)) for _ in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert statuses == [200] * 100


def test_the_queue_of_new_connections_is_long() -> None:
    assert BACKLOG == 2048


def test_headers_reach_the_handler_as_wsgi_has_them() -> None:
    seen: list[Request] = []

    def note(request: Request) -> Reply:
        seen.append(request)
        return Reply(status=204, body=b"")

    with served(note) as port, socket.create_connection(("127.0.0.1", port), 20) as raw:
        raw.sendall(
            b"PUT //key%2Fone?x=%20&y HTTP/1.1\r\nHost: localhost\r\nX-Twice: a\r\nx-twice: b\r\nX_Spoof: no\r\n"
            b"X-Amz-Meta-My_Key: kept\r\nContent-Type: text/csv\r\nContent-Length: 0\r\n\r\n"
        )
        assert raw.recv(1000).startswith(b"HTTP/1.1 204")
    environ = seen[0].environ
    assert environ["PATH_INFO"] == "//key/one"
    assert environ["RAW_URI"] == "//key%2Fone?x=%20&y"
    assert environ["QUERY_STRING"] == "x=%20&y"
    assert environ["CONTENT_TYPE"] == "text/csv"
    assert environ["HTTP_X_TWICE"] == "a,b"
    assert "HTTP_X_SPOOF" not in environ
    assert environ["HTTP_X_AMZ_META_MY_KEY"] == "kept"
    assert environ["moto.preserved_header_names"] == {"HTTP_X_AMZ_META_MY_KEY": "x-amz-meta-my_key"}
