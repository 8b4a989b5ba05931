"""Promise: a model gets exactly the caller's values; what cannot be sent exactly is refused, naming column and remedy.

The tables `ACCEPTED` and `CARRIED` are walked through, each kind of column in each type that pandas has for it.
"""

import math
import warnings
from decimal import Decimal
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_series_equal

from chem_endpoints.client.sent_columns import MAX_TOLD_COLUMNS, SentColumns, all_columns, model_columns
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire import codec
from chem_endpoints.wire.carried import ACCEPTED, ADVICE, CARRIED, MAX_EXACT_WHOLE, Accepted, Carried
from chem_endpoints.wire.column_kinds import ColumnKind, column_kind
from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, READABLE
from chem_endpoints.wire.features import FeatureRows, read_features
from chem_endpoints.wire.manifest import Dtype, Feature
from wire_frames import KINDS, restored

DTYPES: tuple[Dtype, ...] = get_args(Dtype)
SMILES = Feature(name="smiles", dtype="text")
LOGP = Feature(name="LogP", dtype="float64", missing="allow")
EACH_COLUMN = [(kind, name) for kind, columns in KINDS.items() for name in columns]
HALF = "\ud800"
NEVER_A_NUMBER = {"list", "dict", "complex", "period", "interval", "datetime objects", "time"}
NEVER = {"text": NEVER_A_NUMBER | {"long double", "levels of float"}}
"""Columns of kinds that are looked at cell by cell, whose cells are never a feature of the type."""


def sent(cells: Any, dtype: Dtype, **changes: Any) -> SentColumns:
    feature = Feature(name="f", dtype=dtype, missing="allow", **changes)
    column = cells if isinstance(cells, pd.Series) else pd.Series(cells, dtype=object)
    return model_columns(pd.DataFrame({"f": column}), [feature], {})


def served(columns: SentColumns, dtype: Dtype, content_type: str) -> FeatureRows:
    """What the server reads of it."""
    body = codec.encode(columns.frame, content_type)
    feature = Feature(name="f", dtype=dtype, missing="allow")
    return read_features(codec.decode(body, content_type), [feature])


@pytest.mark.parametrize(("kind", "name"), EACH_COLUMN)
def test_each_column_is_of_its_kind(kind: ColumnKind, name: str) -> None:
    assert column_kind(KINDS[kind][name]) is kind


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("kind", "name"), EACH_COLUMN)
def test_a_feature_gets_the_callers_values_or_the_column_is_refused(kind: ColumnKind, name: str, dtype: Dtype) -> None:
    column = KINDS[kind][name]
    accepted = ACCEPTED[dtype][kind]
    if accepted is Accepted.REFUSED:
        with pytest.raises(InvalidInputError, match=rf"feature 'f' must hold .*column 'f' holds {kind} \(") as told:
            sent(column, dtype)
        assert ADVICE[kind] in str(told.value)
        return
    if name in NEVER.get(dtype, NEVER_A_NUMBER):
        with pytest.raises(InvalidInputError, match=r"feature 'f' must hold .*column 'f' holds"):
            sent(column, dtype)
        return
    columns = sent(column, dtype)
    reads = [served(columns, dtype, content_type) for content_type in READABLE]
    for read in reads[1:]:
        assert_series_equal(read.frame["f"], reads[0].frame["f"], check_exact=True)
        assert read.reasons == reads[0].reasons
    if accepted is Accepted.EXACT and not (
        dtype in ("int64", "boolean") and kind in (ColumnKind.FLOAT, ColumnKind.WHOLE)
    ):
        assert columns.reasons == reads[0].reasons == {}
        got = reads[0].frame["f"]
        assert got.isna().tolist() == column.isna().tolist()
        known = column[column.notna()].tolist()
        assert [cell == mine for cell, mine in zip(got[got.notna()].tolist(), known, strict=True)] == [True] * len(
            known
        )


floats = st.floats(width=64)


