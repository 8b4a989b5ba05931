"""What travels exactly, and what is refused by name: the one table that code, tests and docs/wire-types.md read.

Two questions have two tables. `CARRIED`: does a format carry a column of this kind? `ACCEPTED`: may a column of this
kind be a feature of that type? The caller's other columns, index and types are no question: they never travel.
"""

from enum import StrEnum

from chem_endpoints.wire.column_kinds import ColumnKind
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET
from chem_endpoints.wire.manifest import Dtype


class Carried(StrEnum):
    """How a format carries a column; the value is the word of the documentation."""

    TYPED = "with its type"
    """The same values and the same type come out."""
    VALUES = "values"
    """The same values come out for whoever knows that the column holds this kind."""
    REFUSED = "refused"


_TEXT_FORMATS = {
    ColumnKind.FLOAT: Carried.VALUES,
    ColumnKind.WHOLE: Carried.VALUES,
    ColumnKind.BOOLEAN: Carried.VALUES,
    ColumnKind.TEXT: Carried.VALUES,
    ColumnKind.DATETIME: Carried.REFUSED,
    ColumnKind.ZONED: Carried.REFUSED,
    ColumnKind.DATE: Carried.REFUSED,
    ColumnKind.DURATION: Carried.REFUSED,
    ColumnKind.DECIMAL: Carried.REFUSED,
    ColumnKind.BYTES: Carried.REFUSED,
    ColumnKind.CATEGORY: Carried.REFUSED,
    ColumnKind.OTHER_CATEGORY: Carried.REFUSED,
    ColumnKind.OBJECT: Carried.REFUSED,
}
_ARROW = dict.fromkeys(ColumnKind, Carried.TYPED) | {ColumnKind.OBJECT: Carried.REFUSED}
_PARQUET = _ARROW | {
    ColumnKind.DATETIME: Carried.VALUES,  # seconds become milliseconds
    ColumnKind.ZONED: Carried.VALUES,
    ColumnKind.OTHER_CATEGORY: Carried.REFUSED,  # its levels would be gone
}

CARRIED: dict[str, dict[ColumnKind, Carried]] = {
    CSV: _TEXT_FORMATS,
    JSON: _TEXT_FORMATS,
    JSON_LINES: _TEXT_FORMATS,
    PARQUET: _PARQUET,
    ARROW: _ARROW,
}
"""Format → kind of column → how it is carried. Gzip changes nothing, nor does the layout of JSON."""


class Accepted(StrEnum):
    """How a column serves as a feature; the value is the word of the documentation."""

    EXACT = "exact"
    """The model gets the same values."""
    READ = "read"
    """Each cell travels as its text, and the server reads it: what is no such value costs its row, with a reason."""
    REFUSED = "refused"


_NUMBERS = {
    ColumnKind.FLOAT: Accepted.EXACT,
    ColumnKind.WHOLE: Accepted.EXACT,
    ColumnKind.BOOLEAN: Accepted.EXACT,
    ColumnKind.TEXT: Accepted.READ,
    ColumnKind.DECIMAL: Accepted.READ,
    ColumnKind.CATEGORY: Accepted.READ,
    ColumnKind.OTHER_CATEGORY: Accepted.READ,
    ColumnKind.OBJECT: Accepted.READ,
    ColumnKind.DATETIME: Accepted.REFUSED,
    ColumnKind.ZONED: Accepted.REFUSED,
    ColumnKind.DATE: Accepted.REFUSED,
    ColumnKind.DURATION: Accepted.REFUSED,
    ColumnKind.BYTES: Accepted.REFUSED,
}
_TEXTS = _NUMBERS | {
    ColumnKind.TEXT: Accepted.EXACT,
    ColumnKind.CATEGORY: Accepted.EXACT,
    ColumnKind.WHOLE: Accepted.READ,
    ColumnKind.BOOLEAN: Accepted.READ,
    ColumnKind.FLOAT: Accepted.REFUSED,  # is it 1 or 1.0?
    ColumnKind.DECIMAL: Accepted.REFUSED,
}

ACCEPTED: dict[Dtype, dict[ColumnKind, Accepted]] = {
    "float64": _NUMBERS,
    "int64": _NUMBERS,
    "boolean": _NUMBERS,
    "text": _TEXTS,
}
"""Type of a feature → kind of the caller's column → how it serves. In a column of objects each cell counts for itself;
a column with missing cells alone fits every feature."""

MAX_EXACT_WHOLE = 2**53
"""Whole numbers up to here are float64 exactly; beyond, only some are."""

ADVICE: dict[ColumnKind, str] = {
    ColumnKind.FLOAT: "write them as the text that the model knows, such as column.map('{:g}'.format)",
    ColumnKind.DATETIME: "convert it to a number of days or seconds, or to text with .dt.strftime",
    ColumnKind.ZONED: "convert it to a number of days or seconds, or to text with .dt.strftime",
    ColumnKind.DATE: "convert it to a number of days, or to text with .astype(str)",
    ColumnKind.DURATION: "convert it to a number with .dt.total_seconds()",
    ColumnKind.DECIMAL: "convert it to numbers with .astype('float64'), or to text with .astype(str)",
    ColumnKind.BYTES: "decode it to text",
    ColumnKind.CATEGORY: "convert it to text with .astype(str)",
    ColumnKind.OTHER_CATEGORY: "convert it to the type of its levels with .astype(column.cat.categories.dtype)",
    ColumnKind.OBJECT: "convert it to text or numbers (molecules to SMILES, lists with json.dumps), or drop it",
}
"""What to do about a column that is refused."""
