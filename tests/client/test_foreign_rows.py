"""Promise: nothing of the caller's is lost or changed at an endpoint of somebody else, and what it adds has the same
types however the rows are cut, whatever order the answers come in.
"""

import io
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from chem_endpoints.client.budget import RetryBudget
from chem_endpoints.client.capacity import CapacityWait
from chem_endpoints.client.foreign_rows import NO_VALUE, ForeignRows, foreign_rows
from chem_endpoints.client.joined import join_answers
from chem_endpoints.client.local_transport import LocalTransport
from chem_endpoints.client.pace import Pace
from chem_endpoints.client.plan import Plan
from chem_endpoints.client.run import Run
from chem_endpoints.client.workers import ThreadWorkers
from chem_endpoints.errors import AnswerMismatchError, InvalidInputError
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.content_types import CSV, JSON
from classic_server import BAD, GONE, VOID, ClassicServer, classic_answer


def finished(rows: ForeignRows, answers: list[tuple[np.ndarray, bytes, str]]) -> pd.DataFrame:
    """Reads answers to some rows each, in the order in which they came."""
    plan = Plan(total=len(rows.sent), pace=Pace(), places=1)
    for positions, body, content_type in answers:
        plan.keep(positions, rows.read(positions, body, content_type), "")
    return rows.finish(join_answers(plan, None))


def read(frame: pd.DataFrame, body: bytes | str, content_type: str = CSV) -> pd.DataFrame:
    """What one answer to all rows gives."""
    body = body.encode() if isinstance(body, str) else body
    return finished(foreign_rows(frame, {}), [(np.arange(len(frame)), body, content_type)])


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {name: str(dtype).replace("object", "str") for name, dtype in frame.dtypes.items()}


PRECISION = {CSV: 0.0, JSON: 1e-9}
"""pandas writes 10 decimals into JSON."""

TWO = pd.DataFrame({"smiles": ["C", "CC"]})


def test_all_columns_travel_as_csv_without_a_row_number() -> None:
    frame = pd.DataFrame({"id": ["007", None], "x": [1.5, np.nan], "flag": [True, False]}, index=["p", "q"])
    rows = foreign_rows(frame, {})
    assert rows.encode(np.array([0, 1])) == (b"id,x,flag\n007,1.5,true\n,,false\n", CSV)
    assert rows.encode(np.array([1])) == (b"id,x,flag\n,,false\n", CSV)


def test_columns_travel_under_the_names_that_the_caller_gives() -> None:
    frame = pd.DataFrame({"Structure": ["C"], "smiles": ["old"], PREDICTION_ERROR: ["told before"]})
    rows = foreign_rows(frame, {"Structure": "smiles"})
    assert rows.encode(np.array([0]))[0] == b"smiles\nC\n"
    with pytest.raises(InvalidInputError, match="no column"):
        foreign_rows(frame, {"structure": "smiles"})


def test_what_csv_cannot_carry_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidInputError, match="'drawing'") as refusal:
        foreign_rows(pd.DataFrame({"smiles": ["CANARY"], "drawing": [object()]}), {})
    assert "CANARY" not in str(refusal.value)
    with pytest.raises(InvalidInputError, match="'x'"):
        foreign_rows(pd.DataFrame([["a", "b"]], columns=["x", "x"]), {})
    with pytest.raises(InvalidInputError, match="no column to send"):
        foreign_rows(pd.DataFrame(index=[0, 1]), {})


def test_the_callers_own_columns_are_not_attached_however_pandas_writes_them_back() -> None:
    frame = pd.DataFrame(
        {
            "smiles": ["C", "CC", "CCC"],
            "id": ["007", "NA", "1e5"],
            "whole": pd.array([1, None, 2**53 + 1], dtype="Int64"),
            "x": [0.1 + 0.2, 1e-5, np.nan],
            "flag": [True, False, True],
            "when": ["2024-01-01", "", "now"],
        }
    )
    rows = foreign_rows(frame, {})
    status, body, content_type = classic_answer(rows.encode(np.arange(3))[0], CSV)
    assert status == 200
    assert b"\nC,7.0,1.0," in body  # as numbers beside a gap come back
    assert list(read(frame, body, content_type).columns) == ["prediction", "atoms", "small", PREDICTION_ERROR]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15), min_size=1))
