"""The ASGI application: each request is answered on a thread of its own, each answer is sent from the event loop."""

import asyncio
import logging
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from typing import Any, TypeVar

from werkzeug.exceptions import ClientDisconnected

from chem_endpoints.local.wsgi import Answer, Dropped, Reply, Request, StreamedReply
from chem_endpoints.local.wsgi_bridge import Message, Receive, Scope, body_of, environ_from

_LOGGER = logging.getLogger(__name__)
_Result = TypeVar("_Result")
TRANSPORT = "chem_endpoints.transport"
"""Key in ``scope["extensions"]``: the connection's `asyncio.Transport`, to see and to cause its end."""

_SERVERS_OWN = ("date", "server", "connection", "keep-alive", "transfer-encoding")
"""Headers that the HTTP server itself writes."""


class AsgiDoor:
    """Serves what `answer` says; it is called on any number of threads at once."""

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Callable[[Any], Awaitable[None]]) -> None:
        """Answers one request."""
        caller = _Caller(scope, receive, send)
        try:
            request = Request(environ_from(scope, await body_of(scope, caller.receive)))
            await caller.send(await _on_a_thread(partial(self._answer, request)))
        except asyncio.CancelledError:
            caller.reset()  # The local AWS ends.
        except ClientDisconnected:
            await caller.drop()
        except Exception:
            _LOGGER.exception("An answer could not be sent")
            await caller.drop()


class _Caller:
    """Who waits for the answer at the other end of the connection."""

    def __init__(self, scope: Scope, receive: Receive, send: Callable[[Any], Awaitable[None]]) -> None:
        self._receive, self._send = receive, send
        self._waits_for_leave = any(name == b"expect" for name, _ in scope["headers"])
        self._transport: asyncio.Transport = scope["extensions"][TRANSPORT]

    async def receive(self) -> Message:
        """What comes next from the caller; one that waits for leave to send its body is told to go on."""
        self._waits_for_leave = False
        return await self._receive()

    async def send(self, answer: Answer) -> None:
        """Sends an answer, whole or as it comes; or drops the connection."""
        if isinstance(answer, Dropped):
            await self._send_part(answer)
        elif isinstance(answer, Reply):
            await self._begin(answer)
            await self._send({"type": "http.response.body", "body": answer.body})
        else:
            await self._begin(answer)
            await self._send_pieces(answer)
            await self._send({"type": "http.response.body"})

    async def _begin(self, answer: Reply | StreamedReply) -> None:
        headers = [
            (name.encode("latin-1"), str(value).encode("latin-1", "replace"))
            for name, value in answer.complete_headers()
            if name.lower() not in _SERVERS_OWN
        ]
        if self._waits_for_leave:  # Nobody knows whether its next bytes are this body or another request.
            headers.append((b"connection", b"close"))
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})

    async def _send_pieces(self, answer: StreamedReply) -> None:
        loop = asyncio.get_running_loop()

        def pump() -> None:
            with closing(answer.body) as body:
                for piece in body:
                    asyncio.run_coroutine_threadsafe(self._send_piece(piece), loop).result()

        await _on_a_thread(pump)

    async def _send_piece(self, piece: bytes) -> None:
        if self._transport.is_closing():
            raise ClientDisconnected
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def _send_part(self, dropped: Dropped) -> None:
        reply, size = dropped.reply, dropped.after_bytes
        if reply is None or size is None:
            await self.drop()
            return
        await self._begin(reply)
        pieces = iter([reply.body] if isinstance(reply, Reply) else reply.body)
        try:
            while size > 0 and (piece := await _on_a_thread(partial(next, pieces, b""))):
                await self._send({"type": "http.response.body", "body": piece[:size], "more_body": True})
                size -= len(piece)
        finally:
            if isinstance(reply, StreamedReply):
                reply.body.close()
        self._transport.close()  # A reset would take back what the caller has not read yet.
        await self._wait_for_end()

    async def drop(self) -> None:
        """Resets the connection."""
        self.reset()
        await self._wait_for_end()

    def reset(self) -> None:
        """Resets the connection, without a wait for its end."""
        if not self._transport.is_closing():
            at_once = struct.pack("ii", 1, 0)
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            self._transport.abort()

    async def _wait_for_end(self) -> None:
        """Until the server knows of it: before, it takes an answer without an end for a fault of ours."""
        while (await self._receive())["type"] != "http.disconnect":
            continue


async def _on_a_thread(work: Callable[[], _Result]) -> _Result:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_Result] = loop.create_future()

    def settle(result: _Result | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except Exception as raised:  # noqa: BLE001 - it is raised where the result is awaited
            error = raised
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:
            _LOGGER.debug("The local AWS ended before a request did")

    threading.Thread(target=run, name="request", daemon=True).start()
    return await future
