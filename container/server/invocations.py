"""``POST /invocations``: from an HTTP request to a worker and back, with one log line.

Raw ASGI, and everything that depends on headers alone remembered: at one row a request, this is most of its cost.
"""

import asyncio
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.content_types import CSV, JSON_LINES, PARQUET, answer_type, is_streaming, request_type
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.options import (
    HEADER,
    INFERENCE_ID_HEADER,
    MODEL_DIGEST_KEY,
    REQUEST_ID_KEY,
    RequestOptions,
    Return,
    format_attributes,
    parse_options,
)
from container.server.asking import DRAWINGS, Ask
from container.server.body import Body, Receive, read_body
from container.server.dispatcher import Dispatcher
from container.server.job import Figures, Job, RequestError, Together
from container.server.log import RequestRecord, log_event, log_request
from container.server.pool import WorkerPool
from container.server.refusal import Refusal
from container.server.settings import Settings
from container.server.spool import INLINE_BYTES, READ_BYTES, Spool

Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = dict[bytes, bytes]

_ATTRIBUTES = HEADER.lower().encode()
_INFERENCE_ID = INFERENCE_ID_HEADER.lower().encode()
_DEFAULTS = RequestOptions()
_EXPLAINED_ROWS = 3
_MAX_INFERENCE_ID_BYTES = 64
"""Of the InvokeEndpoint API."""

