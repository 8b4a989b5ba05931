"""Frames of every type that travels, with the texts that formats stumble over."""

import datetime
import decimal
import math
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from chem_endpoints.wire.column_kinds import ColumnKind
from chem_endpoints.wire.content_types import ARROW, CSV, PARQUET
from chem_endpoints.wire.csv_cells import MISSING_OTHER
from chem_endpoints.wire.manifest import Dtype
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES, typed

AWKWARD_TEXTS = [
    "007",
    "NA",
    "null",
    "N/A",
    "1E5",
    "true",
    "",
    "\r",
    "a\rb",
    "\n",
    "\r\n",
    ",",
    '"',
    " x ",
    "nan",
]
AWKWARD_TEXTS += ["None", "-0", "1_000", "\ufeffx", "é", "\x00", "a\x00b", "=1+1", "'", "\t", "0x10", "inf"]

texts = st.one_of(st.sampled_from(AWKWARD_TEXTS), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
VALUES: dict[Dtype, st.SearchStrategy[object]] = {
    "float64": st.floats(allow_infinity=False, allow_nan=False, width=64) | st.just(math.nan),
    "int64": st.integers(-(2**63), 2**63 - 1) | st.none(),
    "boolean": st.booleans() | st.none(),
    "text": texts,
}


@st.composite
def typed_frames(draw: st.DrawFn, *, rows: int | None = None, prefix: str = "") -> tuple[pd.DataFrame, list[Dtype]]:
    """A frame and the types of its columns; ``prefix`` begins each column's name."""
    rows = draw(st.integers(0, 20)) if rows is None else rows
    dtypes = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4))
    names = draw(st.lists(texts.filter(str.strip), min_size=len(dtypes), max_size=len(dtypes), unique=True))
    columns = {}
    for name, dtype in zip(names, dtypes, strict=True):
        cells = draw(st.lists(VALUES[dtype], min_size=rows, max_size=rows))
        columns[prefix + name] = pd.Series(cells, dtype=PANDAS_DTYPES[dtype])
    frame = pd.DataFrame(columns, index=pd.RangeIndex(rows))
    return frame, dtypes


_UTC = datetime.UTC
_NAIVE = pd.Series(pd.to_datetime(["2024-03-31 02:30:00.123456789", "1970-01-01", None], format="ISO8601"))

