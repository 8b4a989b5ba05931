"""Error answers: a stable code, a message that says what to do, and never a cell of the caller's."""

from dataclasses import dataclass, field
from typing import Any

import orjson

RETRY_AFTER_SECONDS = 1

MAX_MESSAGE_CHARACTERS = 400
"""SageMaker passes an error's body on as text, and gives up on long ones; a message may list hundreds of columns."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a request is not answered with rows.

    Attributes:
        status: HTTP status.
        code: stable machine-readable name.
        message: what happened, and what to do.
        details: more for a program to read: rows, fields.
    """

    status: int
    code: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)

    def body(self) -> bytes:
        """The JSON body."""
        message = self.message.encode("utf-8", "replace").decode()  # it may quote a header that has no encoding
        if len(message) > MAX_MESSAGE_CHARACTERS:
            message = message[:MAX_MESSAGE_CHARACTERS] + "…"
        return orjson.dumps({"code": self.code, "message": message, **self.details})

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Headers that belong to the status."""
        headers = [(b"content-type", b"application/json")]
        if self.status in (429, 503):
            headers.append((b"retry-after", str(RETRY_AFTER_SECONDS).encode()))
        return headers


CODES: dict[str, tuple[int, str]] = {
    "malformed_body": (400, "the body cannot be read as what it says it is"),
    "client_disconnected": (400, "the connection ended before the body did"),
    "option_not_offered": (400, "an option asks for columns that this model does not have"),
    "not_found": (404, "no such path"),
    "method_not_allowed": (405, "the path takes another method"),
    "not_acceptable": (406, "none of the formats in Accept is written here"),
    "body_timeout": (408, "the body did not arrive in time"),
    "body_too_large": (413, "the body, or what it decompresses to, is over the limit"),
    "unsupported_content_type": (415, "the format of the body is not read here"),
    "columns_do_not_match": (422, "a feature has no column, or several"),
    "fields_do_not_match": (
        422,
        "strict was asked for and cells of a JSON body do not fit; `errors` names row and field",
    ),
    "rows_failed": (422, "strict was asked for and rows failed; `rows` names them"),
    "overloaded": (429, "as many requests wait as are allowed to"),
    "internal_error": (500, "the server itself has failed"),
    "model_script_error": (500, "the model script is at fault"),
    "worker_crashed": (500, "the model's process died twice without naming a row"),
    "deadline": (503, "not even the time-outs could be written down after the deadline"),
    "shutting_down": (503, "the server stops before the answer is ready"),
}
"""Every code → its status and what it means; the documentation and the OpenAPI page read this table."""
