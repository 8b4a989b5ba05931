"""Cells of answers whose columns nobody declared: what repeats a cell that was sent, and what type a column has.

A column's type is that of all its cells over all requests, so it does not depend on how the rows were cut. Nothing is
converted that would not come back as the same text or number.
"""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chem_endpoints.wire.csv_cells import MISSING_NUMBER, MISSING_OTHER

PLACEHOLDERS = ("", MISSING_NUMBER, MISSING_OTHER)
"""Texts of an answer that stand for no value."""

READ_AS_MISSING = frozenset(
    {*PLACEHOLDERS, "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "<NA>", "#N/A", "#N/A N/A", "#NA"}
    | {"-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"}
)
"""Texts that a server which reads with pandas takes for no value, and so does not repeat (`pandas.read_csv`)."""

REPEATED_WITHIN = 1e-14
"""Relative difference up to which a number with decimals is the one that was sent: 15 digits are what many programs
write, and `pandas.read_csv` may miss the last bits."""
REPEATED_DECIMALS = 1e-16
"""The same as an absolute difference: pandas 2 reads 17 digits of a number, zeros in front of it included."""

JSON_DECIMALS = 10
"""Decimals of a number in JSON by default (`pandas.DataFrame.to_json`)."""

_BOOLEANS = {"true": True, "false": False}
MOST_DIGITS = 40
"""A longer whole number is a text: no type of 64 bits holds it, and Python refuses to read very long ones."""

_WHOLE = re.compile(r"0|[+-]?[1-9][0-9]*")
_NUMBER = re.compile(r"[+-]?(?:(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity|nan))")
"""Not ``007``: whoever writes leading zeros means a text."""


class TypedText(str):
    """A text in a format that has types, such as JSON: it is text even where it looks like a number."""

    __slots__ = ()


def plain_cells(column: "pd.Series[Any]", *, typed: bool) -> NDArray[np.object_]:
    """A column as Python objects, a missing cell as ``None``.

    Args:
        column: as it was decoded.
        typed: whether its format has types; its texts become `TypedText` then.
    """
    cells = np.empty(len(column), dtype=object)
    cells[:] = [_plain(cell, typed=typed) for cell in column.tolist()]
    return cells


def _plain(cell: Any, *, typed: bool) -> Any:
    if isinstance(cell, str):
        return TypedText(cell) if typed else cell
    return None if _is_gone(cell) else cell


def _is_gone(cell: Any) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and math.isnan(cell))


def is_missing(cell: Any) -> bool:
    """Whether a cell holds no value: one of `PLACEHOLDERS`, ``None`` or NaN."""
    return cell in PLACEHOLDERS if isinstance(cell, str) else _is_gone(cell)


def repeated(sent: Sequence[str], cells: Iterable[Any]) -> NDArray[np.bool_]:
    """Which cells of an answer are those that were sent, perhaps written in another way.

    ``1.0`` repeats ``1``, ``True`` repeats ``true``, no value repeats ``NA``; numbers with decimals may differ as the
    constants above say.
    """
    same = [cell == text if isinstance(cell, str) else False for text, cell in zip(sent, cells, strict=True)]
    if not all(same):
        same = [one or _repeats(text, cell) for one, text, cell in zip(same, sent, cells, strict=True)]
    return np.array(same, dtype=bool)


def _repeats(text: str, cell: Any) -> bool:
    if text in READ_AS_MISSING:
        return _is_gone(cell) or (isinstance(cell, str) and cell in READ_AS_MISSING)
    if isinstance(cell, bool) or str(cell).lower() in _BOOLEANS:
        return text.lower() == str(cell).lower()
    number, answered = _number(text), _number(cell)
    if number is None or answered is None:
        return False
    if number == answered or _WHOLE.fullmatch(text):  # identifiers are exact
        return number == answered
    if not isinstance(cell, str) and answered == round(number, JSON_DECIMALS):
        return True
    return math.isclose(number, answered, rel_tol=REPEATED_WITHIN, abs_tol=REPEATED_DECIMALS)


def _number(cell: Any) -> float | None:
    if isinstance(cell, str) and "_" in cell:  # float("1_0") is 10.0, which no server means
        return None
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return None


def shuffled(sent: Iterable[str], cells: Iterable[Any]) -> bool:
    """Whether the cells are those that were sent, each once, in another order: a server that moved rows."""
    before, after = [_comparable(cell) for cell in sent], [_comparable(cell) for cell in cells]
    return len(before) > 1 and before != after and len(set(before)) == len(before) and set(before) == set(after)


def _comparable(cell: Any) -> float | str:
    number = _number(cell)
    return str(cell) if number is None or math.isnan(number) else number


def recovered(cells: Sequence[Any]) -> "pd.Series[Any]":
    """A column of the type that all its cells have.

    `PLACEHOLDERS` and ``None`` become missing. Then, of those that are left: true and false give ``boolean``; whole
    numbers ``Int64`` (``UInt64`` where they need it); numbers ``float64``; texts ``str``; anything else stays as
    objects. A column without any value is ``float64``. Text of an untyped format counts as the number that it is,
    unless that would lose something: leading zeros, or more than 64 bits, keep a column text.
    """
    values = [None if is_missing(cell) else cell for cell in cells]
    kinds = {_kind(cell) for cell in values if cell is not None}
    if kinds <= {"boolean"} and kinds:
        flags = [None if cell is None else str(cell).lower() == "true" for cell in values]
        return pd.Series(flags, dtype="boolean")
    if kinds == {"whole"}:
        return _whole_numbers(values)
    if kinds <= {"whole", "number"}:
        return pd.Series([math.nan if cell is None else float(cell) for cell in values], dtype="float64")
    return _texts_or_objects(values)


def _kind(cell: Any) -> str:
    if isinstance(cell, bool):
        return "boolean"
    if isinstance(cell, TypedText):
        return "text"
    if isinstance(cell, str):
        return _kind_of_text(cell)
    return "whole" if isinstance(cell, int) else "number" if isinstance(cell, float) else "object"


def _kind_of_text(text: str) -> str:
    if text.lower() in _BOOLEANS:
        return "boolean"
    if _WHOLE.fullmatch(text):
        return "whole" if len(text) <= MOST_DIGITS else "text"
    if not _NUMBER.fullmatch(text):
        return "text"
    beyond = math.isinf(float(text)) and "inf" not in text.lower()
    return "text" if beyond else "number"


def _whole_numbers(values: list[Any]) -> "pd.Series[Any]":
    numbers = [None if cell is None else int(cell) for cell in values]
    present = [number for number in numbers if number is not None]
    if min(present) >= -(2**63) and max(present) < 2**63:
        return pd.Series(pd.array(numbers, dtype="Int64"))
    if min(present) >= 0 and max(present) < 2**64:
        return pd.Series(pd.array(numbers, dtype="UInt64"))
    return _texts_or_objects(values)


def _texts_or_objects(values: list[Any]) -> "pd.Series[Any]":
    if all(cell is None or isinstance(cell, str) for cell in values):
        return pd.Series([None if cell is None else str(cell) for cell in values], dtype="str")
    return pd.Series([str(cell) if isinstance(cell, str) else cell for cell in values], dtype=object)