KINDS: dict[ColumnKind, dict[str, "pd.Series[Any]"]] = {
    ColumnKind.FLOAT: {
        "float64": pd.Series([5e-324, -0.0, math.nan]),
        "float32": pd.Series([0.1, 2.5, math.nan], dtype="float32"),
        "float16": pd.Series([0.1, 2.5, math.nan], dtype="float16"),
        "Float64": pd.Series([1.7976931348623157e308, 0.1 + 0.2, None], dtype="Float64"),
        "float[arrow]": pd.Series([0.1 + 0.2, 1e-7, None], dtype="double[pyarrow]"),
        "sparse float": pd.Series(pd.arrays.SparseArray([0.1, 0.0, math.nan])),
        "object float": pd.Series([0.1 + 0.2, np.float64(1.5), None], dtype=object),
    },
    ColumnKind.WHOLE: {
        "int64": pd.Series([2**53, -(2**53), 0]),
        "int8": pd.Series([127, -128, 0], dtype="int8"),
        "uint64": pd.Series([2**53, 1, 0], dtype="uint64"),
        "Int64": pd.Series([2**53, -7, None], dtype="Int64"),
        "UInt64": pd.Series([2**53, 7, None], dtype="UInt64"),
        "int[arrow]": pd.Series([2**53, -7, None], dtype="int64[pyarrow]"),
        "sparse int": pd.Series(pd.arrays.SparseArray([7, 0, 0])),
        "object int": pd.Series([7, np.int64(-7), None], dtype=object),
    },
    ColumnKind.BOOLEAN: {
        "bool": pd.Series([True, False, True]),
        "boolean": pd.Series([True, False, None], dtype="boolean"),
        "bool[arrow]": pd.Series([True, False, None], dtype="bool[pyarrow]"),
        "object bool": pd.Series([True, np.bool_(False), None], dtype=object),
    },
    ColumnKind.TEXT: {
        "str": pd.Series(["007", "a\rb", None], dtype="str"),
        "string": pd.Series(["NA", "1E5", None], dtype="string"),
        "text[arrow]": pd.Series(["N/A", "true", None], dtype="string[pyarrow]"),
        "object text": pd.Series(['"', "\u00e9,\x00", None], dtype=object),
        "nothing": pd.Series([None, None, None], dtype=object),
    },
    ColumnKind.DATETIME: {
        "datetime ns": _NAIVE,
        "datetime s": _NAIVE.dt.floor("s").astype("datetime64[s]"),
        "datetime[arrow]": _NAIVE.astype("timestamp[ns][pyarrow]"),
    },
    ColumnKind.ZONED: {
        "zone": _NAIVE.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin"),
        "UTC": _NAIVE.dt.tz_localize("UTC"),
    },
    ColumnKind.DATE: {"date": pd.Series([datetime.date(2024, 2, 29), datetime.date(1, 1, 1), None], dtype=object)},
    ColumnKind.DURATION: {
        "timedelta ns": pd.Series(pd.to_timedelta(["1ns", "-3 days", None])),
        "timedelta s": pd.Series(pd.to_timedelta(["1s", "-3 days", None])).astype("timedelta64[s]"),
    },
    ColumnKind.DECIMAL: {
        "decimal": pd.Series([decimal.Decimal("1.50"), decimal.Decimal("-1E+3"), None], dtype=object),
    },
    ColumnKind.BYTES: {"bytes": pd.Series([b"\x00\xff", b"", None], dtype=object)},
    ColumnKind.CATEGORY: {
        "ordered": pd.Series(pd.Categorical(["b", "a", None], categories=["unused", "b", "a"], ordered=True)),
        "unordered": pd.Series(pd.Categorical(["007", "NA", "007"])),
    },
    ColumnKind.OTHER_CATEGORY: {
        "levels of int": pd.Series(pd.Categorical([2, 1, None], categories=[3, 2, 1], ordered=True)),
        "levels of float": pd.Series(pd.Categorical([2.5, 1.5, None], categories=[2.5, 1.5, 0.5])),
        "no levels": pd.Series(pd.Categorical([None, None, None])),
    },
    ColumnKind.OBJECT: {
        "mixed": pd.Series([1, "a", None], dtype=object),
        "list": pd.Series([[1, 2], [], None], dtype=object),
        "dict": pd.Series([{"a": 1}, {}, None], dtype=object),
        "complex": pd.Series([1j, 2.0, math.nan]),
        "period": pd.Series(pd.period_range("2024", periods=3, freq="D")),
        "interval": pd.Series(pd.cut([1, 5, 7], [0, 2, 10])),
        "datetime objects": pd.Series([datetime.datetime(2024, 1, 1, tzinfo=_UTC), datetime.datetime(1, 1, 1), None]),
        "time": pd.Series([datetime.time(1, 2), datetime.time(3), None], dtype=object),
        "long double": pd.Series(np.array([0.1, 0.5, 2.0], dtype=np.longdouble) + np.longdouble(1e-19)),
    },
}
"""Kind → name → three rows of it, in each of the types that pandas has for the kind."""

COLUMNS_OF_EACH_KIND = {name: column for columns in KINDS.values() for name, column in columns.items()}


def restored(came: "pd.Series[Any]", kind: ColumnKind, content_type: str) -> "pd.Series[Any]":
    """A column as it arrived, read by somebody who knows what kind it is (`Carried.VALUES`)."""
    if kind is ColumnKind.TEXT:
        gone = came.eq(MISSING_OTHER) if content_type == CSV else came.isna()
        return pd.Series([None if none else cell for cell, none in zip(came, gone, strict=True)], dtype=object)
    if content_type in (ARROW, PARQUET):
        return came
    if kind is ColumnKind.WHOLE:
        cells = [None if cell in (None, MISSING_OTHER) else int(cell) for cell in came]
        return pd.Series(cells, dtype=object)
    return typed(came, "boolean" if kind is ColumnKind.BOOLEAN else "float64", infinite=True).values
