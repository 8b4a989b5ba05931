"""An advisory service: an HTTP server that answers as OSV does (google.github.io/osv.dev, "POST /v1/query")."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chem_endpoints.image.advisories import CONTROL

FIXED = "99.0"


class Service(ThreadingHTTPServer):
    """Knows of vulnerable packages by name; keeps what it was asked."""

    vulnerable: frozenset[str] = frozenset({CONTROL[0]})
    fixed: str | None = FIXED
    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.asked: list[tuple[str, str]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/query"


class Answers(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = asked["package"]["name"]
        self.server.asked.append((name, asked["version"]))
        answer = json.dumps(self.advisory(name) if name in self.server.vulnerable else {}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def advisory(self, name: str) -> dict[str, object]:
        events = [{"introduced": "0"}, *([{"fixed": self.server.fixed}] if self.server.fixed else [])]
        affected = [
            {"package": {"name": name, "ecosystem": "PyPI"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
        ]
        published = "2026-01-01T00:00:00Z"
        told = {"id": f"PYSEC-2026-{name}", "aliases": ["CVE-2026-1"], "published": published, "affected": affected}
        return {"vulns": [told]}

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def serving() -> Iterator[Service]:
    """A service that answers on the loopback interface."""
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
