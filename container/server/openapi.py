"""What the model decides of the OpenAPI document: ``POST /invocations`` with the model's own columns, and ``/ping``.

Both paths are answered by the ASGI application in front of FastAPI, so they are described here and not served there.
"""

from collections.abc import Sequence
from typing import Any

from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET
from chem_endpoints.wire.manifest import Dtype, Manifest, Output, answer_columns
from chem_endpoints.wire.options import (
    CONFORMERS_KEY,
    EXPLAIN_KEY,
    HEADER,
    INFERENCE_ID_HEADER,
    MAX_REQUEST_ID_CHARACTERS,
    MODEL_DIGEST_KEY,
    REQUEST_ID_KEY,
    RETURN_KEY,
    STRICT_KEY,
)
from container.server.example_request import example_csv, example_json_lines, example_row
from container.server.openapi_errors import ERROR_SCHEMA, error_responses, error_schema
from container.server.row_model import UNIT_KEY, row_model

ROW_SCHEMA = "Row"

OPTIONS = {
    RETURN_KEY: "`all` (default): every column that was sent and the added ones; `added`: the row number, if one was"
    " sent, and the added columns only",
    STRICT_KEY: "`true`: a row that cannot be predicted refuses the whole request with 422, which names the rows",
    EXPLAIN_KEY: "`true`: adds the columns that explain a prediction, where the model offers them",
    CONFORMERS_KEY: "`true`: adds the conformers, where the model computes them",
    REQUEST_ID_KEY: f"your own id, at most {MAX_REQUEST_ID_CHARACTERS} characters; logged and returned",
}
"""Custom attribute → what it does, for readers; `chem_endpoints.wire.options` reads them."""

_TYPES: dict[Dtype, str] = {"float64": "number", "int64": "integer", "boolean": "boolean", "text": "string"}
_BINARY = {"type": "string", "format": "binary"}


def describe_paths(document: dict[str, Any], manifest: Manifest | None, features: Sequence[str]) -> dict[str, Any]:
    """Adds the two paths and the schemas that they use to an OpenAPI document, and returns it.

    Args:
        document: what FastAPI made of its own routes.
        manifest: of the model; ``None``: a foreign bundle, whose columns are those of its script.
        features: columns that a foreign bundle's script is known to read; may be empty.
    """
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas[ROW_SCHEMA] = row_schema(manifest, features)
    schemas[ERROR_SCHEMA] = error_schema()
    document["paths"] = {
        "/invocations": {"post": _invocations(manifest)},
        "/ping": {"get": _ping()},
        **document.get("paths", {}),
    }
    return document


def row_schema(manifest: Manifest | None, features: Sequence[str]) -> dict[str, Any]:
    """JSON schema of a row of the request."""
    if manifest is not None:
        return {**row_model(manifest).model_json_schema(by_alias=True), "additionalProperties": True}
    return {
        "type": "object",
        "title": ROW_SCHEMA,
        "description": "The model came without a manifest: what its script reads and returns is known to it alone.",
        "properties": {name: {} for name in features},
        "additionalProperties": True,
    }


def _invocations(manifest: Manifest | None) -> dict[str, Any]:
    return {
        "summary": "Predict",
        "operationId": "invocations",
        "description": "One row in, one row out, in order. A row that cannot be predicted comes back in place with a"
        " reason in `prediction_error`. Bodies may be gzipped (`Content-Encoding: gzip`). The answer's format follows"
        f" `Accept` and is that of the request without; `Accept: {JSON_LINES}` streams rows as they are predicted.",
        "parameters": [_options_parameter(), _inference_id_parameter()],
        "requestBody": {"required": True, "content": _request_content(manifest)},
        "responses": {"200": _answer(manifest), **error_responses()},
    }


def _options_parameter() -> dict[str, Any]:
    lines = "\n".join(f"- `{key}`: {meaning}" for key, meaning in OPTIONS.items())
    return {
        "name": HEADER,
        "in": "header",
        "required": False,
        "description": f"Options as `key=value;…`; unknown keys are ignored.\n{lines}",
        "schema": {"type": "string", "maxLength": 1024, "pattern": "^[ -~]*$"},
        "example": f"{RETURN_KEY}=added;{REQUEST_ID_KEY}=run-7",
    }


