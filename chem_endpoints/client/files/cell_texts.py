"""Cells as plain text, for the formats that have neither types nor quotation marks."""

from typing import Any

import pandas as pd


def cell_texts(column: "pd.Series[Any]") -> list[str]:
    """Each cell as text: numbers in full precision, ``true`` and ``false``, nothing for a missing cell."""
    if column.dtype.kind == "f":
        write: Any = _number
    elif column.dtype.kind == "b":
        write = _truth
    else:
        write = str
    missing = column.isna().tolist()
    return ["" if gone else write(cell) for cell, gone in zip(column.tolist(), missing, strict=True)]


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


def _truth(value: object) -> str:
    return "true" if value else "false"
