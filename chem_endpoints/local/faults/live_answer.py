"""What a fault makes of a real request: an error, a delay, a connection that breaks, or a part of an answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from chem_endpoints.local.faults.live_request import Asked
from chem_endpoints.local.faults.s3_errors import s3_error
from chem_endpoints.local.faults.schedule import CONTROL, S3, Fault, FaultKind
from chem_endpoints.local.faults.shapes import error_of, json_body, no_such_key
from chem_endpoints.local.invocation_errors import InvocationError
from chem_endpoints.local.wsgi import Answer, Dropped, Reply, Request, StreamedReply

_PIECE = 1 << 20
_STREAM_BYTES = 200
"""So much arrives of a cut answer whose length is not known: of a stream of events the first, and a part of others."""

_WHOLE_SECOND = 1.0
"""``Last-Modified`` has whole seconds."""


def struck(
    fault: Fault,
    asked: Asked,
    request: Request,
    serve: Callable[[], Reply | StreamedReply],
    wait: Callable[[float], None],
) -> Answer:
    """The answer to a request that a fault strikes.

    Args:
        fault: the fault.
        asked: what the request asks for.
        request: the request.
        serve: does the work and gives its answer.
        wait: lets so many seconds pass.
    """
    if fault.kind is FaultKind.RESET_BEFORE:
        return Dropped()
    if fault.kind is FaultKind.LATENCY:
        wait(fault.lasts)
        return serve()
    error = error_of(fault, asked.endpoint or "")
    if error is not None:
        _read_to_end(request)
        if fault.kind is FaultKind.MODEL_SILENT:
            wait(fault.lasts)
        return _error(request, asked, error)
    return _spoilt(fault, asked, request, serve(), wait)


def _spoilt(
    fault: Fault, asked: Asked, request: Request, done: Reply | StreamedReply, wait: Callable[[float], None]
) -> Answer:
    if fault.kind is FaultKind.TRUNCATED:
        return _cut(done)
    if fault.kind is FaultKind.S3_LATE:
        if done.status >= 300 or _age(done) >= fault.lasts + _WHOLE_SECOND:
            return done
        _let_go(done)
        return _error(request, asked, no_such_key())
    _let_go(done)
    if fault.kind is FaultKind.READ_TIMEOUT:
        wait(fault.lasts)
    return Dropped()


def _cut(done: Reply | StreamedReply) -> Answer:
    if done.status >= 300:
        return done
    length = _header(done, "content-length")
    if length == "0":
        return Dropped()
    return Dropped(reply=done, after_bytes=_STREAM_BYTES if length is None else int(length) // 2)


def _age(done: Reply | StreamedReply) -> float:
    """Seconds since an object was put."""
    modified = _header(done, "last-modified")
    return (datetime.now(UTC) - parsedate_to_datetime(modified)).total_seconds() if modified else 0.0


def _header(done: Reply | StreamedReply, name: str) -> str | None:
    return next((value for each, value in done.complete_headers() if each.lower() == name), None)


def _let_go(done: Reply | StreamedReply) -> None:
    """Has a stream's work done to its end; nobody gets it."""
    if isinstance(done, StreamedReply):
        try:
            for _ in done.body:
                pass
        finally:
            done.body.close()


def _read_to_end(request: Request) -> None:
    """What is left of a body would be taken for the connection's next request, or that one for what is left."""
    while request.environ["wsgi.input"].read(_PIECE):
        pass


def _error(request: Request, asked: Asked, error: InvocationError) -> Reply:
    if asked.operation in S3:
        said = s3_error(error, bodiless=request.method == "HEAD")
        return Reply(status=said.status, body=said.body, headers=said.headers)
    body = json_body(error) if asked.operation in CONTROL else error.body
    return Reply(status=error.status, body=body, headers=error.headers)
