"""Promise: what docs/wire-types.md calls carried comes back exactly, a million rows long; the rest is refused by name.

20 000 rows of each way in `make test`, 1 000 000 in `make soak`.
"""

import datetime
import decimal
import gzip
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import orjson
import pandas as pd
import pytest
from pandas.testing import assert_series_equal

from chem_endpoints.client.sent_columns import all_columns, model_columns
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire import codec
from chem_endpoints.wire.carried import ACCEPTED, ADVICE, CARRIED, Carried
from chem_endpoints.wire.column_kinds import ColumnKind, column_kind
from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.compression import inflate
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import Feature
from wire_frames import AWKWARD_TEXTS, restored

PAGE = (Path(__file__).parents[2] / "docs" / "wire-types.md").read_text(encoding="utf-8")
QUICK_ROWS, SOAK_ROWS, GROUP_ROWS = 20_000, 1_000_000, 10_000


def split(body: bytes) -> bytes:
    records = orjson.loads(body)
    return orjson.dumps({"columns": list(records[0]), "data": [list(record.values()) for record in records]})


def columns(body: bytes) -> bytes:
    records = orjson.loads(body)
    return orjson.dumps({name: [record[name] for record in records] for name in records[0]})


def instances(body: bytes) -> bytes:
    return b'{"instances":' + body + b"}"


def as_written(body: bytes) -> bytes:
    return body


WAYS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "CSV": (CSV, as_written),
    "JSON records": (JSON, as_written),
    "JSON split": (JSON, split),
    "JSON columns": (JSON, columns),
    "JSON instances": (JSON, instances),
    "JSON Lines": (JSON_LINES, as_written),
    "Parquet": (PARQUET, as_written),
    "Arrow": (ARROW, as_written),
}