def test_any_float_that_pandas_reads_and_writes_counts_as_repeated(numbers: list[float]) -> None:
    frame = pd.DataFrame({"smiles": "C", "x": numbers})
    status, body, content_type = classic_answer(foreign_rows(frame, {}).encode(np.arange(len(frame)))[0], CSV)
    assert status == 200
    assert "x" not in read(frame, body, content_type).columns


@pytest.mark.parametrize(
    ("sent", "answered"),
    [("0.1", "0.1000000001"), ("100000000000001", "100000000000002"), ("C", "c"), ("", "0"), ("true", "1"), ("0", "")],
)
def test_another_value_counts_as_changed(sent: str, answered: str) -> None:
    out = read(pd.DataFrame({"a": [sent], "b": ["x"]}), f"a,b,y\n{answered},x,1\n")
    assert list(out.columns) == ["a", "y", PREDICTION_ERROR]


@pytest.mark.parametrize("content_type", [CSV, JSON])
def test_added_columns_get_the_type_of_all_their_cells(content_type: str) -> None:
    frame = pd.DataFrame({"smiles": ["C", VOID, "CCCC"]})
    status, body, named = classic_answer(foreign_rows(frame, {}).encode(np.arange(3))[0], content_type)
    assert status == 200
    out = read(frame, body, named)
    assert dtypes(out)["prediction"] == "float64"
    assert dtypes(out)["small"] == "boolean"
    assert out["prediction"].tolist()[::2] == pytest.approx([1 / 3, 4 / 3], rel=PRECISION[content_type])
    assert out["prediction"].isna().tolist() == out["small"].isna().tolist() == [False, True, False]
    assert out[PREDICTION_ERROR].tolist() == ["", NO_VALUE, ""]


@pytest.mark.parametrize(
    ("cells", "dtype", "values"),
    [
        (["1", "2"], "Int64", [1, 2]),
        (["1", "N/A"], "Int64", [1, None]),
        (["1", "2.0"], "float64", [1.0, 2.0]),
        (["1e-05", "inf"], "float64", [1e-5, float("inf")]),
        (["N/A", "N/A"], "float64", [None, None]),
        (["true", "False"], "boolean", [True, False]),
        (["true", "__NA__"], "boolean", [True, None]),
        (["007", "8"], "str", ["007", "8"]),
        (["1_0", "2"], "str", ["1_0", "2"]),
        (["1e999", "2.5"], "str", ["1e999", "2.5"]),
        (["true", "1"], "str", ["true", "1"]),
        (["ethanol", "N/A"], "str", ["ethanol", None]),
        (["ethanol", "__NA__"], "str", ["ethanol", None]),
        ([str(2**63), "1"], "UInt64", [2**63, 1]),
        ([str(2**64), "1"], "str", [str(2**64), "1"]),
        (["NaN", "1"], "float64", [None, 1.0]),
    ],
)
def test_the_text_of_csv_becomes_what_it_means_if_nothing_is_lost(
    cells: list[str], dtype: str, values: list[Any]
) -> None:
    out = read(TWO, "y,z\n" + "".join(f"{cell},1\n" for cell in cells))
    assert dtypes(out)["y"] == dtype
    assert [None if gone else cell for cell, gone in zip(out["y"].tolist(), out["y"].isna(), strict=True)] == values


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        ([1, 2], "Int64"),
        ([1, 2.5], "float64"),
        ([1.0, None], "float64"),
        ([True, None], "boolean"),
        (["1", "2"], "str"),
        (["007", "N/A"], "str"),
    ],
)
def test_json_has_said_what_its_cells_are(cells: list[Any], dtype: str) -> None:
    out = read(TWO, json.dumps([{"y": cell, "z": 1} for cell in cells]), JSON)
    assert dtypes(out)["y"] == dtype
    present = [cell for cell in cells if cell not in (None, "N/A")]
    assert out["y"].dropna().tolist() == present


