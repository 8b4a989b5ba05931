"""Stands in for `container.server`: a real HTTP server whose faults the Model's environment and the request choose.

Environment: STAND_IN_FAULT is ``exit`` (ends at once), ``sick`` (its ping fails), ``slow-start``, ``dies-on-request``.
With STAND_IN_COUNT it writes a line for each request.
Request body: a JSON object; ``{"do": "echo" | "print" | "status" | "sleep" | "die" | "environment" | "files" |
"rows"}``.
``answer_headers`` of an order go back with its answer.
``rows`` answers that many lines in chunks, each once the folder ``gate`` has a file with its number as a name, then
ends as ``end`` says: well (default), ``break`` or ``stall``.
Custom attributes: ``mirror`` answers with the body itself, ``refuse`` with a 413 before the body is read.
"""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FAULT = os.environ.get("STAND_IN_FAULT", "")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(500 if FAULT == "sick" else 200, b"")

    def do_POST(self) -> None:
        attributes = self.headers.get("X-Amzn-SageMaker-Custom-Attributes")
        if attributes == "refuse":
            self.close_connection = True
            self._answer(413, b'{"detail": "too large"}')
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if attributes == "mirror":
            self._answer(200, body)
            return
        order = json.loads(body) if body.startswith(b"{") else {"do": "length"}
        action = order["do"]
        if os.environ.get("STAND_IN_COUNT"):
            print("request", flush=True)
        if action == "die" or FAULT == "dies-on-request":
            os._exit(9)
        if action == "rows":
            self._answer_rows(order)
            return
        if action == "print":
            print(order["text"], end="", flush=True)
        if action == "sleep":
            time.sleep(order["seconds"])
        content = json.dumps(self._content(action, order, body)).encode()
        self._answer(order.get("status", 200), content, order.get("answer_headers", {}))

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

    def _answer_rows(self, order: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/jsonlines")
        self.send_header("X-Amzn-SageMaker-New-Session-Id", "a session")
        self.send_header("X-Amzn-SageMaker-Custom-Attributes", f"accept={self.headers.get('Accept')}")
        if "length" in order:
            self.send_header("Content-Length", str(order["length"]))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.close_connection = "end" in order
        try:
            for number in range(order["rows"]):
                wait_for(order, str(number))
                self._piece(order, json.dumps({"row": number}).encode() + b"\n")
            if order.get("end") == "stall":
                wait_for({"gate": order["gate"]}, "never")
            elif "end" not in order:
                self._piece(order, b"")
        except ConnectionError:
            Path(order["gate"], "caller is gone").touch()

    def _piece(self, order: dict[str, Any], data: bytes) -> None:
        self.wfile.write(data if "length" in order else b"%x\r\n%s\r\n" % (len(data), data))

    def _answer(self, status: int, body: bytes, more_headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (more_headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if attributes := self.headers.get("X-Amzn-SageMaker-Custom-Attributes"):
            self.send_header("X-Amzn-SageMaker-Custom-Attributes", f"seen={attributes}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def wait_for(order: dict[str, Any], name: str) -> None:
    """Waits for a file in the gate's folder, but not for ever."""
    deadline = time.monotonic() + 20
    while "gate" in order and not Path(order["gate"], name).exists() and time.monotonic() < deadline:
        time.sleep(0.01)


def main() -> None:
    if os.environ.get("STAND_IN_KIND") == "lines":
        import line_server  # Beside this file.

        line_server.serve()
        return
    print("stand-in starts", flush=True)
    if FAULT == "exit":
        print("manifest.json does not match: refused", flush=True)
        sys.exit(3)
    if FAULT == "slow-start":
        time.sleep(1)
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler)
    # Ends at once: nothing, and no half-written coverage file either, is told after the last line of a test.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    server.serve_forever()


if __name__ == "__main__":
    main()