def generated(seed: int, rows: int) -> pd.DataFrame:
    """Rows of every kind of column: random bits, extremes, awkward texts, missing cells."""
    rng = np.random.default_rng(seed)
    gone = rng.random(rows) < 0.1
    bits = rng.integers(-(2**63), 2**63 - 1, rows, endpoint=True)
    texts = text_pool(rng)

    def some(values: Any) -> Any:
        return np.asarray(values, dtype=object)[rng.integers(0, len(values), rows)]

    def masked(values: Any, dtype: str) -> Any:
        return pd.array(
            [None if none else value for value, none in zip(values.tolist(), gone, strict=True)], dtype=dtype
        )

    edges = [0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, np.inf, -np.inf, np.nan]
    edges += [0.1, 0.1 + 0.2, 1e16, 1e22, 1e23, 123456789012345680.0, 9007199254740993.0]
    wholes = [2**63 - 1, -(2**63), 0, -1, 2**53 + 1]
    days = pd.Series(bits // 2**20).astype("datetime64[us]").mask(gone)
    frame = {
        "float": bits.view(np.float64),
        "float edges": some(edges).astype(np.float64),
        "Float": masked(rng.normal(size=rows), "Float64"),
        "float32": rng.normal(size=rows).astype(np.float32),
        "int": np.where(gone, some(wholes).astype(np.int64), bits),
        "Int": masked(bits, "Int64"),
        "uint": np.where(gone, np.uint64(2**64 - 1), bits.view(np.uint64)),
        "object int": pd.Series(masked(bits, "Int64")).astype(object),
        "bool": bits > 0,
        "boolean": masked(bits > 0, "boolean"),
        "text": pd.Series(some(texts), dtype=object).mask(gone, None),
        "str": pd.Series(some(texts), dtype="str").mask(gone),
        "category": pd.Categorical(some(texts[:40]), categories=["unused", *texts[:40]], ordered=True),
        "levels": pd.Categorical(some([3, 1, 2]), categories=[4, 3, 2, 1]),
        "datetime": days,
        "zone": days.dt.tz_localize("UTC").dt.tz_convert("America/New_York"),
        "timedelta": pd.Series(bits).astype("timedelta64[ns]").mask(gone),
        "date": some([datetime.date(1, 1, 1), datetime.date(2024, 2, 29), datetime.date(9999, 12, 31), None]),
        "decimal": some([decimal.Decimal("0.10"), decimal.Decimal("-12345678901234567890.5"), None]),
        "bytes": some([b"", b"\x00\xff", b"a", None]),
        "object": some([[1], {"a": 1}, (1,), None]),
    }
    generated_rows = pd.DataFrame(frame)
    assert (generated_rows.notna().mean() > 0.5).all()
    return generated_rows.set_index(pd.MultiIndex.from_arrays([gone, np.arange(rows)], names=["text", None]))


def text_pool(rng: np.random.Generator) -> list[str]:
    """Distinct texts: the awkward ones, and code points of every length in UTF-8 but no halves of surrogate pairs."""
    points = rng.choice([0x7F, 0x7FF, 0xD7FF, 0x10FFFF - 0xE000], (500, 6))
    drawn = (rng.random((500, 6)) * points).astype(int)
    random = ["".join(chr(n if n < 0xD800 else n + 0x800) for n in row[: 1 + row[0] % 6]) for row in drawn]
    return list(dict.fromkeys([text for text in AWKWARD_TEXTS if text] + random))


def groups() -> Iterator[tuple[int, pd.DataFrame]]:
    soak = hypothesis.settings.default.max_examples >= hypothesis.settings.get_profile("soak").max_examples
    for number in range((SOAK_ROWS if soak else QUICK_ROWS) // GROUP_ROWS):
        yield number, generated(number, GROUP_ROWS)


@pytest.mark.parametrize("way", WAYS)
def test_every_row_comes_back_exactly_and_other_columns_are_refused(way: str) -> None:
    content_type, layout = WAYS[way]
    for number, frame in groups():
        kinds = {name: column_kind(frame[name]) for name in frame}
        refused = [name for name, kind in kinds.items() if CARRIED[content_type][kind] is Carried.REFUSED]
        for name in refused:
            with pytest.raises(InvalidInputError, match=f"column '{name}' holds {kinds[name]}") as told:
                all_columns(frame[[name]], [], {}, content_type=content_type)
            assert ADVICE[kinds[name]] in str(told.value)
        sent = all_columns(frame.drop(columns=refused), [], {}, content_type=content_type).frame
        body = layout(codec.encode(sent, content_type))
        if number % 2:
            body = inflate(gzip.compress(body, compresslevel=1), limit=len(body))
        came = codec.decode(body, content_type)
        assert came.columns.tolist() == [ROW_NUMBER, *(name for name in kinds if name not in refused)]
        assert came[ROW_NUMBER].astype("int64").tolist() == list(range(len(frame)))
        for name in sent.columns[1:]:
            assert_same_values(restored(came[name], kinds[name], content_type), frame[name], kinds[name])
            if CARRIED[content_type][kinds[name]] is Carried.TYPED:
                assert_series_equal(came[name], sent[name], check_exact=True)


@pytest.mark.parametrize("content_type", [CSV, ARROW])
def test_a_model_gets_the_callers_values(content_type: str) -> None:
    features = [Feature(name=name, dtype="float64", missing="allow") for name in ("float", "float edges", "Float")]
    features += [Feature(name="float32", dtype="float64")]
    features += [Feature(name=name, dtype="int64", missing="allow") for name in ("int", "Int", "object int")]
    features += [Feature(name=name, dtype="boolean", missing="allow") for name in ("bool", "boolean")]
    features += [Feature(name=name, dtype="text", missing="allow") for name in ("text", "str", "category")]
    for _, frame in groups():
        sent = model_columns(frame, features, {})
        assert sent.reasons == {}
        read = read_features(codec.decode(codec.encode(sent.frame, content_type), content_type), features)
        for feature in features:
            expected = frame[feature.name]
            if feature.dtype == "float64":
                expected = expected.astype("float64").replace([np.inf, -np.inf], np.nan)
            assert_same_values(read.frame[feature.name], expected, column_kind(expected))
        infinite = np.isinf(frame[["float", "float edges"]].to_numpy()).any(axis=1)
        assert sorted(read.reasons) == np.flatnonzero(infinite).tolist()
        for row in range(0, len(frame), len(frame) // 10):  # what a row is does not depend on the rows beside it
            alone = codec.encode(sent.frame.iloc[[row]].reset_index(drop=True), content_type)
            one = read_features(codec.decode(alone, content_type), features).frame
            pd.testing.assert_frame_equal(one, read.frame.iloc[[row]].reset_index(drop=True), check_exact=True)


def assert_same_values(came: "pd.Series[Any]", mine: "pd.Series[Any]", kind: ColumnKind) -> None:
    if kind is ColumnKind.FLOAT:
        pair = [column.to_numpy(dtype="float64", na_value=np.nan) for column in (came, mine)]
        one, other = (np.where(np.isnan(numbers), np.nan, numbers).view(np.int64) for numbers in pair)
        assert np.array_equal(one, other)
        return
    assert np.array_equal(came.isna().to_numpy(), mine.isna().to_numpy())
    assert came[came.notna()].tolist() == mine[mine.notna()].tolist()


def table(first: str) -> tuple[list[str], dict[str, list[str]]]:
    """Head and rows of the page's table whose first head cell this is."""
    lines = PAGE[PAGE.index(f"| {first} |") :].split("\n\n")[0].splitlines()
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return head[1:], {name: cells for name, *cells in rows}


def test_the_page_says_what_each_format_carries() -> None:
    head, rows = table("the column holds")
    formats = {"CSV": CSV, "JSON": JSON, "JSON Lines": JSON_LINES, "Parquet": PARQUET, "Arrow": ARROW}
    assert head == list(formats)
    assert rows == {str(kind): [str(CARRIED[formats[name]][kind]) for name in head] for kind in ColumnKind}


def test_the_page_says_which_column_can_be_which_feature() -> None:
    head, rows = table("your column holds")
    assert head == list(ACCEPTED)
    assert rows == {str(kind): [str(ACCEPTED[dtype][kind]) for dtype in ACCEPTED] for kind in ColumnKind}


def test_every_kind_that_is_refused_somewhere_has_its_advice() -> None:
    refused = {kind for kinds in CARRIED.values() for kind, how in kinds.items() if how is Carried.REFUSED}
    refused |= {kind for kinds in ACCEPTED.values() for kind, how in kinds.items() if how == "refused"}
    assert refused <= set(ADVICE)


def read_one(cell: Any, dtype: Any, content_type: str) -> tuple[Any, str]:
    """The value that a server reads of one cell, and the reason that its row gets from client or server."""
    feature = Feature(name="f", dtype=dtype)
    sent = model_columns(pd.DataFrame({"f": pd.Series([cell], dtype=object)}), [feature], {})
    if sent.reasons:
        return None, sent.reasons[0]
    read = read_features(codec.decode(codec.encode(sent.frame, content_type), content_type), [feature])
    return read.frame["f"][0], read.reasons.get(0, "")


TEXTS = ["007", "NA", "1E5", "true", '"', "\r", "a\rb", "\x00", "é", "\U0010ffff", "null", "nan"]
CELLS: dict[str, list[tuple[Any, str, Any]]] = {
    "`NaN`, `None`, `NA`, `NaT`": [(c, d, "missing_value") for c in (None, np.nan, pd.NA, pd.NaT) for d in ACCEPTED],
    "empty text and the text `__NA__`": [(cell, dtype, "missing_value") for cell in ("",) for dtype in ACCEPTED],
    "the text `N/A`": [("N/A", "float64", "missing_value"), ("N/A", "boolean", "missing_value"), ("N/A", "text", None)],
    "`007`, `NA`, `1E5`, `true`, a quote, a bare `\\r`, NUL, any Unicode": [(text, "text", None) for text in TEXTS],
    "infinity": [(np.inf, "float64", "invalid_value"), (-np.inf, "int64", "invalid_value")],
    "`-0.0`, the smallest and largest numbers": [(n, "float64", None) for n in (-0.0, 5e-324, 1.7976931348623157e308)],
    "a whole number that float64 would round": [(2**53 + 1, "float64", "invalid_value")],
    "a whole number outside int64, for an int64 feature": [(2**63, "int64", "invalid_value")],
    "half a surrogate pair": [("\udfff", dtype, "invalid_value") for dtype in ACCEPTED],
}


@pytest.mark.parametrize("content_type", [CSV, JSON, ARROW])
@pytest.mark.parametrize("told", CELLS)
def test_a_cell_is_what_the_page_says(told: str, content_type: str) -> None:
    for cell, dtype, reason in CELLS[told]:
        value, given = read_one(cell, dtype, content_type)
        assert given.partition(":")[0] == (reason or "")
        if reason is None:
            assert value == cell
            assert str(value) == str(cell)  # the sign of zero


def test_the_page_has_each_of_these_cells() -> None:
    assert set(table("a cell")[1]) == set(CELLS)


def test_the_text_of_the_placeholder_is_missing_in_every_format_that_carries_it() -> None:
    assert {read_one("__NA__", "text", content_type)[1] for content_type in (JSON, ARROW)} == {
        "missing_value: column 'f' is empty"
    }
    assert re.search(r"^\| empty text and the text `__NA__` \| missing \|$", PAGE, re.MULTILINE)
