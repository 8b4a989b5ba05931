"""A model server such as many teams write for SageMaker: pandas reads, pandas writes, one bad row fails the request.

Facts: Workbench's containers answer ``N/A`` for NaN, and their error handling bisects because of the failing request.
`ClassicServer` is a real HTTP server in a thread, on a free port of the loopback interface.
"""

import io
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import pandas as pd

BAD = "bad"
"""A text in column ``smiles`` that breaks the model."""
GONE = "gone"
"""One whose row is left out of the answer."""
VOID = "void"
"""One that gets no value."""


def classic_answer(body: bytes, accept: str) -> tuple[int, bytes, str]:
    """Status, body and content type, as such a container answers."""
    frame = pd.read_csv(io.BytesIO(body))
    if (frame["smiles"] == BAD).any():
        return 500, b"Internal Server Error: the model script failed", "text/plain"
    frame = frame[frame["smiles"] != GONE]
    void = frame["smiles"] == VOID
    lengths = frame["smiles"].str.len().astype("float64").mask(void)
    small = (lengths < 4).astype(object).mask(void)
    out = frame.assign(prediction=lengths / 3, atoms=lengths, small=small)
    if accept == "application/json":
        return 200, out.to_json(orient="records").encode(), "application/json"
    return 200, out.to_csv(index=False, na_rep="N/A").encode(), "text/csv; charset=utf-8"


@dataclass
class ClassicServer:
    """Serves `classic_answer`; counts the requests."""

    requests: int = 0
    port: int = field(init=False)
    _server: ThreadingHTTPServer = field(init=False)

    def __enter__(self) -> "ClassicServer":
        counted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                counted.requests += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer, content_type = classic_answer(body, self.headers.get("Accept", ""))
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
