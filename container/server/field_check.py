"""Strict JSON: every cell is checked by the Pydantic model of a row before anything is predicted."""

from typing import Any

import pandas as pd

from chem_endpoints.wire.errors import WireError
from container.server.row_model import FieldError, Row, field_errors


class FieldsError(WireError):
    """Cells do not fit the model's signature; tells row, field and what to send, never the cell."""

    status = 422
    code = "fields_do_not_match"

    def __init__(self, errors: list[FieldError]) -> None:
        first = errors[0]
        super().__init__(f"row {first['row']}, field {first['field']!r}: {first['message']}; see errors")
        self.details: dict[str, Any] = {"errors": errors}


def check_fields(sent: pd.DataFrame, model: type[Row], *, first_row: int = 0) -> None:
    """Checks rows of a JSON body, the first of which is row ``first_row`` of the request.

    Raises:
        FieldsError: a cell of a feature is missing or malformed.
    """
    names = [str(name) for name in sent.columns]
    columns = [sent.iloc[:, position] for position in range(sent.shape[1])]
    records = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    if errors := field_errors(records, model):
        raise FieldsError([{**error, "row": first_row + error["row"]} for error in errors])
