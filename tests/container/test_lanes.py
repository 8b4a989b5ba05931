"""Promise: whether a body is read by splitting lines or by the general reader, alone or with others, its answer is the
same to the byte."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.manifest import Feature, Manifest, Output
from chem_endpoints.wire.matrix import to_float32
from chem_endpoints.wire.options import Return
from container.server import plain_csv
from container.server.answering import Answering
from container.server.answering import Output as Place
from container.server.asking import Ask
from container.server.body_source import BodyReader, BodySource
from container.server.frames import Kind
from container.server.json_group import json_group
from container.server.plain_csv import HeaderPlan, HeaderPlans
from container.server.prediction import Predictor
from container.server.published import Cells, PublishedWork
from container.server.script import Script
from container.server.together import answer_together
from manifests import small_manifest

Columns = dict[str, npt.NDArray[np.float64]]
ASK = Ask(content_type=CSV, accept=CSV, returned="all", limit=10**6)
TOO_BIG = "prediction_failed: the first number, says the model, is above 1000"


def manifest(*, missing: Any = "error") -> Manifest:
    features = (Feature(name="a", dtype="float64", missing=missing), Feature(name="B", dtype="float64"))
    return small_manifest({}, features=features, outputs=(Output(name="prediction", dtype="float64"),))


def predict_matrix(matrix: npt.NDArray[np.float32], model: None) -> tuple[Columns, dict[int, str]]:
    values = np.nan_to_num(matrix.astype(np.float64)).sum(axis=1)
    return {"prediction": values}, dict.fromkeys(np.flatnonzero(matrix[:, 0] > 1000).tolist(), TOO_BIG)


def predict_frame(df: pd.DataFrame, model: None) -> pd.DataFrame:
    matrix, beyond = to_float32(df[["a", "B"]].to_numpy(dtype=np.float64))
    columns, reasons = predict_matrix(matrix, model)
    told = {**reasons, **beyond}
    return df.assign(**columns, prediction_error=[told.get(row, "") for row in range(len(df))])


def answering(manifest: Manifest, *, general: bool = False, by_frame: bool = False) -> Answering:
    plans = HeaderPlans(manifest)
    if general:
        plans.of = lambda header: None  # type: ignore[assignment]
    reader = BodyReader(manifest, plans)
    script = Script(
        model_fn=lambda folder: None, predict_fn=predict_frame, predict_matrix_fn=None if by_frame else predict_matrix
    )
    return Answering(
        reader=reader,
        predictor=Predictor(script=script, model=None, manifest=manifest),
        work=PublishedWork(Cells()),
        row_seconds=60,
    )


def answer(answering: Answering, body: bytes, ask: Ask = ASK) -> bytes | str:
    """The answer's bytes, or the error's text."""
    try:
        frames = list(answering.frames(ask, BodySource(data=body, size=len(body)), Place()))
    except WireError as error:
        return f"{error.code}: {error}"
    assert frames[-1].kind is Kind.DONE
    return b"".join(frame.body for frame in frames)


ODD_NUMBERS = [
    *("", "N/A", "__NA__", "nan", "NaN", "inf", "-Infinity", "1_000", " 7", "7 ", "+7", "1e400", "1e39", "5.", ".5"),
    *("0x10", "1,5", '"7"', "seven", "\u0667", "\xa07", "true", "1e", "-", "1d5", "nan(3)", "7\x00"),
]
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(repr),
    st.integers(-10, 2000).map(str),
    st.sampled_from(ODD_NUMBERS),
)
TEXTS = st.text(st.characters(blacklist_categories=("Cs",)), max_size=8)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    names = draw(st.permutations(["Id", "A", "B", *draw(st.sampled_from([[], [ROW_NUMBER], ["b"], ["Id"]]))]))
    rows = draw(st.integers(0, 6))
    cells = [
        [draw(NUMBERS) if name in ("A", "B") else draw(TEXTS) if name == "Id" else str(row) for name in names]
        for row in range(rows)
    ]
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    text = end.join([",".join(names), *(",".join(row) for row in cells)]) + draw(st.sampled_from([end, end, ""]))
    return draw(st.sampled_from([b"", b"", b"\xef\xbb\xbf"])) + text.encode()


@given(bodies(), st.sampled_from(["all", "added"]), st.sampled_from(["error", "allow"]))
def test_both_readers_give_the_same_bytes(body: bytes, returned: Return, missing: str) -> None:
    described, ask = manifest(missing=missing), replace(ASK, returned=returned)
    general = answer(answering(described, general=True), body, ask)
    assert answer(answering(described), body, ask) == general
    assert answer(answering(described, by_frame=True), body, ask) == general
    assert answer(answering(described, by_frame=True, general=True), body, ask) == general


@given(st.lists(bodies(), min_size=1, max_size=4), st.sampled_from(["all", "added"]))
def test_travelling_together_changes_no_answer(bodies: list[bytes], returned: Return) -> None:
    header = bodies[0][: bodies[0].find(b"\n") + 1]
    rows = [body[body.find(b"\n") + 1 :] for body in bodies]
    described, ask = manifest(), replace(ASK, returned=returned)
    for by_frame in (False, True):
        alone = answering(described, by_frame=by_frame)
        together = answer_together(header, rows, returned, HeaderPlans(described), alone.predictor)
        if together is not None:
            assert together.bodies == [answer(alone, header + row, ask) for row in rows]
            assert sum(map(len, together.bad_rows)) <= sum(together.rows)


VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**64),
    st.none(),
    st.booleans(),
    NUMBERS,
    st.sampled_from([[1], {"x": 1}, 1e300, -0.0, 10**30]),
)


@st.composite
def records(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.permutations(["Id", "A", "B", *draw(st.sampled_from([[], [ROW_NUMBER], ["b"], ["prediction"]]))]))
    rows = [{name: draw(VALUES if name != "Id" else TEXTS) for name in names} for _ in range(draw(st.integers(0, 5)))]
    if rows and draw(st.booleans()) and draw(st.booleans()):
        del rows[-1][draw(st.sampled_from(names))]
    return rows


@given(
    records(),
    st.sampled_from(["all", "added"]),
    st.sampled_from([JSON, JSON_LINES]),
    st.sampled_from([JSON, JSON_LINES]),
)
def test_json_of_numbers_gives_the_same_bytes_without_a_frame(
    rows: list[dict[str, Any]], returned: Return, sent: str, accept: str
) -> None:
    lines = [json.dumps(row) for row in rows]
    body = ("\n".join(lines) if sent == JSON_LINES else "[" + ",".join(lines) + "]").encode()
    ask = replace(ASK, content_type=sent, accept=accept, returned=returned)
    general = answer(answering(manifest()), body, replace(ask, streaming=True))  # the same, row by row
    framed = answering(manifest())
    framed.reader.__dict__["_numbers_only"] = False
    assert answer(framed, body, ask) == general == answer(answering(manifest(), by_frame=True), body, ask)


def test_json_of_numbers_is_read_without_a_frame() -> None:
    body = b'{"instances":[{"Id":"7","a":1,"B":2.5},{"Id":null,"a":"x","B":null}]}'
    ask = replace(ASK, content_type=JSON, accept=JSON)
    assert json_group(body, manifest(), ask) is not None
    assert json.loads(answer(answering(manifest()), body, ask)) == [
        {"Id": "7", "a": 1, "B": 2.5, "prediction": 3.5, "prediction_error": ""},
        {
            "Id": None,
            "a": "x",
            "B": None,
            "prediction": None,
            "prediction_error": "invalid_value: column 'a' must hold a number",
        },
    ]


def test_the_property_is_about_something() -> None:
    body = b"Id,A,B\n007,1.5,2\n008,oops,3\n009,2000,1\n"
    alone = answering(manifest())
    together = answer_together(b"Id,A,B\n", [body[7:]] * 2, "all", HeaderPlans(manifest()), alone.predictor)
    assert together is not None
    assert together.bodies == [answer(alone, body)] * 2
    assert together.bodies[0].splitlines() == [
        b"Id,A,B,prediction,prediction_error",
        b"007,1.5,2,3.5,",
        b"008,oops,3,N/A,invalid_value: column 'a' must hold a number",
        b'009,2000,1,N/A,"' + TOO_BIG.encode() + b'"',
    ]


@pytest.mark.parametrize("spoil", [b"", b"x,1,2,3\n", b"x,1\n", b"x,1_0,2\n", b"x,nan,2\n", b"\n", b'"x",1,2\n'])
def test_many_lines_take_the_parser_and_give_the_same_bytes(spoil: bytes) -> None:
    rows = b"".join(b"%d,%d.25,%d\n" % (row, row, row % 7) for row in range(12_000))
    body = b"Id,A,B\n" + rows + spoil + rows
    assert len(rows) > plain_csv.SPLIT_BYTES
    assert answer(answering(manifest()), body) == answer(answering(manifest(), general=True), body)


def test_a_header_is_planned_for_once_and_for_no_model_it_does_not_fit() -> None:
    plan = HeaderPlans(manifest()).of(b"B,__row__,a\n")
    assert isinstance(plan, HeaderPlan)
    assert (plan.positions, plan.row_number, plan.width) == ((2, 0), 1, 3)
    for header in (b"a,B,prediction\n", b'a,"B"\n', b"a,B,a\n", b"\xef\xbb\xbfa,B\n", b"a,B\xff\n"):
        assert HeaderPlans(manifest()).of(header) is None


@pytest.mark.parametrize("accept", [CSV, ARROW])
def test_what_is_left_of_a_request_joins_what_was_answered(accept: str) -> None:
    body = b"Id,A,B\n" + b"".join(b"%d,%d,1\n" % (row, row) for row in range(20))
    whole = answer(answering(manifest()), body, replace(ASK, accept=accept))
    begun = list(
        answering(manifest()).frames(
            replace(ASK, accept=accept, slice_rows=6, slice_until=20), BodySource(data=body), Place()
        )
    )[:2]
    rest = answer(answering(manifest()), body, replace(ASK, accept=accept, start=12, opened=True))
    joined = b"".join(frame.body for frame in begun) + (rest if isinstance(rest, bytes) else b"")
    if accept == CSV:
        assert joined == whole
    else:
        assert list(_arrow_rows(joined)) == list(_arrow_rows(whole if isinstance(whole, bytes) else b""))


def test_a_few_bytes_that_unpack_to_endless_rows_are_refused() -> None:
    import pyarrow as pa

    numbers = pa.array(np.zeros(1_100_000))
    sink = pa.BufferOutputStream()
    batch = pa.record_batch({"a": numbers, "B": numbers})
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
        stream.write_batch(batch)
    told = answer(answering(manifest()), bytes(sink.getvalue()), replace(ASK, content_type=ARROW, returned="added"))
    assert isinstance(told, str)
    assert told.startswith("body_too_large: ")
    assert "more than 1000000 rows" in told


def _arrow_rows(stream: bytes) -> Iterator[Any]:
    import pyarrow as pa

    return iter(pa.ipc.open_stream(stream).read_all().to_pylist())
