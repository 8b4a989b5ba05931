"""uvicorn on a thread of its own, on sockets that listen already; signals stay ours."""

import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

import uvicorn

from chem_endpoints.local.asgi_door import TRANSPORT
from chem_endpoints.wire.http_protocol import Http1Protocol

BACKLOG = 2048
"""Connections that wait to be accepted."""
_KEEP_ALIVE_SECONDS = 120
_END_SECONDS = 1
"""Time for answers that are under way when the server ends."""
_LONGEST_END_SECONDS = 5.0
_POLL_SECONDS = 0.005


class _Protocol(Http1Protocol):
    """Lets the application see, and end, its connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]


class HttpServer:
    """Serves an ASGI application."""

    def __init__(self, app: Any, sockets: Sequence[socket.socket]) -> None:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_END_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=(list(sockets),), name="http", daemon=True)

    def start(self) -> None:
        """Begins to accept connections."""
        self._thread.start()
        while self._thread.is_alive() and not self._server.started:
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Ends it; answers that are under way have a second."""
        self._server.should_exit = True
        self._thread.join(_LONGEST_END_SECONDS)  # A daemon: the process ends without it, too.