_NO_FIGURES = Figures(rows=0, bad_rows={}, milliseconds={}, pid=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Formats:
    content_type: str
    accept: str
    streaming: bool


class _Outcome(NamedTuple):
    status: int
    code: str | None
    figures: Figures


class Invocations:
    """Answers invocations; an ASGI application. ``drawing``: structures are drawn, and nothing is predicted."""

    def __init__(self, settings: Settings, pool: WorkerPool, dispatcher: Dispatcher, *, drawing: bool = False) -> None:
        self._settings, self._pool, self._dispatcher, self._drawing = settings, pool, dispatcher, drawing
        self._ids, self._prefix = itertools.count(1), secrets.token_hex(8)
        self._loop = asyncio.get_running_loop()
        self._attributes = format_attributes({MODEL_DIGEST_KEY: pool.introduction.digest, REQUEST_ID_KEY: ""})
        self._row_timeout = Reason.TIMEOUT.because(
            f"the model worked on this row for more than {settings.longest_row(pool.introduction.manifest):g} s"
        )

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answers one invocation."""
        started = time.perf_counter()
        headers: Headers = dict(scope["headers"])
        attributes = headers.get(_ATTRIBUTES)
        options = parse_options(attributes.decode("latin-1")) if attributes else _DEFAULTS
        if self._drawing:
            options = replace(options, asked=frozenset({DRAWINGS}))
        request_id = options.request_id or f"{self._prefix}-{next(self._ids):x}"
        common = self._common_headers(headers, request_id)
        try:
            outcome = await self._answer(headers, options, receive, send, common)
        except (WireError, RequestError) as error:
            refusal = Refusal(status=error.status, code=error.code, message=str(error), details=error.details)
            await refuse(refusal, send, common)
            outcome = _Outcome(status=refusal.status, code=refusal.code, figures=_NO_FIGURES)
        self._log(outcome, request_id, started)

    def _common_headers(self, headers: Headers, request_id: str) -> list[tuple[bytes, bytes]]:
        common = [(_ATTRIBUTES, (self._attributes + request_id).encode("latin-1"))]
        if _INFERENCE_ID in headers:
            common.append((_INFERENCE_ID, headers[_INFERENCE_ID][:_MAX_INFERENCE_ID_BYTES]))
        return common

    async def _answer(
        self,
        headers: Headers,
        options: RequestOptions,
        receive: Receive,
        send: Send,
        common: list[tuple[bytes, bytes]],
    ) -> _Outcome:
        dispatcher = self._dispatcher
        if dispatcher.draining:
            raise RequestError(status=503, code="shutting_down", message="the server stops; retry elsewhere")
        formats = self._formats(headers)
        declared = _declared_length(headers)
        if dispatcher.full:
            raise RequestError(
                status=429, code="overloaded", message="every worker is busy and the queue is full; retry later"
            )
        dispatcher.admitted += 1
        body = job = None
        try:
            arrived = time.monotonic()
            body = await read_body(
                receive, declared=declared, limit=self._settings.max_body_bytes, seconds=self._settings.request_seconds
            )
            job = self._job(headers, options, formats, body, arrived)
            job.on_long_wait = partial(self._watch_caller, job, receive)
            dispatcher.submit(job)
            if job.ask.streaming:
                return await self._stream(job, formats, send, common)
            return await self._send_whole(job, await job.done, formats, send, common)
        finally:
            dispatcher.admitted -= 1
            if job is not None:
                dispatcher.forget(job)
                _close(job)
            elif body is not None:
                body.close()

    def _formats(self, headers: Headers) -> _Formats:
        content_type, accept = headers.get(b"content-type"), headers.get(b"accept")
        if self._pool.introduction.whole_body:  # the script negotiates
            return _Formats(
                content_type=(content_type or b"").decode("latin-1"),
                accept=(accept or b"").decode("latin-1"),
                streaming=False,
            )
        return _negotiate(content_type, accept)

    def _seconds(self, formats: _Formats) -> float:
        settings = self._settings
        return max(settings.request_seconds, settings.stream_seconds) if formats.streaming else settings.request_seconds

    def _job(self, headers: Headers, options: RequestOptions, formats: _Formats, body: Body, arrived: float) -> Job:
        gzipped = headers.get(b"content-encoding", b"").strip().lower() in (b"gzip", b"x-gzip")
        ask = _first_ask(formats, options, self._settings.max_body_bytes, gzipped)
        job = Job(
            ask=ask,
            body=body.data,
            file=body.file,
            deadline=arrived + self._seconds(formats),
            row_timeout=self._row_timeout,
            done=self._loop.create_future(),
            admitted=arrived,
            news=asyncio.Event() if ask.streaming else None,
        )
        if body.file is not None or formats.accept == PARQUET:
            job.out = Spool(on_disk=body.file is not None and body.file.on_disk)
        if formats.accept == PARQUET:
            job.converted = Spool(on_disk=job.out is not None and job.out.on_disk)
        if job.out is None and not (ask.gzipped or ask.strict or ask.asked):
            self._let_travel_together(job, formats)
        return job

    def _let_travel_together(self, job: Job, formats: _Formats) -> None:
        plain = formats.content_type == CSV and formats.accept == CSV and len(job.body) <= INLINE_BYTES
        end = job.body.find(b"\n") + 1
        if plain and end and self._pool.introduction.takes_numbers:
            job.together = Together(job.body[:end], job.ask.returned)
            job.header_bytes, job.rows = end, job.body.count(b"\n", end) + 1

    def _watch_caller(self, job: Job, receive: Receive) -> asyncio.Task[None]:
        """Gives the job up when its caller has gone."""

        async def watch() -> None:
            await receive()
            self._dispatcher.abandon(job)

        return asyncio.create_task(watch())

    async def _send_whole(
        self, job: Job, figures: Figures, formats: _Formats, send: Send, common: list[tuple[bytes, bytes]]
    ) -> _Outcome:
        if job.ask.strict and figures.bad_rows:
            raise _RowsFailedError(figures)
        content_type = figures.content_type or formats.accept
        if job.out is None and job.converted is None:
            parts = (part for segment in job.segments() for part in segment.parts)
            body = figures.body or b"".join(part for part in parts if isinstance(part, bytes))
            await send(_start(200, common, content_type, length=len(body)))
            await send({"type": "http.response.body", "body": body})
            return _Outcome(status=200, code=None, figures=figures)
        spools = _answer_files(job, figures)
        await send(_start(200, common, content_type, length=sum(size for _, size in spools)))
        for spool, size in spools:
            async for piece in _read_all(spool, range(size)):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return _Outcome(status=200, code=None, figures=figures)

    async def _stream(self, job: Job, formats: _Formats, send: Send, common: list[tuple[bytes, bytes]]) -> _Outcome:
        """Sends rows as they finish. What fails before the first is an error, what fails later is rows."""
        await _news(job)
        if not job.parts:
            await job.done  # raises what went wrong
        await send(_start(200, common, formats.accept))
        for segment in job.segments():
            while segment.parts or not segment.over:
                async for piece in _pieces(segment):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await _news(segment)
        try:
            figures = await job.done
        except RequestError as error:  # the answer stays without its end, so that nobody takes it for whole
            return _Outcome(status=200, code=error.code, figures=_NO_FIGURES)
        await send({"type": "http.response.body", "body": b""})
        return _Outcome(status=200, code=None, figures=figures)

    def _log(self, outcome: _Outcome, request_id: str, started: float) -> None:
        figures = outcome.figures
        milliseconds = round((time.perf_counter() - started) * 1e3, 3)
        if self._drawing:  # nothing is predicted: it must not count in the metrics of the model
            told = {"status": outcome.status, "code": outcome.code, "rows": figures.rows, "milliseconds": milliseconds}
            log_event(DRAWINGS, request_id=request_id, **told)
            return
        log_request(
            RequestRecord(
                endpoint=self._settings.endpoint_name,
                request_id=request_id,
                status=outcome.status,
                code=outcome.code,
                rows=figures.rows,
                bad_rows=figures.bad_rows,
                milliseconds=milliseconds,
                stages=figures.milliseconds,
                queue_depth=self._dispatcher.waiting,
                worker_restarts=self._pool.restarts,
                model_sha256=self._pool.introduction.digest,
                worker_pid=figures.pid,
            )
        )


class _RowsFailedError(RequestError):
    """A strict caller's request with rows that failed."""

    def __init__(self, figures: Figures) -> None:
        failed = sum(figures.bad_rows.values())
        super().__init__(
            status=422,
            code="rows_failed",
            message=f"{failed} of {figures.rows} rows cannot be predicted; mend them, or send without strict",
        )
        self.details = {
            "rows": [row for row, _ in figures.told],
            "errors": [{"row": row, "message": reason} for row, reason in figures.told[:_EXPLAINED_ROWS]],
        }


@lru_cache(256)
def _negotiate(content_type: bytes | None, accept: bytes | None) -> _Formats:
    sent = request_type(content_type.decode("latin-1") if content_type is not None else None)
    accepted = accept.decode("latin-1") if accept is not None else None
    answered = answer_type(accepted, request=sent)
    return _Formats(content_type=sent, accept=answered, streaming=answered == JSON_LINES and is_streaming(accepted))


def _first_ask(formats: _Formats, options: RequestOptions, limit: int, gzipped: bool) -> Ask:
    return _ask(formats, options.returned, limit, gzipped, options.strict, options.asked)


@lru_cache(256)
def _ask(formats: _Formats, returned: Return, limit: int, gzipped: bool, strict: bool, asked: frozenset[str]) -> Ask:
    return Ask(
        content_type=formats.content_type,
        accept=formats.accept,
        returned=returned,
        limit=limit,
        gzipped=gzipped,
        strict=strict,
        asked=tuple(sorted(asked)),
        streaming=formats.streaming and not strict,
    )


def _declared_length(headers: Headers) -> int:
    text = headers.get(b"content-length", b"0")
    return int(text) if text.isdigit() else 0


def _start(
    status: int, common: list[tuple[bytes, bytes]], content_type: str, *, length: int | None = None
) -> dict[str, Any]:
    headers = [(b"content-type", content_type.encode("latin-1")), *common]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": status, "headers": headers}


async def refuse(refusal: Refusal, send: Send, common: list[tuple[bytes, bytes]]) -> None:
    """Sends an error answer."""
    body = refusal.body()
    headers = [*refusal.headers(), (b"content-length", str(len(body)).encode()), *common]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _news(job: Job) -> None:
    """Waits for a part, or the end."""
    if job.news is not None and not job.parts and not job.over:
        job.news.clear()
        await job.news.wait()


async def _pieces(job: Job) -> AsyncIterator[bytes]:
    """What has come of the answer since the last call."""
    parts, job.parts = job.parts, []
    for part in parts:
        if isinstance(part, bytes):
            yield part
        elif job.out is not None:
            async for piece in _read_all(job.out, part):
                yield piece


async def _read_all(spool: Spool, part: range) -> AsyncIterator[bytes]:
    for start in range(part.start, part.stop, READ_BYTES):
        yield await spool.read(start, min(READ_BYTES, part.stop - start))


def _answer_files(job: Job, figures: Figures) -> list[tuple[Spool, int]]:
    """The files that the answer lies in, one after the other, each with its size in bytes."""
    if job.converted is not None and figures.size is not None:
        return [(job.converted, figures.size)]
    return [(segment.out, segment.written) for segment in job.segments() if segment.out is not None]


def _close(job: Job) -> None:
    outs = [segment.out for segment in job.segments()]
    for spool in (job.file, job.converted, *outs):
        if spool is not None:
            spool.close()
