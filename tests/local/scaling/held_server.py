"""Stands in for `container.server`: ``{"hold": PATH}`` is answered once PATH exists, all else at once.

``{"status": 500}`` chooses the status of the answer, ``{"print": TEXT}`` prints a line.
"""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        order = json.loads(body)
        if "print" in order:
            print(order["print"], flush=True)
        while "hold" in order and not Path(order["hold"]).exists():
            time.sleep(0.01)
        self._answer(order.get("status", 200), json.dumps({"pid": os.getpid(), "order": order}).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()
