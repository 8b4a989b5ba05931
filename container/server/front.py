"""The front of the application: what workers answer and /ping by hand, what describes the model by FastAPI."""

import contextlib
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from container.server.invocations import Invocations, refuse
from container.server.log import log_event
from container.server.pool import WorkerPool
from container.server.refusal import Refusal

Application = Callable[[Any, Any, Any], Awaitable[None]]


class Front:
    """An ASGI application.

    `/ping` is answered from the event loop alone, whatever the workers do; invocations skip the routing and the
    middleware that descriptions of the model can afford.
    """

    def __init__(
        self, pool: WorkerPool, invocations: Invocations, drawings: Invocations, description: Application
    ) -> None:
        self._pool, self._invocations, self._drawings, self._description = pool, invocations, drawings, description

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request."""
        try:
            await self._answer(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - a bug of ours; its text may quote a request, its place does not
            frames = traceback.extract_tb(error.__traceback__)
            place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
            log_event("internal_error", type=type(error).__name__, where=place)
            refusal = Refusal(status=500, code="internal_error", message="the server has failed; it has logged where")
            with contextlib.suppress(RuntimeError):  # the answer may have begun
                await refuse(refusal, send, [])

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path")
        if scope["type"] != "http" or path not in ("/invocations", "/drawings", "/ping"):
            await self._description(scope, receive, send)
        elif path != "/ping":
            if scope["method"] == "POST":
                await (self._invocations if path == "/invocations" else self._drawings)(scope, receive, send)
            else:
                await _refuse_method("POST", send)
        elif scope["method"] == "GET":
            await self._ping(send)
        else:
            await _refuse_method("GET", send)

    async def _ping(self, send: Any) -> None:
        status = 200 if self._pool.alive else 503
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


async def _refuse_method(allowed: str, send: Any) -> None:
    refusal = Refusal(status=405, code="method_not_allowed", message=f"this path takes {allowed}")
    await refuse(refusal, send, [(b"allow", allowed.encode())])
