"""An HTTP request of boto3's, taken apart; and what is sent back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

_CHUNK = re.compile(rb"([0-9a-fA-F]+)[^\r\n]*\r\n")


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """One request.

    Attributes:
        method: ``GET`` …
        path: unquoted.
        query: first value of each parameter.
        headers: by lower-case name.
        body: its bytes, without the frames of S3's chunked uploads.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class HttpReply:
    """One answer.

    Attributes:
        status: HTTP status.
        headers: without length and date.
        body: its bytes.
        length: what Content-Length says; default: the length of the body.
        received: bytes of the body after which the connection breaks; ``None``: it does not.
    """

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    length: int | None = None
    received: int | None = None


def taken_apart(method: str, target: str, headers: Mapping[str, str], body: bytes) -> HttpRequest:
    """The request with its parts."""
    split = urlsplit(target)
    named = {name.lower(): value for name, value in headers.items()}
    if "aws-chunked" in named.get("content-encoding", "") or named.get("x-amz-content-sha256", "").startswith("STREAM"):
        body = without_frames(body)
    return HttpRequest(
        method=method,
        path=unquote(split.path),
        query={name: values[0] for name, values in parse_qs(split.query, keep_blank_values=True).items()},
        headers=named,
        body=body,
    )


def without_frames(body: bytes) -> bytes:
    """The contents of a body in the encoding ``aws-chunked`` (S3 user guide, Chunked upload)."""
    parts, position = [], 0
    while found := _CHUNK.match(body, position):
        size = int(found.group(1), 16)
        if not size:
            break
        parts.append(body[found.end() : found.end() + size])
        position = found.end() + size + len(b"\r\n")
    return b"".join(parts)
