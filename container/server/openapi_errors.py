"""The error answers of ``POST /invocations`` in the OpenAPI document, each with an example that occurs."""

from typing import Any

from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.content_types import JSON, READABLE, WRITABLE
from chem_endpoints.wire.errors import FeatureMismatchError
from container.server.field_check import FieldsError
from container.server.refusal import CODES, RETRY_AFTER_SECONDS
from container.server.row_model import EMPTY

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
    "fields_do_not_match": f"row 3, field 'smiles': {EMPTY}; see errors",
    "columns_do_not_match": "feature 'smiles' has no column (nearest: smile)",
    "rows_failed": "1 of 5 rows cannot be predicted; mend them, or send without strict",
    "overloaded": "every worker is busy and the queue is full; retry later",
    "model_script_error": "predict_fn did not add the declared columns ['prediction']",
    "deadline": "timeout: request deadline; send fewer rows, or use an async endpoint; retry later",
    "shutting_down": "the server stops; retry elsewhere",
}
"""Code → a message; a code without one is shown with what it means."""

_DETAILS: dict[str, dict[str, Any]] = {
    FeatureMismatchError.code: {"errors": [{"field": "smiles"}]},
    FieldsError.code: {"errors": [{"row": 3, "field": "smiles", "type": Reason.MISSING_VALUE.value, "message": EMPTY}]},
    "rows_failed": {
        "rows": [3],
        "errors": [{"row": 3, "message": Reason.INVALID_SMILES.because("the SMILES is empty")}],
    },
}
"""Code → what its answer holds besides code and message."""


def error_schema() -> dict[str, Any]:
    """The schema of every error answer."""
    position = {"type": "integer", "minimum": 0}
    entry = {
        "type": "object",
        "properties": {
            "row": {**position, "description": "position of the row in the request; absent: all rows"},
            "field": {"type": "string", "description": "the feature's name; absent: the row as a whole"},
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
            "rows": {"type": "array", "items": position, "description": "of `rows_failed`: the first that failed"},
            "errors": {
                "type": "array",
                "items": entry,
                "description": "of a 422: the first cells, columns or rows that are wrong, never what they hold",
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
    return {"code": code, "message": _MESSAGES.get(code, CODES[code][1]), **_DETAILS.get(code, {})}
