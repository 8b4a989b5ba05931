"""The error answers of ``POST /invocations`` in the OpenAPI document, each with an example that occurs."""

from typing import Any

from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.content_types import JSON, READABLE, WRITABLE
from container.server.refusal import CODES, RETRY_AFTER_SECONDS
from container.server.row_model import MAX_FIELD_ERRORS

ERROR_SCHEMA = "Error"

ELSEWHERE = ("not_found",)
"""Codes that ``/invocations`` does not answer with."""

_MESSAGES = {
    "malformed_body": "the body is not JSON (line 1, column 9)",
    "method_not_allowed": "this path takes POST",
    "not_acceptable": f"Accept 'image/png' names no format that is written here. Accept one of: {', '.join(WRITABLE)}",
    "body_timeout": "the body did not arrive within 50 s",
    "body_too_large": "the body is over 25 MB; send fewer rows",
    "unsupported_content_type": f"Content-Type 'image/png' is not read here. Send one of: {', '.join(READABLE)}",
    "columns_do_not_match": "feature 'smiles' has no column (nearest: smile)",
    "rows_failed": "1 of 5 rows cannot be predicted; mend them, or send without strict",
    "overloaded": "every worker is busy and the queue is full; retry later",
    "model_script_error": "predict_fn did not add the declared columns ['prediction']",
    "deadline": "timeout: request deadline; send fewer rows, or use an async endpoint; retry later",
    "shutting_down": "the server stops; retry elsewhere",
}
"""Code → a message; a code without one is shown with what it means."""

_DETAILS = {
    "columns_do_not_match": {
        "row": 0,
        "field": "smiles",
        "type": Reason.MISSING_VALUE.value,
        "message": "the row lacks this column",
    },
    "rows_failed": {
        "row": 3,
        "message": Reason.INVALID_SMILES.because("the SMILES cannot be read as a molecule; check brackets"),
    },
}
"""Code → an entry of its ``errors``."""


def error_schema() -> dict[str, Any]:
    """The schema of every error answer."""
    entry = {
        "type": "object",
        "required": ["row", "message"],
        "properties": {
            "row": {"type": "integer", "minimum": 0, "description": "position of the row in the request"},
            "field": {"type": "string", "description": "the feature's name, where one cell is at fault"},
            "type": {"type": "string", "enum": [Reason.MISSING_VALUE.value, Reason.INVALID_VALUE.value]},
            "message": {"type": "string"},
        },
    }
    return {
        "type": "object",
        "required": ["code", "message"],
        "properties": {
            "code": {"type": "string", "enum": list(CODES), "description": "stable; callers may branch on it"},
            "message": {"type": "string", "description": "what happened, where, and what to do; quotes no cell"},
            "errors": {
                "type": "array",
                "items": entry,
                "description": f"of a 422: the first (at most {MAX_FIELD_ERRORS}) rows or cells that are wrong, never"
                " what they hold",
            },
        },
    }


def error_responses() -> dict[str, Any]:
    """Status → response object, for ``responses`` of an operation."""
    by_status: dict[int, list[str]] = {}
    for code, (status, _) in CODES.items():
        if code not in ELSEWHERE:
            by_status.setdefault(status, []).append(code)
    return {str(status): _response(status, codes) for status, codes in sorted(by_status.items())}


def _response(status: int, codes: list[str]) -> dict[str, Any]:
    meanings = "\n".join(f"- `{code}`: {CODES[code][1]}" for code in codes)
    content = {
        "schema": {"$ref": f"#/components/schemas/{ERROR_SCHEMA}"},
        "examples": {code: {"value": _example(code)} for code in codes},
    }
    response: dict[str, Any] = {"description": meanings, "content": {JSON: content}}
    if status in (429, 503):
        seconds = {"type": "integer", "minimum": RETRY_AFTER_SECONDS}
        response["headers"] = {"Retry-After": {"description": "seconds to wait", "schema": seconds}}
    return response


def _example(code: str) -> dict[str, Any]:
    details = {"errors": [_DETAILS[code]]} if code in _DETAILS else {}
    return {"code": code, "message": _MESSAGES.get(code, CODES[code][1]), **details}