def test_json_lists_and_mixtures_stay_objects() -> None:
    out = read(TWO, json.dumps([{"y": [1, 2], "m": 1}, {"y": None, "m": "x"}]), JSON)
    assert out["y"].tolist()[0] == [1, 2]
    assert out["m"].tolist() == [1, "x"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"predictions": [{"y": 1.5}, {"y": 2.5}]}', JSON),
        ('{"y": [1.5, 2.5]}', "application/json; charset=utf-8"),
        ('[{"y": 1.5}, {"y": 2.5}]', "application/octet-stream"),
        ("y\n1.5\n2.5\n", "text/plain"),
        (",y\n0,1.5\n1,2.5\n", CSV),
        ("smiles,y\r\nC,1.5\r\nCC,2.5\r\n", "text/csv;charset=UTF-8"),
    ],
)
def test_answers_are_read_in_the_layouts_that_servers_have(body: str, content_type: str) -> None:
    out = read(TWO, body, content_type)
    assert out.columns.tolist() == ["y", PREDICTION_ERROR]
    assert out["y"].tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("y\n1\n", "2 rows were sent, but 1 came back"),
        ("y\n", "2 rows were sent, but 0 came back"),
        ("y\n1\n2\n3\n", "2 rows were sent, but 3 came back"),
        ("", "cannot be read"),
        ("smiles,y\nCC,2\nC,1\n", "in another order"),
        ("y,y\n1,2\n1,2\n", "two columns 'y'"),
    ],
)
def test_an_answer_that_is_not_one_row_for_each_row_is_none(body: str, told: str) -> None:
    with pytest.raises(AnswerMismatchError, match=told):
        read(TWO, body)


def test_a_changed_column_takes_the_place_of_the_callers_and_keeps_the_cells_that_did_not_change() -> None:
    frame = pd.DataFrame({"smiles": ["OCC", "C", "CC"], "n": [1, 2, 3]})
    rows = foreign_rows(frame, {})
    out = finished(
        rows,
        [
            (np.array([2]), b"smiles,n,y\nCC,3,0\n", CSV),
            (np.array([0, 1]), b"smiles,n,y\nCCO,1.0,1\nC,2.0,2\n", CSV),
        ],
    )
    assert list(out.columns) == ["smiles", "y", PREDICTION_ERROR]
    assert out["smiles"].tolist() == ["CCO", "C", "CC"]
    assert out["y"].tolist() == [1, 2, 0]


def test_a_row_without_an_answer_has_no_value_in_a_changed_column() -> None:
    """What stood there before is not an answer: a stale prediction must not look like one."""
    frame = pd.DataFrame({"smiles": ["C", "CC", "CCC"], "y": [1.0, 7.0, 7.0]})
    out = finished(
        foreign_rows(frame, {}),
        [(np.array([0]), b"smiles,y\nC,1.0\n", CSV), (np.array([2]), b"smiles,y\nCCC,3.0\n", CSV)],
    )
    assert out["y"].isna().tolist() == [False, True, False]
    assert out["y"].tolist()[::2] == [1.0, 3.0]


def test_a_run_without_one_answer_has_only_reasons() -> None:
    out = finished(foreign_rows(TWO, {}), [])
    assert out.columns.tolist() == [PREDICTION_ERROR]
    assert len(out) == 2


def test_errors_that_the_endpoint_tells_are_the_rows_own() -> None:
    out = read(TWO, "y,prediction_error\nN/A,invalid_smiles: no\n2.5,__NA__\n")
    assert out[PREDICTION_ERROR].tolist() == ["invalid_smiles: no", ""]


