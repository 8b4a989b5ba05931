"""Content types and their negotiation (RFC 9110 §12.5.1, as far as SageMaker callers use it)."""

from chem_endpoints.wire.errors import NotAcceptableError, UnsupportedContentTypeError

CSV = "text/csv"
JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"

READABLE = (CSV, JSON, ARROW)
WRITABLE = (CSV, JSON, ARROW)


def request_type(header: str | None) -> str:
    """The format of a request body; a missing or generic header means CSV, as the SageMaker console sends it.

    Raises:
        UnsupportedContentTypeError: none of `READABLE`.
    """
    name = _media_type(header or CSV)
    if name in ("*/*", "application/octet-stream"):
        return CSV
    if name not in READABLE:
        raise UnsupportedContentTypeError(f"Content-Type {name!r} is not read here. Send one of: {', '.join(READABLE)}")
    return name


def answer_type(accept: str | None, *, request: str) -> str:
    """The format to answer in: the caller's most preferred one; without a preference that of the request.

    Raises:
        NotAcceptableError: the caller names only formats that we do not write.
    """
    if not accept or not accept.strip():
        return request
    for name in _by_preference(accept):
        if name == "*/*":
            return request
        for candidate in (request, *WRITABLE):
            if name == candidate or name == candidate.split("/")[0] + "/*":
                return candidate
    raise NotAcceptableError(
        f"Accept {accept!r} names no format that is written here. Accept one of: {', '.join(WRITABLE)}"
    )


def _by_preference(accept: str) -> list[str]:
    weighted = []
    for position, part in enumerate(accept.split(",")):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((_quality(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        if name and quality > 0:
            weighted.append((-quality, position, name))
    return [name for _, _, name in sorted(weighted)]


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _media_type(header: str) -> str:
    return header.split(";")[0].strip().lower()
