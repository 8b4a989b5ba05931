"""Stands in for a model server that answers line by line, for transform jobs.

Each line of JSON is answered with ``{"length": …}``, each of CSV with its length; an answer ends without a line end.
Environment: LINES_FOLDER gets a file for each request, with what was seen of it; LINES_PARAMETERS is the answer to
``GET /execution-parameters``. A body with ``status=400`` is answered with that; with ``once`` by 503, the first time;
with ``die`` not at all; with ``wait`` once LINES_FOLDER has a file ``go``; with ``short`` with a line too few.
"""

import json
import os
import re
import signal
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("LINES_FOLDER", "."))
_running, _lock = 0, threading.Lock()


class Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a health check that did not wait for its answer
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        told = os.environ.get("LINES_PARAMETERS")
        if self.path == "/ping":
            self._answer(200, b"")
        elif self.path == "/execution-parameters" and told is not None:
            self._answer(200, told.encode())
        else:
            self._answer(404, b"{}")

    def do_POST(self) -> None:
        global _running
        with _lock:
            _running += 1
            running = _running
        body = self.rfile.read(int(self.headers["Content-Length"]))
        seen = {"pid": os.getpid(), "body": body.decode(), "running": running, "headers": dict(self.headers)}
        (FOLDER / f"seen-{time.time_ns()}-{uuid.uuid4()}").write_text(json.dumps(seen))
        self._work(body)
        with _lock:
            _running -= 1

    def _work(self, body: bytes) -> None:
        if b"die" in body:
            print("the model is broken", flush=True)
            os._exit(9)
        if found := re.search(rb"status=(\d+)", body):
            self._answer(int(found[1]), b"a bad row")
            return
        if b"once" in body and not (FOLDER / "failed-once").exists():
            (FOLDER / "failed-once").touch()
            self._answer(503, b"come again")
            return
        deadline = time.monotonic() + 20
        while b"wait" in body and not (FOLDER / "go").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        lines = body.splitlines()[1 if b"short" in body else 0 :]
        csv = self.headers.get("Content-Type") == "text/csv"
        self._answer(200, b"\n".join(str(len(x)).encode() if csv else b'{"length":%d}' % len(x) for x in lines))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def serve() -> None:
    print("line server starts", flush=True)
    server = Server(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # As stand_in_server does.
    server.serve_forever()
