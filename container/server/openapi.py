"""The model's own columns in the OpenAPI document, instead of an empty body."""

import csv
import io
from typing import Any

from chem_endpoints.wire.columns import SMILES
from chem_endpoints.wire.content_types import ARROW, CSV, JSON
from chem_endpoints.wire.manifest import Cell, Dtype, Feature, Manifest, Output, answer_columns

EXAMPLE_SMILES = "CCO"
"""Not a golden row's: those are training compounds, which are confidential."""

_TYPES: dict[Dtype, str] = {"float64": "number", "int64": "integer", "boolean": "boolean", "text": "string"}


def describe_model(manifest: Manifest) -> dict[str, Any]:
    """The ``requestBody`` and ``responses`` of ``/invocations`` for this model."""
    rows = _row_schema(manifest.features)
    answers = _row_schema(answer_columns(manifest.outputs))
    error = {"type": "object", "properties": {"code": {"type": "string"}, "message": {"type": "string"}}}
    refused = {
        "description": "The request is refused; the message says what to do",
        "content": {JSON: {"schema": error}},
    }
    return {
        "requestBody": {
            "required": True,
            "content": {
                CSV: {"schema": {"type": "string"}, "example": example_csv(manifest)},
                JSON: {"schema": {"type": "array", "items": rows}, "example": [example_row(manifest)]},
                ARROW: {"schema": {"type": "string", "format": "binary"}},
            },
        },
        "responses": {
            "200": {
                "description": "Every row that was sent, in order, with the columns below added",
                "content": {
                    CSV: {"schema": {"type": "string"}},
                    JSON: {"schema": {"type": "array", "items": answers}},
                    ARROW: {"schema": {"type": "string", "format": "binary"}},
                },
            },
            **{str(status): refused for status in (400, 406, 413, 415, 422, 429)},
        },
    }


def example_row(manifest: Manifest) -> dict[str, Cell]:
    """A row to try: ethanol, where a structure is asked for, and numbers of a golden row."""
    return {
        feature.name: EXAMPLE_SMILES if feature.name == SMILES else manifest.golden.input[feature.name][0]
        for feature in manifest.features
    }


def example_csv(manifest: Manifest) -> str:
    """The same row as CSV."""
    text = io.StringIO()
    row = example_row(manifest)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(row)
    writer.writerow("" if cell is None else cell for cell in row.values())
    return text.getvalue()


def _row_schema(columns: tuple[Feature, ...] | tuple[Output, ...]) -> dict[str, Any]:
    properties = {
        column.name: {
            "type": _TYPES[column.dtype],
            "nullable": True,
            "description": " ".join(filter(None, [column.description, f"[{column.unit}]" if column.unit else ""])),
        }
        for column in columns
    }
    return {"type": "object", "properties": properties, "additionalProperties": True}
