"""What a worker is asked, and how the question travels to it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from chem_endpoints.wire.options import Return

DRAWINGS = "drawings"
"""Asked in the place of an option of the wire: the structures are drawn, and nothing is predicted."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request to predict, or what is left of one.

    Attributes:
        content_type: format of the body, as negotiated; the raw header where the script reads bodies itself.
        accept: format of the answer; likewise.
        returned: which columns to answer.
        gzipped: whether the caller said that the body is compressed; it is recognised anyway.
        asked: options of the request that add outputs, in the manifest's names.
        strict: whether the caller wants to be told which rows failed.
        streaming: whether the answer is sent as rows finish.
        limit: largest body after decompression, bytes.
        start: rows before this one are answered already.
        stop: rows from this one on are another worker's, and so is the end of the answer; ``None``: there is none.
        opened: whether what opens an answer (a header line, a bracket) has been written.
        known_bad: rows that an earlier try has proved to be at fault → reason.
        fail_all: reason of every row that is left, when nothing more is to be predicted.
        slice_rows: rows to give to the model at once, until row ``slice_until``; ``None``: as its speed suggests.
    """

    content_type: str
    accept: str
    returned: Return
    limit: int
    gzipped: bool = False
    strict: bool = False
    asked: tuple[str, ...] = ()
    streaming: bool = False
    start: int = 0
    stop: int | None = None
    opened: bool = False
    known_bad: Mapping[int, str] = field(default_factory=dict)
    fail_all: str | None = None
    slice_rows: int | None = None
    slice_until: int = 0

    def to_head(self) -> dict[str, Any]:
        """The head of the frame that carries it."""
        return {**asdict(self), "known_bad": list(self.known_bad.items())}


def read_ask(head: Mapping[str, Any]) -> Ask:
    """Reads what `Ask.to_head` wrote."""
    return Ask(**{**head, "known_bad": dict(head["known_bad"]), "asked": tuple(head["asked"])})
