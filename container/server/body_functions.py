"""Calls a script's ``input_fn`` and ``output_fn`` as the SageMaker toolkits do, and tells whose mistake an error is.

No exception's text is passed on: it may quote a molecule.
"""

import csv
from typing import Any

from chem_endpoints.wire.content_types import CSV, JSON, JSON_LINES, answer_type, request_type
from chem_endpoints.wire.errors import NotAcceptableError, UnsupportedContentTypeError, WireError
from container.server.script import InputFn, OutputFn
from container.server.script_error import ScriptError

TEXT_TYPES = (CSV, JSON, JSON_LINES)
"""Bodies of these types reach ``input_fn`` as text, all others as bytes."""

_TOLD_BY_TOOLKITS = "UnsupportedFormatError"
"""What scripts raise, from whichever toolkit they import it, for a content type that they do not know."""

_BODY_ERRORS = (ValueError, LookupError, TypeError, csv.Error, RecursionError)
"""What parsing a malformed body raises; anything else is a mistake in the script."""


def read_body(input_fn: InputFn, body: bytes, content_type: str | None) -> Any:
    """What ``input_fn`` makes of a body; it gets the header as it came, CSV's where there is none.

    Raises:
        WireError: the body is malformed (400), or of a type that the script does not read (415).
        ScriptError: the script is at fault.
    """
    header = content_type if content_type and content_type.strip() not in ("", "*/*") else CSV
    try:
        return input_fn(_as_text(body, header), header)
    except WireError:
        raise  # a script that knows the wire format words its refusals itself
    except Exception as error:  # noqa: BLE001 - a script may raise anything
        if type(error).__name__ == _TOLD_BY_TOOLKITS or _known_type(header) is None:
            raise UnsupportedContentTypeError(f"Content-Type {header!r} is not read by this model's script") from None
        if isinstance(error, _BODY_ERRORS):
            raise WireError(
                f"the model's script cannot read the body as {header} ({type(error).__name__}); check its format"
            ) from None
        raise ScriptError(f"input_fn raised {type(error).__name__}") from None


def _as_text(body: bytes, header: str) -> bytes | str:
    return body.decode() if header.partition(";")[0].strip().lower() in TEXT_TYPES else body


def _known_type(content_type: str | None) -> str | None:
    try:
        return request_type(content_type)
    except UnsupportedContentTypeError:
        return None


def wanted_type(accept: str | None, content_type: str | None, *, own_output: bool) -> str:
    """The answer's type: the most preferred one that the wire format knows, else what the caller asks for.

    Without a preference it is the request's type, JSON where only the script knows that.

    Raises:
        NotAcceptableError: the wire format does not know it, and there is no ``output_fn`` that might.
    """
    try:
        return answer_type(accept, request=_known_type(content_type) or JSON)
    except NotAcceptableError:
        if not own_output or accept is None:
            raise
        return accept


def write_body(output_fn: OutputFn, prediction: Any, accept: str) -> tuple[bytes, str]:
    """The answer's body and content type; ``output_fn`` returns text, bytes, or one of these and the content type.

    Raises:
        NotAcceptableError: the caller accepts only types that the script does not write.
        ScriptError: the script is at fault.
    """
    try:
        answer = output_fn(prediction, accept)
    except Exception as error:  # noqa: BLE001 - a script may raise anything
        if type(error).__name__ == _TOLD_BY_TOOLKITS or _known_type(accept) is None:
            raise NotAcceptableError(f"Accept {accept!r} is not written by this model's script") from None
        raise ScriptError(f"output_fn raised {type(error).__name__}") from None
    body, content_type = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, accept)
    if not isinstance(content_type, str) or not (content_type.isascii() and content_type.isprintable()):
        raise ScriptError("output_fn returned a content type that is no header text")
    return _as_bytes(body), content_type


def _as_bytes(body: object) -> bytes:
    if isinstance(body, str):
        try:
            return body.encode()
        except UnicodeEncodeError:
            raise ScriptError("output_fn returned text with half a surrogate pair, which has no encoding") from None
    if not isinstance(body, bytes | bytearray | memoryview):
        raise ScriptError(f"output_fn returned a {type(body).__name__}, not text or bytes")
    return bytes(body)
