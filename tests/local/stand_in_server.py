"""Stands in for `container.server`: a real HTTP server whose faults the Model's environment and the request choose.

Environment: STAND_IN_FAULT is ``exit`` (ends at once), ``sick`` (its ping fails), ``slow-start``, ``dies-on-request``.
With STAND_IN_COUNT it writes a line for each request.
Request body: a JSON object; ``{"do": "echo" | "status" | "sleep" | "die" | "environment" | "files"}``.
"""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FAULT = os.environ.get("STAND_IN_FAULT", "")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(500 if FAULT == "sick" else 200, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        order = json.loads(body) if body.startswith(b"{") else {"do": "length"}
        action = order["do"]
        if os.environ.get("STAND_IN_COUNT"):
            print("request", flush=True)
        if action == "die" or FAULT == "dies-on-request":
            os._exit(9)
        if action == "sleep":
            time.sleep(order["seconds"])
        self._answer(order.get("status", 200), json.dumps(self._content(action, order, body)).encode())

    def _content(self, action: str, order: dict[str, object], body: bytes) -> object:
        if action == "environment":
            return dict(os.environ)
        if action == "files":
            folder = Path(os.environ["SM_MODEL_DIR"])
            return {path.name: path.read_text() for path in folder.rglob("*") if path.is_file()}
        if action == "length":
            return {"length": len(body)}
        if action == "status":
            return {"detail": order["detail"]}
        headers = {name.lower(): value for name, value in self.headers.items()}
        return {"pid": os.getpid(), "headers": headers, "order": order, "label": os.environ.get("STAND_IN_LABEL")}

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if attributes := self.headers.get("X-Amzn-SageMaker-Custom-Attributes"):
            self.send_header("X-Amzn-SageMaker-Custom-Attributes", f"seen={attributes}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    print("stand-in starts", flush=True)
    if FAULT == "exit":
        print("manifest.json does not match: refused", flush=True)
        sys.exit(3)
    if FAULT == "slow-start":
        time.sleep(1)
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()


if __name__ == "__main__":
    main()
