"""A number in a cell, read the same way wherever it is met; without pandas, so that a server of numbers is light."""

import math

from chem_endpoints.wire.csv_cells import MISSING_NUMBER, MISSING_OTHER
from chem_endpoints.wire.manifest import Dtype

NO_NUMBER = ("", MISSING_NUMBER, MISSING_OTHER)
"""Texts that stand for a missing number."""

MALFORMED = object()
"""What reading a cell gives that does not hold what it should."""

_KINDS: dict[Dtype, str] = {
    "float64": "a number",
    "int64": "a whole number",
    "boolean": "true or false",
    "text": "text",
}


def kind_of(dtype: Dtype) -> str:
    """The type in words, for messages."""
    return _KINDS[dtype]


def read_number(cell: object) -> object:
    """The finite number in a cell, or `MALFORMED`."""
    number = read_any_number(cell)
    return number if isinstance(number, float) and math.isfinite(number) else MALFORMED


def read_any_number(cell: object) -> object:
    """The number in a cell, infinite or not a number too, or `MALFORMED`."""
    if isinstance(cell, str) and "_" in cell:  # float("1_000") is 1000.0, which no data file means
        return MALFORMED
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return MALFORMED


def number_in(text: str) -> float | None:
    """The number that a text cell holds, read as `typed` reads it; ``None`` when it is missing.

    Raises:
        ValueError: it holds something else, or an infinity.
    """
    if text in NO_NUMBER:
        return None
    number = read_number(text)
    if not isinstance(number, float):
        raise ValueError("not a number")  # noqa: TRY004 - the value is wrong, not its type
    return number
