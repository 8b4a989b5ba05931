"""Frames of every type that travels, with the texts that formats stumble over."""

import math

import pandas as pd
from hypothesis import strategies as st

from chem_endpoints.wire.manifest import Dtype
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES

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