TEXTS = st.sampled_from(
    ["", "N/A", "__NA__", "NA", "nan", "0", "1", "2", "1.0", "2.5", "1e-05", "007", "true", "False", "x"]
)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(-2, 2, width=16), TEXTS)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """What was sent, what comes back for each row, and in which format."""
    count = draw(st.integers(1, 8))
    content_type = draw(st.sampled_from([CSV, JSON]))
    cells = TEXTS if content_type == CSV else VALUES
    column = st.lists(cells, min_size=count, max_size=count)
    sent = {"id": [f"row {row}" for row in range(count)], "a": draw(st.lists(TEXTS, min_size=count, max_size=count))}
    if "__NA__" in sent["a"]:
        sent["a"] = ["x" if cell == "__NA__" else cell for cell in sent["a"]]
    answered = {"id": sent["id"], "a": list(sent["a"]), "y": draw(column), "z": draw(column)}
    for row in draw(st.sets(st.integers(0, count - 1), max_size=2)):
        answered["a"][row] = draw(cells)
    frames = [pd.DataFrame({name: pd.Series(c, dtype=object) for name, c in f.items()}) for f in (sent, answered)]
    return frames[0], frames[1], content_type


def written(frame: pd.DataFrame, content_type: str) -> bytes:
    if content_type == JSON:
        return json.dumps(frame.to_dict(orient="records")).encode()
    out = io.StringIO()
    frame.to_csv(out, index=False)
    return out.getvalue().encode()


@given(conversations(), st.data())
def test_neither_types_nor_values_depend_on_how_rows_are_cut(
    conversation: tuple[pd.DataFrame, pd.DataFrame, str], data: st.DataObject
) -> None:
    sent, answered, content_type = conversation
    rows = foreign_rows(sent, {})
    count = len(sent)
    group = data.draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    cut = [np.flatnonzero(np.array(group) == part) for part in data.draw(st.permutations(range(3)))]
    together = [np.arange(count)]
    results = []
    for parts in (together, cut):
        answers = [(part, written(answered.iloc[part], content_type), content_type) for part in parts if len(part)]
        try:
            results.append(finished(rows, answers))
        except AnswerMismatchError as error:
            assume("another order" not in str(error))
            raise
    assert_frame_equal(results[0], results[1])


@pytest.fixture(scope="module")
def classic() -> Iterator[ClassicServer]:
    with ClassicServer() as server:
        yield server


def run(server: ClassicServer, frame: pd.DataFrame, *, accept: str = CSV) -> tuple[pd.DataFrame, Plan]:
    """A whole run of the client against a real HTTP server."""
    settings = SimpleNamespace(invocation_timeout_s=60)
    at: Any = SimpleNamespace(
        port=server.port, alive=True, description=SimpleNamespace(name="classic", settings=settings)
    )
    rows = ForeignRows(sent=foreign_rows(frame, {}).sent, accept=accept)
    plan = Plan(total=len(frame), pace=Pace(most_rows=50), places=4)
    Run(
        plan=plan,
        rows=rows,  # type: ignore[arg-type]
        transport=LocalTransport(at),
        attributes="",
        places=4,
        workers=ThreadWorkers(4),
        budget=RetryBudget(),
        capacity=CapacityWait(name="classic", seconds=1, tell=lambda line: None),
    ).go()
    return rows.finish(join_answers(plan, None)), plan


@pytest.mark.parametrize("accept", [CSV, JSON])
def test_a_server_that_fails_for_one_row_and_drops_others_costs_only_those_rows(
    classic: ClassicServer, accept: str
) -> None:
    smiles = ["C" * (1 + row % 5) for row in range(160)]
    smiles[0], smiles[70], smiles[100], smiles[159] = BAD, GONE, VOID, BAD
    frame = pd.DataFrame({"smiles": smiles, "id": [f"{row:03}" for row in range(160)]})
    frame["x"] = np.arange(160) / 7e3
    out, plan = run(classic, frame, accept=accept)
    failed = np.flatnonzero((out[PREDICTION_ERROR] != "").to_numpy())
    assert failed.tolist() == [0, 70, 100, 159]
    assert out.columns.tolist() == ["prediction", "atoms", "small", PREDICTION_ERROR]
    good = [row for row in range(160) if row not in failed]
    expected = [len(smiles[row]) / 3 for row in good]
    assert out["prediction"].iloc[good].tolist() == pytest.approx(expected, rel=PRECISION[accept])
    assert out["prediction"].isna().sum() == 4
    assert plan.requests < 100