@given(st.lists(floats, min_size=1), st.sampled_from(["float64", "Float64", "object"]), st.sampled_from(READABLE))
def test_a_float_arrives_bit_by_bit(numbers: list[float], pandas_dtype: str, content_type: str) -> None:
    read = served(sent(pd.Series(numbers, dtype=pandas_dtype), "float64"), "float64", content_type)
    expected = np.array([math.nan if math.isinf(number) else number for number in numbers])
    assert np.array_equal(bits(read.frame["f"].to_numpy()), bits(expected))
    assert sorted(read.reasons) == [row for row, number in enumerate(numbers) if math.isinf(number)]


def bits(numbers: Any) -> Any:
    """The bits of float64 numbers, of NaN always the same."""
    return np.where(np.isnan(numbers), np.nan, numbers).view(np.int64)


whole = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.integers(2**53 - 3, 2**53 + 3), st.sampled_from([-(2**53) - 1, 2**63 - 1])
)


@given(st.lists(whole | st.none(), min_size=1), st.sampled_from(["Int64", "object", "int64[pyarrow]"]), st.booleans())
def test_a_whole_number_is_never_rounded(numbers: list[int | None], pandas_dtype: str, as_float: bool) -> None:
    dtype: Dtype = "float64" if as_float else "int64"
    columns = sent(pd.Series(numbers, dtype=pandas_dtype), dtype)
    rounded = [row for row, n in enumerate(numbers) if as_float and n is not None and int(float(n)) != n]
    assert sorted(columns.reasons) == rounded
    for content_type in (CSV, ARROW):
        read = served(columns, dtype, content_type).frame["f"]
        for row, number in enumerate(numbers):
            if number is None or row in rounded:
                assert pd.isna(read[row])
            else:
                assert int(read[row]) == number


@pytest.mark.parametrize("number", [MAX_EXACT_WHOLE + 1, 2**64 - 1])
def test_a_number_that_float64_rounds_costs_its_row_alone(number: int) -> None:
    columns = sent(pd.Series([number, 7], dtype="uint64"), "float64")
    (reason,) = columns.reasons.values()
    assert list(columns.reasons) == [0]
    assert reason.startswith("invalid_value: column 'f' holds a number that 64 bits would round")
    assert str(number) not in reason
    assert columns.frame["f"].tolist()[1] == 7


@pytest.mark.parametrize("dtype", DTYPES)
def test_half_a_surrogate_pair_costs_its_row_alone(dtype: Dtype) -> None:
    columns = sent(["1", HALF + "x", None], dtype)
    assert columns.reasons == {
        1: "invalid_value: column 'f' holds half a surrogate pair, which is no character; repair the text"
    }
    assert columns.frame["f"].isna().tolist() == [False, True, True]
    codec.encode(columns.frame, ARROW)


def test_a_cell_of_another_type_costs_its_row_and_a_column_of_such_cells_is_refused() -> None:
    columns = sent(["CCO", {"a": 1}, 7, None, 1.5], "text")
    assert {row: reason.partition(";")[0] for row, reason in columns.reasons.items()} == {
        1: "invalid_value: column 'f' holds an object of type dict, not text",
        4: "invalid_value: column 'f' holds an object of type float, not text",
    }
    assert columns.frame["f"].tolist()[:3:2] == ["CCO", "7"]
    with pytest.raises(InvalidInputError, match="objects of type dict, list: convert it to text or numbers"):
        sent([{"a": 1}, None, [1]], "text")


def test_a_lenient_model_counts_an_unusable_cell_as_missing() -> None:
    columns = sent([HALF, "CCO"], "text", unusable="missing")
    assert columns.reasons == {}
    assert columns.frame["f"].isna().tolist() == [True, False]


def test_cells_of_several_types_are_the_numbers_that_they_are() -> None:
    cells = [
        1,
        2.5,
        True,
        np.float32(0.1),
        np.int8(-3),
        10**22,
        Decimal("0.1"),
        " 1e3 ",
        None,
        math.nan,
        pd.NA,
        pd.NaT,
        "N/A",
    ]
    read = served(sent(cells, "float64"), "float64", CSV)
    expected = [1, 2.5, 1, float(np.float32(0.1)), -3, 1e22, 0.1, 1000.0]
    assert read.frame["f"].tolist()[:8] == expected
    assert read.frame["f"].isna().tolist()[8:] == [True] * 5
    assert read.reasons == {}