def _inference_id_parameter() -> dict[str, Any]:
    return {
        "name": INFERENCE_ID_HEADER,
        "in": "header",
        "required": False,
        "description": "your name of the invocation; returned as it came",
        "schema": {"type": "string", "maxLength": 64, "pattern": "^[!-~]*$"},
    }


def _request_content(manifest: Manifest | None) -> dict[str, Any]:
    content: dict[str, Any] = {
        CSV: {"schema": {"type": "string"}},
        JSON: {"schema": _json_layouts(manifest)},
        JSON_LINES: {"schema": {"type": "string", "description": "one JSON object a line, as in `Row`"}},
        PARQUET: {"schema": _BINARY},
        ARROW: {"schema": _BINARY},
    }
    if manifest is not None:
        row = example_row(manifest)
        content[CSV]["example"] = example_csv(manifest)
        content[JSON]["examples"] = {
            "records": {"value": [row]},
            "split": {"value": {"columns": list(row), "data": [list(row.values())]}},
            "columns": {"value": {name: [cell] for name, cell in row.items()}},
            "instances": {"value": {"instances": [row]}},
        }
        # Not as an ``example``: tools that send a document's examples know no serializer for JSON Lines.
        content[JSON_LINES]["schema"]["description"] += f", for example `{example_json_lines(manifest).strip()}`"
    return content


def _json_layouts(manifest: Manifest | None) -> dict[str, Any]:
    rows = {"type": "array", "items": {"$ref": f"#/components/schemas/{ROW_SCHEMA}"}}
    names = [feature.name for feature in manifest.features] if manifest else []
    return {
        "oneOf": [
            {"title": "records", **rows},
            {"title": "instances", "type": "object", "required": ["instances"], "properties": {"instances": rows}},
            {
                "title": "split",
                "type": "object",
                "required": ["columns", "data"],
                "properties": {
                    "columns": {"type": "array", "items": {"type": "string"}},
                    "data": {"type": "array", "items": {"type": "array"}},
                },
            },
            {
                "title": "columns",
                "type": "object",
                "required": names,
                "minProperties": 1,
                "additionalProperties": {"type": "array"},
                "not": {"anyOf": [{"required": ["instances"]}, {"required": ["columns", "data"]}]},
            },
        ]
    }


def _answer(manifest: Manifest | None) -> dict[str, Any]:
    rows = _answer_schema(manifest.outputs) if manifest else {"type": "object"}
    added = "with the columns below added" if manifest else "with the columns that the model's script adds"
    return {
        "description": f"Every row that was sent, in order, {added}",
        "headers": {
            HEADER: {
                "description": f"`{MODEL_DIGEST_KEY}=…;{REQUEST_ID_KEY}=…`: which model answered, and to which request",
                "schema": {"type": "string"},
            },
            INFERENCE_ID_HEADER: {"description": "the request's, if it had one", "schema": {"type": "string"}},
        },
        "content": {
            CSV: {"schema": {"type": "string"}},
            JSON: {"schema": {"type": "array", "items": rows}},
            JSON_LINES: {"schema": {"type": "string", "description": "one JSON object a line, as in application/json"}},
            PARQUET: {"schema": _BINARY},
            ARROW: {"schema": _BINARY},
        },
    }


def _answer_schema(outputs: Sequence[Output]) -> dict[str, Any]:
    columns = answer_columns(outputs)
    return {
        "type": "object",
        "required": [column.name for column in columns],
        "properties": {column.name: _answer_cell(column) for column in columns},
        "additionalProperties": True,
    }


def _answer_cell(column: Output) -> dict[str, Any]:
    described = " ".join(filter(None, [column.description, f"[{column.unit}]" if column.unit else ""]))
    unit = {UNIT_KEY: column.unit} if column.unit else {}
    infinite: list[dict[str, Any]] = [{"enum": ["Infinity", "-Infinity"]}] if column.dtype == "float64" else []
    return {"anyOf": [{"type": [_TYPES[column.dtype], "null"]}, *infinite], "description": described, **unit}


def _ping() -> dict[str, Any]:
    return {
        "summary": "Is the model ready?",
        "operationId": "ping",
        "responses": {
            "200": {"description": "The model is loaded, has reproduced its golden rows, and can be asked"},
            "503": {"description": "No worker is left, or the server is stopping"},
        },
    }
