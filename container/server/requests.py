"""What a worker is asked, and how the question travels to it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from chem_endpoints.wire.options import Return
from container.server.frames import Frame, Kind, json_frame


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request to predict.

    Attributes:
        body: the request body.
        content_type: its format.
        accept: format of the answer.
        returned: which columns to answer.
        known_bad: rows that an earlier try has proved to be at fault → reason.
        fail_all: reason of every row without its own, when nothing more is to be predicted.
    """

    body: bytes
    content_type: str
    accept: str
    returned: Return
    known_bad: Mapping[int, str] = field(default_factory=dict)
    fail_all: str | None = None


def request_frames(request: Request) -> tuple[Frame, Frame]:
    """The two frames that carry a request to a worker."""
    head = {key: value for key, value in asdict(request).items() if key != "body"}
    return (
        json_frame(Kind.REQUEST, {**head, "known_bad": list(request.known_bad.items())}),
        Frame(Kind.BODY, request.body),
    )


def read_request(head: Frame, body: Frame) -> Request:
    """Reads what `request_frames` wrote."""
    document = head.document
    return Request(**{**document, "known_bad": dict(document["known_bad"])}, body=body.payload)