def test_true_and_false_that_became_numbers_beside_missing_cells_are_read() -> None:
    for content_type in (CSV, ARROW):
        read = served(sent(pd.Series([1.0, 0.0, math.nan, 0.5]), "boolean"), "boolean", content_type)
        assert read.frame["f"].tolist()[:2] == [True, False]
        assert sorted(read.reasons) == [3]


def test_a_number_is_no_text_unless_nothing_is_there() -> None:
    assert sent(pd.Series([math.nan, math.nan]), "text").frame["f"].isna().all()
    with pytest.raises(InvalidInputError, match=r"floating-point numbers \(float64\): write them as the text"):
        sent(pd.Series([1.0, math.nan]), "text")


AWKWARD = ["007", "NA", "1E5", "N/A", "true", "null", "nan", "a\rb", "\r\n", '"', ",", "\x00", "é", "\ufeffx", " ", "="]


@pytest.mark.parametrize("content_type", READABLE)
@pytest.mark.parametrize("pandas_dtype", ["str", "object", "string", "category"])
def test_no_text_is_taken_for_anything_else(pandas_dtype: str, content_type: str) -> None:
    """Each was changed by a client that guesses types back: 007 → 7, 1E5 → 100000, N/A → nothing, true → True."""
    read = served(sent(pd.Series(AWKWARD, dtype=pandas_dtype), "text"), "text", content_type)
    assert read.frame["f"].tolist() == AWKWARD
    one = served(sent(pd.Series(AWKWARD[:1], dtype=pandas_dtype), "text"), "text", content_type)
    assert one.frame["f"].tolist() == ["007"]


def test_what_counts_as_missing_in_a_text_feature_does_in_every_format() -> None:
    for content_type in (ARROW, JSON):
        assert served(sent(["", "__NA__", None], "text"), "text", content_type).frame["f"].isna().all()


def test_a_frame_stays_as_it_is_and_its_index_stays_behind() -> None:
    frame = pd.DataFrame({"smiles": ["C", "CC"], "logp": [1, 2]}, index=pd.Index([9, 9], name="smiles"))
    before = frame.copy(deep=True)
    columns = model_columns(frame, [SMILES, LOGP], {})
    assert columns.frame.columns.tolist() == [ROW_NUMBER, "smiles", "LogP"]
    assert columns.frame.index.equals(pd.RangeIndex(2))
    assert columns.frame[ROW_NUMBER].tolist() == [0, 1]
    pd.testing.assert_frame_equal(frame, before)


def test_columns_are_renamed_and_missing_ones_are_named() -> None:
    frame = pd.DataFrame({"Structure": ["C"], "logp": [1]})
    assert model_columns(frame, [SMILES, LOGP], {"Structure": "smiles"}).frame["smiles"].tolist() == ["C"]
    with pytest.raises(InvalidInputError, match="feature 'smiles' has no column"):
        model_columns(frame, [SMILES, LOGP], {})
    with pytest.raises(InvalidInputError, match=r"no column \['x'\]"):
        model_columns(frame, [SMILES, LOGP], {"x": "smiles"})


def test_an_explicit_mapping_wins_over_a_column_of_that_name() -> None:
    frame = pd.DataFrame({"smiles": ["old"], "Structure": ["new"], "LogP": [1.0]})
    assert model_columns(frame, [SMILES, LOGP], {"Structure": "smiles"}).frame["smiles"].tolist() == ["new"]


def test_a_column_of_several_levels_is_named_by_its_tuple() -> None:
    frame = pd.DataFrame([["C", 1]], columns=pd.MultiIndex.from_tuples([("in", "structure"), ("in", "logp")]))
    renamed = {("in", "structure"): "smiles", ("in", "logp"): "LogP"}
    assert model_columns(frame, [SMILES, LOGP], renamed).frame["smiles"].tolist() == ["C"]


