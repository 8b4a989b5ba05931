"""A Pydantic model of one row, made from a manifest's features: the request's schema, and errors by field.

What a cell may hold is decided by `chem_endpoints.wire.typed_columns` alone, so that a strict answer and the reason
of a row never disagree.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, TypedDict

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from chem_endpoints.wire.cell_numbers import kind_of
from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.errors import FeatureMismatchError
from chem_endpoints.wire.manifest import Dtype, Feature, Manifest
from chem_endpoints.wire.matching import match_columns
from chem_endpoints.wire.typed_columns import typed

MAX_FIELD_ERRORS = 8
"""Errors that one answer lists; SageMaker hands a larger error body on as a text that says nothing."""

UNIT_KEY = "x-unit"
"""Key of a column's unit in the JSON schema."""

ABSENT = "the row lacks this column"
EMPTY = "must not be empty"

_NUMERIC_TEXT = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_CELLS: dict[Dtype, list[dict[str, Any]]] = {
    "float64": [{"type": "number"}, {"type": "string", "pattern": _NUMERIC_TEXT}],
    "int64": [
        {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
        {"type": "string", "pattern": r"^\s*[+-]?[0-9]{1,18}\s*$"},
    ],
    "boolean": [{"type": "boolean"}, {"type": "string", "enum": ["true", "false", "1", "0"]}],
    "text": [{"type": "string", "minLength": 1}],
}
"""JSON schemas of a cell that holds a value."""


class FieldError(TypedDict):
    """What is wrong with one cell; never the cell itself, as molecules are confidential.

    ``row`` counts from 0, ``field`` is the feature's name, ``type`` a `Reason`, ``message`` says what to send.
    """

    row: int
    field: str
    type: str
    message: str


class Row(BaseModel):
    """What every row model has in common: unknown columns are let through, features go by their names."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    features: ClassVar[tuple[Feature, ...]] = ()


def row_model(manifest: Manifest) -> type[Row]:
    """The model of a row; field ``column_<n>`` has the n-th feature's name as its alias, as names can be any text."""
    fields: dict[str, Any] = {
        f"column_{number}": (_cell_type(feature), _field(feature)) for number, feature in enumerate(manifest.features)
    }
    model = create_model("Row", __base__=Row, **fields)
    model.features = manifest.features
    return model


def field_errors(records: Sequence[Mapping[str, Any]], model: type[Row]) -> list[FieldError]:
    """The first `MAX_FIELD_ERRORS` errors, in the order of rows and features; columns match whatever their case.

    Args:
        records: rows as JSON gave them.
        model: from `row_model`.
    """
    columns = _columns(records, model.features)
    errors: list[FieldError] = []
    for row in np.flatnonzero(_wrong(records, columns, model.features)).tolist():
        present = {name: records[row][column] for name, column in columns.items() if column in records[row]}
        try:
            model.model_validate(present)
        except ValidationError as error:
            errors.extend(_told(row, error))
        if len(errors) >= MAX_FIELD_ERRORS:
            break
    return errors[:MAX_FIELD_ERRORS]


def _cell_type(feature: Feature) -> Any:
    kinds = _CELLS[feature.dtype] if feature.categories is None else [{"type": "string", "enum": [*feature.categories]}]
    allowed = kinds if feature.missing == "error" else [*kinds, {"type": "null"}]
    return Annotated[Any, PlainValidator(_validator(feature)), WithJsonSchema({"anyOf": allowed})]


def _field(feature: Feature) -> Any:
    described = " ".join(filter(None, [feature.description, f"[{feature.unit}]" if feature.unit else ""]))
    return Field(
        default=... if feature.missing == "error" else None,
        alias=feature.name,
        title=feature.name,
        description=described or None,
        json_schema_extra={UNIT_KEY: feature.unit} if feature.unit else None,
    )


def _validator(feature: Feature) -> Callable[[object], object]:
    def validate(cell: object) -> object:
        column = typed(pd.Series([cell], dtype=object), feature.dtype)
        if column.malformed[0] and feature.unusable == "error":
            raise PydanticCustomError(Reason.INVALID_VALUE.value, f"must hold {kind_of(feature.dtype)}")
        if _unknown_category(column.values, feature)[0]:
            raise PydanticCustomError(Reason.INVALID_VALUE.value, "must hold a category that the model was trained on")
        if column.missing[0] and feature.missing == "error":
            raise PydanticCustomError(Reason.MISSING_VALUE.value, EMPTY)
        return None if column.missing[0] else column.values.iloc[0]

    return validate


def _unknown_category(values: "pd.Series[Any]", feature: Feature) -> npt.NDArray[np.bool_]:
    if feature.categories is None or feature.unusable == "missing":
        return np.zeros(len(values), dtype=bool)
    return (~values.isin(feature.categories) & values.notna()).to_numpy(dtype=bool)


def _columns(records: Sequence[Mapping[str, Any]], features: Sequence[Feature]) -> dict[str, str]:
    """Feature → the key that carries it; a feature that no key, or more than one, could be is left out."""
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {}
    for feature in features:
        try:
            columns[feature.name] = names[match_columns(names, (feature,))[feature.name]]
        except FeatureMismatchError:
            continue
    return columns


def _wrong(
    records: Sequence[Mapping[str, Any]], columns: Mapping[str, str], features: Sequence[Feature]
) -> npt.NDArray[np.bool_]:
    """Which rows hold an error; whole columns at a time, as validating row by row would take minutes."""
    wrong = np.zeros(len(records), dtype=bool)
    for feature in features:
        cells = [record.get(columns[feature.name]) if feature.name in columns else None for record in records]
        column = typed(pd.Series(cells, dtype=object), feature.dtype)
        wrong |= column.malformed & (feature.unusable == "error")
        wrong |= _unknown_category(column.values, feature)
        if feature.missing == "error":
            wrong |= column.missing
    return wrong


def _told(row: int, error: ValidationError) -> list[FieldError]:
    return [
        FieldError(
            row=row,
            field=str(one["loc"][0]),
            type=Reason.MISSING_VALUE.value if one["type"] == "missing" else one["type"],
            message=ABSENT if one["type"] == "missing" else one["msg"],
        )
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
