"""Small tables of aligned text for people at a terminal."""

from collections.abc import Sequence
from typing import Any

NOTHING = "-"
"""Stands for a missing value."""

DIGITS = 4
"""Significant digits that a table shows; files and JSON carry all."""

DIGEST_SIGNS = 12
"""Signs of a model digest that a table shows."""

LONGEST_CELL = 60
"""Signs of a longer text that a table shows."""


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[bool] = ()) -> list[str]:
    """Lines of a table, columns two blanks apart.

    Args:
        header: names of the columns.
        rows: the cells.
        right: for each column whether it is aligned to the right; default: none.
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    sides = [*right, *[False] * (len(header) - len(right))]
    return [
        "  ".join(
            cell.rjust(width) if side else cell.ljust(width)
            for cell, width, side in zip(row, widths, sides, strict=True)
        ).rstrip()
        for row in (header, *rows)
    ]


def shown(value: Any) -> str:
    """A value in few signs."""
    import pandas as pd

    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return NOTHING
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    text = str(value)
    if "\n" in text:
        return f"({len(text.splitlines())} lines; --json shows them)"
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"