# --- send="all" -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", READABLE)
@pytest.mark.parametrize(("kind", "name"), EACH_COLUMN)
def test_a_format_carries_a_column_exactly_or_it_is_refused_by_name(
    kind: ColumnKind, name: str, content_type: str
) -> None:
    column = KINDS[kind][name]
    frame = pd.DataFrame({"smiles": ["C"] * len(column), "mine": column})
    carried = CARRIED[content_type][kind]
    if carried is Carried.REFUSED:
        with pytest.raises(InvalidInputError, match=rf"as {content_type}: column 'mine' holds {kind} \(") as told:
            all_columns(frame, [SMILES], {}, content_type=content_type)
        assert ADVICE[kind] in str(told.value)
        return
    columns = all_columns(frame, [SMILES], {}, content_type=content_type).frame
    came = codec.decode(codec.encode(columns, content_type), content_type)["mine"]
    if carried is Carried.TYPED:
        assert_series_equal(came, columns["mine"], check_exact=True)
    got = restored(came, kind, content_type)
    assert got.isna().tolist() == column.isna().tolist()
    assert [a == b for a, b in zip(got.dropna().tolist(), column.dropna().tolist(), strict=True)] == [True] * len(
        column.dropna()
    )


def test_all_columns_travel_in_their_order_under_the_models_names() -> None:
    frame = pd.DataFrame({"id": ["007"], "Structure": ["C"], "logp": [1], "y": [2.5]}, index=[7])
    columns = all_columns(frame, [SMILES, LOGP], {"Structure": "smiles"}).frame
    assert columns.columns.tolist() == [ROW_NUMBER, "id", "smiles", "LogP", "y"]
    assert columns.iloc[0].tolist() == [0, "007", "C", 1, 2.5]
    foreign = all_columns(frame, [], {}, content_type=CSV, row_number=False).frame
    assert codec.encode(foreign, CSV) == b"id,Structure,logp,y\n007,C,1,2.5\n"


def test_each_column_that_cannot_travel_is_told_at_once() -> None:
    frame = pd.DataFrame([["C", 1, 2, "__NA__", [1]]], columns=["smiles", 7, "x", "note", "mol"])
    frame["x2"], frame["half"], frame[ROW_NUMBER] = "x", pd.Series([HALF], dtype=object), 1
    frame.columns = [*frame.columns[:5], "x", *frame.columns[6:]]
    with pytest.raises(InvalidInputError) as told:
        all_columns(frame, [SMILES], {}, content_type=CSV)
    for words in (
        "the column name 7 is no text",
        "2 columns would be called 'x'",
        "the name '__row__' is taken",
        "column 'note' holds the text __NA__ in row 0",
        "column 'mol' holds other objects (object)",
        "and 1 more",
    ):
        assert words in str(told.value)
    assert str(told.value).count("; ") == MAX_TOLD_COLUMNS
    with pytest.raises(InvalidInputError, match="column 'half' holds half a surrogate pair in row 0") as told:
        all_columns(frame[["smiles", "half"]], [SMILES], {})
    assert HALF not in str(told.value)


def test_a_column_beside_the_one_that_is_renamed_to_it_is_refused() -> None:
    frame = pd.DataFrame({"smiles": ["old"], "Structure": ["new"]})
    with pytest.raises(InvalidInputError, match="2 columns would be called 'smiles'"):
        all_columns(frame, [SMILES], {"Structure": "smiles"})


@pytest.mark.parametrize("cells", [[2**64], [2**63, -1], [-(2**63) - 1]])
def test_whole_numbers_beyond_64_bits_are_refused_by_column(cells: list[int]) -> None:
    frame = pd.DataFrame({"smiles": ["C"] * len(cells), "n": pd.Series(cells, dtype=object)})
    for content_type in (CSV, ARROW):
        with pytest.raises(InvalidInputError, match=r"column 'n' holds whole numbers that have no exact form"):
            all_columns(frame, [SMILES], {}, content_type=content_type)


def test_features_are_refused_row_by_row_also_when_all_columns_travel() -> None:
    frame = pd.DataFrame({"smiles": pd.Series([HALF, "C"], dtype=object), "id": [1, 2]})
    columns = all_columns(frame, [SMILES], {})
    assert list(columns.reasons) == [0]


def test_nothing_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for kind, columns in KINDS.items():
            if CARRIED[ARROW][kind] is not Carried.REFUSED:
                all_columns(pd.DataFrame(columns), [], {})
