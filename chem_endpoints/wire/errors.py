"""Errors of the wire format. Each tells what happened, where, and what to do; none quotes a molecule."""

from collections.abc import Sequence
from typing import Any

MAX_TOLD_FIELDS = 8


class WireError(ValueError):
    """A body that cannot be read or a frame that cannot be written without loss.

    Attributes:
        status: HTTP status that the server answers with.
        code: stable machine-readable name.
        details: more for a program to read, as JSON has it.
    """

    status = 400
    code = "malformed_body"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.details: dict[str, Any] = {}


class UnsupportedContentTypeError(WireError):
    """The body is in a format that nobody here reads."""

    status = 415
    code = "unsupported_content_type"


class NotAcceptableError(WireError):
    """The caller accepts none of the formats that we write."""

    status = 406
    code = "not_acceptable"


class OptionNotOfferedError(WireError):
    """An option asks for columns that this model does not have."""

    code = "option_not_offered"


class FeatureMismatchError(WireError):
    """The columns do not fit the model: one is missing or two could be meant."""

    status = 422
    code = "columns_do_not_match"

    def __init__(self, message: str, *, fields: Sequence[str] = ()) -> None:
        super().__init__(message)
        if fields:
            self.details = {"errors": [{"field": name} for name in fields[:MAX_TOLD_FIELDS]]}


class BodyTooLargeError(WireError):
    """The body, or what it unpacks to, exceeds what is taken here."""

    status = 413
    code = "body_too_large"
