"""Promise: a number's text reads back as the same number, and a text's cell as the same text, alone or in a body."""

import csv
import io
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chem_endpoints.wire import codec
from chem_endpoints.wire.content_types import CSV
from chem_endpoints.wire.csv_cells import MISSING_OTHER, added_cells, float_cells, header_cells
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.typed_columns import typed
from wire_frames import texts, typed_frames


@given(st.lists(st.floats()))
@example([math.inf, -math.inf, math.nan, -0.0, 5e-324, 1.7976931348623157e308, 1e16, 1e-7, 0.1 + 0.2])
def test_numbers_come_back_bit_by_bit(numbers: list[float]) -> None:
    cells = float_cells(np.array(numbers, dtype="float64"))
    column = pd.Series([cell.decode() for cell in cells], dtype=object)
    restored = typed(column, "float64", infinite=True)
    expected = [math.nan if math.isnan(number) else number for number in numbers]
    assert restored.values.to_numpy().tobytes() == np.array(expected, dtype="float64").tobytes()
    assert not restored.malformed.any()


def test_numbers_that_do_not_lie_side_by_side_are_written_too() -> None:
    assert float_cells(np.arange(6.0).reshape(3, 2)[:, 1]) == [b"1.0", b"3.0", b"5.0"]


@given(st.lists(texts, min_size=1, max_size=4))
def test_a_line_of_cells_is_read_by_the_csv_module(cells: list[str]) -> None:
    frame = pd.DataFrame([cells], columns=range(len(cells)), dtype="str")
    (line,) = added_cells(frame)
    read = list(csv.reader(io.StringIO(line.decode(), newline="")))
    assert read == [cells] or cells == [""]


@given(texts)
def test_only_what_needs_quotes_has_them(text: str) -> None:
    (line,) = added_cells(pd.DataFrame({"x": pd.Series([text], dtype="str")}))
    assert line.startswith(b'"') == any(sign in text for sign in ',"\r\n')


@given(typed_frames())
def test_a_body_holds_the_same_cells(case: tuple[pd.DataFrame, list[str]]) -> None:
    frame = case[0].replace(MISSING_OTHER, "x")
    frame.insert(0, "n", 1)  # a lone empty cell is written otherwise
    lines = [line + b"\n" for line in added_cells(frame)]
    assert codec.encode(frame, CSV) == header_cells(frame.columns) + b"\n" + b"".join(lines)


def test_placeholders_and_types() -> None:
    frame = pd.DataFrame(
        {
            "f": [1.0, math.nan, -math.inf],
            "i": pd.Series([1, None, -3], dtype="Int64"),
            "b": pd.Series([True, None, False], dtype="boolean"),
            "t": pd.Series(["", None, 'a,"b'], dtype="str"),
        }
    ).set_axis(["x", "x", "y"], axis="index")
    assert added_cells(frame) == [b"1.0,1,true,", b"N/A,__NA__,__NA__,__NA__", b'-inf,-3,false,"a,""b"']


def test_a_placeholder_as_a_text_is_refused_by_row_and_column() -> None:
    with pytest.raises(WireError, match=r"column 't', row 1: the text __NA__"):
        added_cells(pd.DataFrame({"t": pd.Series([None, MISSING_OTHER], dtype="str")}))


@pytest.mark.parametrize("rows", [0, 2])
def test_a_frame_without_columns_has_rows(rows: int) -> None:
    assert added_cells(pd.DataFrame(index=range(rows))) == [b""] * rows
    assert codec.encode(pd.DataFrame(index=range(rows)), CSV) == b"\n" * (rows + 1)


def test_a_header_of_one_empty_name_is_no_blank_line() -> None:
    assert header_cells([""]) == b'""'
    assert header_cells(["", "b"]) == b",b"
