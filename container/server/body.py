"""Reads the body of a request: small ones into memory, larger ones into a spool, none beyond the limit."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from container.server.job import RequestError
from container.server.spool import INLINE_BYTES, MEMORY_BYTES, Spool

Receive = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Body:
    """A body: ``data``, or a spool when it is too large to copy."""

    data: bytes = b""
    file: Spool | None = None

    def close(self) -> None:
        """Gives the spool's space back."""
        if self.file is not None:
            self.file.close()


async def read_body(receive: Receive, *, declared: int, limit: int, seconds: float) -> Body:
    """Reads a body whose header declares ``declared`` bytes (0: unknown).

    Raises:
        RequestError: too large (before it is read, where the length is declared), too slow, or cut short.
    """
    if declared > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(seconds):
            message = await receive()  # a caller may send headers, and then nothing
            if message["type"] == "http.request" and not message.get("more_body", False):
                return await _of_one_piece(message.get("body", b""), limit)
            return await _read_on(message, receive, declared, limit)
    except TimeoutError:
        raise RequestError(
            status=408, code="body_timeout", message=f"the body did not arrive within {seconds:g} s"
        ) from None


async def _of_one_piece(data: bytes, limit: int) -> Body:
    if len(data) > limit:
        raise _too_large(limit)
    if len(data) <= INLINE_BYTES:
        return Body(data=data)
    spool = Spool()
    await spool.append(data)
    await spool.flush()
    return Body(file=spool)


async def _read_on(message: Any, receive: Receive, declared: int, limit: int) -> Body:
    collector = _Collector(limit=limit, on_disk=declared > MEMORY_BYTES)
    try:
        await collector.add(message)
        while message.get("more_body", False):
            message = await receive()
            await collector.add(message)
        return await collector.body()
    except BaseException:
        collector.close()
        raise


class _Collector:
    """Puts the pieces of a body together: in memory while it is small, then in a spool."""

    def __init__(self, *, limit: int, on_disk: bool) -> None:
        self._limit, self._on_disk = limit, on_disk
        self._held: list[bytes] = []
        self._spool: Spool | None = None
        self._size = 0

    async def add(self, message: Any) -> None:
        """Takes a piece.

        Raises:
            RequestError: there is none, as the caller has gone; or it is one too many.
        """
        if message["type"] == "http.disconnect":
            raise RequestError(
                status=400, code="client_disconnected", message="the connection ended before the body did"
            )
        data = message.get("body", b"")
        self._size += len(data)
        if self._size > self._limit:
            raise _too_large(self._limit)
        self._held.append(data)
        if self._size > INLINE_BYTES:
            await self._spool_what_is_held()

    async def _spool_what_is_held(self) -> None:
        if self._spool is None:
            self._spool = Spool(on_disk=self._on_disk)
        held, self._held = self._held, []
        for piece in held:
            await self._spool.append(piece)

    async def body(self) -> Body:
        """All that was added."""
        if self._spool is None:
            return Body(data=b"".join(self._held))
        await self._spool.flush()
        return Body(file=self._spool)

    def close(self) -> None:
        """Gives the space back."""
        if self._spool is not None:
            self._spool.close()


def _too_large(limit: int) -> RequestError:
    return RequestError(
        status=413, code="body_too_large", message=f"the body is over {limit / 10**6:g} MB; send fewer rows"
    )
