"""The console's requests: the page, what belongs to it, and the state that it asks for every second."""

from pathlib import Path

import orjson

from chem_endpoints.local.address import CONSOLE_PATH
from chem_endpoints.local.console.state import ConsoleState
from chem_endpoints.local.wsgi import Reply, Request, json_reply

STATE_NAME = "state"
"""``GET /_local/console/state`` answers the state as JSON."""

_PAGE = Path(__file__).with_name("page")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_START = "index.html"

SECURITY_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Cache-Control", "no-store"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)
"""On every answer: nothing is loaded from elsewhere, and no other page may load or frame this one."""


class ConsoleDoor:
    """Answers browsers. Who speaks as an AWS client, by a signature, a target or another name, is left to AWS."""

    def __init__(self, state: ConsoleState) -> None:
        self._state = state
        self._files = {path.name: path for path in _PAGE.iterdir() if path.suffix in _TYPES}

    def answers(self, request: Request) -> bool:
        """Whether the request is for the console, or a browser's for ``/``."""
        path = request.path
        return path.startswith(CONSOLE_PATH) or f"{path}/" == CONSOLE_PATH or _is_browsers_look(request)

    def answer(self, request: Request) -> Reply:
        """Answers it."""
        if request.method != "GET":
            return _reply(json_reply(405, {"message": "The console takes GET only: it changes nothing"}))
        if not request.path.startswith(CONSOLE_PATH):
            return _reply(Reply(status=302, body=b"", headers=[("Location", CONSOLE_PATH), ("Vary", "Accept")]))
        name = request.path.removeprefix(CONSOLE_PATH) or _START
        if name == STATE_NAME:
            content = orjson.dumps(self._state.read(), default=list)
            return _reply(Reply(status=200, body=content, headers=[("Content-Type", "application/json")]))
        path = self._files.get(name)
        if path is None:
            return _reply(json_reply(404, {"message": f"The console has no {name}; it begins at {CONSOLE_PATH}"}))
        return _reply(Reply(status=200, body=path.read_bytes(), headers=[("Content-Type", _TYPES[path.suffix])]))


def _is_browsers_look(request: Request) -> bool:
    """Whether a browser asks for ``/``: S3's list of buckets is asked for with a signature, never as a web page."""
    return (
        (request.method, request.path) == ("GET", "/")
        and "text/html" in (request.header("Accept") or "")
        and not request.header("Authorization")
        and not request.environ.get("QUERY_STRING")
        and not _names_a_bucket(request.header("Host") or "")
    )


def _names_a_bucket(host: str) -> bool:
    """Whether the host is ``BUCKET.localhost``, by which S3 clients may name a bucket."""
    return host.partition(":")[0].lower().endswith(".localhost")


def _reply(reply: Reply) -> Reply:
    return Reply(status=reply.status, body=reply.body, headers=[*reply.headers, *SECURITY_HEADERS])
