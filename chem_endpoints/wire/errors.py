"""Errors of the wire format. Each tells what happened, where, and what to do; none quotes a molecule."""


class WireError(ValueError):
    """A body that cannot be read or a frame that cannot be written without loss.

    Attributes:
        status: HTTP status that the server answers with.
        code: stable machine-readable name.
    """

    status = 400
    code = "malformed_body"


class UnsupportedContentTypeError(WireError):
    """The body is in a format that nobody here reads."""

    status = 415
    code = "unsupported_content_type"


class NotAcceptableError(WireError):
    """The caller accepts none of the formats that we write."""

    status = 406
    code = "not_acceptable"


class FeatureMismatchError(WireError):
    """The columns do not fit the model: one is missing or two could be meant."""

    status = 422
    code = "columns_do_not_match"


class BodyTooLargeError(WireError):
    """The body, or what it unpacks to, exceeds what is taken here."""

    status = 413
    code = "body_too_large"
