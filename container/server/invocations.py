"""``POST /invocations``: from an HTTP request to the pool and back, with one log line."""

import time
import uuid
from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from chem_endpoints.wire.content_types import answer_type, request_type
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.options import (
    HEADER,
    MODEL_DIGEST_KEY,
    REQUEST_ID_KEY,
    RequestOptions,
    format_attributes,
    parse_options,
)
from container.server import requests
from container.server.log import RequestRecord, log_request
from container.server.pool import OverloadedError, WorkerPool
from container.server.settings import Settings
from container.server.worker_process import Answer, RequestError

RETRY_AFTER_SECONDS = 1


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An error answer: a stable code, and a message that says what to do."""

    status: int
    code: str
    message: str


class BodyTooLargeError(Exception):
    """The body exceeds the cap."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A successful answer and the format of its body."""

    answer: Answer
    content_type: str


async def invoke(request: Request, *, pool: WorkerPool, settings: Settings) -> Response:
    """Answers one invocation."""
    started = time.perf_counter()
    options = parse_options(request.headers.get(HEADER))
    request_id = options.request_id or uuid.uuid4().hex
    outcome = await _outcome(request, options, pool, settings)
    attributes = {MODEL_DIGEST_KEY: pool.introduction.digest, REQUEST_ID_KEY: request_id}
    response = _response(outcome, {HEADER: format_attributes(attributes)})
    answer = outcome.answer if isinstance(outcome, Answered) else None
    log_request(
        RequestRecord(
            endpoint=settings.endpoint_name,
            request_id=request_id,
            status=response.status_code,
            code=outcome.code if isinstance(outcome, Refusal) else None,
            rows=answer.rows if answer else 0,
            bad_rows=answer.bad_rows if answer else {},
            milliseconds=round((time.perf_counter() - started) * 1e3, 3),
            stages=answer.milliseconds if answer else {},
            model_sha256=pool.introduction.digest,
            worker_pid=answer.pid if answer else None,
        )
    )
    return response


async def _outcome(
    request: Request, options: RequestOptions, pool: WorkerPool, settings: Settings
) -> Answered | Refusal:
    try:
        content_type = request_type(request.headers.get("content-type"))
        accept = answer_type(request.headers.get("accept"), request=content_type)
        body = await _read_body(request, settings.max_body_bytes)
        question = requests.Request(body=body, content_type=content_type, accept=accept, returned=options.returned)
        return Answered(answer=await pool.predict(question), content_type=accept)
    except (WireError, RequestError) as error:
        return Refusal(status=error.status, code=error.code, message=str(error))
    except ClientDisconnect:
        return Refusal(status=400, code="client_disconnected", message="the connection ended before the body did")
    except BodyTooLargeError:
        limit = settings.max_body_bytes // 10**6
        return Refusal(status=413, code="body_too_large", message=f"the body is over {limit} MB; send fewer rows")
    except OverloadedError:
        return Refusal(status=429, code="overloaded", message="every worker is busy and the queue is full; retry later")


async def _read_body(request: Request, limit: int) -> bytes:
    if int(request.headers.get("content-length") or 0) > limit:
        raise BodyTooLargeError
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLargeError
    return bytes(body)


def _response(outcome: Answered | Refusal, headers: dict[str, str]) -> Response:
    if isinstance(outcome, Answered):
        # Not media_type: Starlette would add a charset to text/csv, which SageMaker's own SDK refuses.
        return Response(outcome.answer.body, headers={**headers, "Content-Type": outcome.content_type})
    if outcome.status == 429:
        headers = {**headers, "Retry-After": str(RETRY_AFTER_SECONDS)}
    message = outcome.message.encode("utf-8", "replace").decode()  # it may name a column that has no encoding
    return JSONResponse({"code": outcome.code, "message": message}, status_code=outcome.status, headers=headers)
