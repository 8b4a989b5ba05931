"""Content types and their negotiation (RFC 9110 §12.5.1)."""

import re

from chem_endpoints.wire.errors import NotAcceptableError, UnsupportedContentTypeError

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"

READABLE = (CSV, JSON, JSON_LINES, PARQUET, ARROW)
WRITABLE = READABLE

_ALIASES = {
    "application/x-ndjson": JSON_LINES,
    "application/ndjson": JSON_LINES,
    "application/jsonl": JSON_LINES,
    "application/x-jsonlines": JSON_LINES,
    "application/json-lines": JSON_LINES,
    "application/x-parquet": PARQUET,
    "application/parquet": PARQUET,
}
"""Other names that callers use; answers bear the canonical one."""

_WEIGHT = re.compile(r"[01](\.[0-9]*)?|\.[0-9]+")


def request_type(header: str | None) -> str:
    """The format of a request body; a missing or generic header means CSV, as the SageMaker console sends it.

    Raises:
        UnsupportedContentTypeError: none of `READABLE`.
    """
    name = _media_type(header or CSV) or CSV
    if name in ("*/*", "application/octet-stream"):
        return CSV
    name = _ALIASES.get(name, name)
    if name not in READABLE:
        raise UnsupportedContentTypeError(f"Content-Type {name!r} is not read here. Send one of: {', '.join(READABLE)}")
    return name


def answer_type(accept: str | None, *, request: str) -> str:
    """The format to answer in: the caller's most preferred one; without a preference that of the request.

    The most specific range that covers a format gives its weight, so ``text/csv;q=0, */*`` excludes CSV. Among
    equal weights a format that is named goes before one that a wildcard covers, an earlier name before a later one.

    Raises:
        NotAcceptableError: the caller excludes every format that we write.
    """
    if not accept or not accept.strip():
        return request
    ranges = _ranges(accept)
    candidates = dict.fromkeys((request, *WRITABLE))
    ranked = [(rank, name) for name in candidates if (rank := _rank(name, ranges)) is not None]
    if not ranked:
        raise NotAcceptableError(
            f"Accept {accept!r} names no format that is written here. Accept one of: {', '.join(WRITABLE)}"
        )
    return min(ranked, key=lambda one: one[0])[1]


def is_streaming(accept: str | None) -> bool:
    """Whether the caller names JSON Lines itself (a wildcard does not count), to get rows as they finish."""
    weight, _ = _ranges(accept or "").get(JSON_LINES, (0.0, 0))
    return weight > 0


def _rank(name: str, ranges: dict[str, tuple[float, int]]) -> tuple[float, int, int] | None:
    """What sorts a format among the acceptable ones, best first; ``None``: excluded or not covered."""
    for breadth, covering in enumerate((name, name.partition("/")[0] + "/*", "*/*")):
        if covering in ranges:
            weight, position = ranges[covering]
            # Formats under one wildcard stand in the order of the candidates, the request's first.
            return (-weight, breadth, 0 if breadth else position) if weight > 0 else None
    return None


def _ranges(accept: str) -> dict[str, tuple[float, int]]:
    """Media range → its weight and where it was first named; a malformed weight excludes."""
    ranges: dict[str, tuple[float, int]] = {}
    for position, part in enumerate(accept.split(",")):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        name = _ALIASES.get(name, name)
        weight = next((_weight(text[2:]) for text in parameters if text.startswith("q=")), 1.0)
        known, first = ranges.get(name, (0.0, position))
        ranges[name] = (max(known, weight), first)
    return ranges


def _weight(text: str) -> float:
    return float(text) if _WEIGHT.fullmatch(text) and float(text) <= 1 else 0.0


def _media_type(header: str) -> str:
    return header.split(";")[0].strip().lower()
