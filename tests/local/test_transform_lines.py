"""Promise: no record is lost, doubled or moved when an object is cut into mini-batches and put together again."""

import io
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.local.transform_filters import RecordFilters
from chem_endpoints.local.transform_lines import Assembly, Cut, MiniBatch, RecordError, mini_batches

AS_THEY_ARE = RecordFilters()


def cut(*, by_line: bool = True, single: bool = False, payload: int | None = 100) -> Cut:
    return Cut(by_line=by_line, single=single, payload_bytes=payload)


def content(batch: MiniBatch) -> bytes:
    with closing(batch):
        batch.body.seek(0)
        return batch.body.read()


def batches(text: bytes, how: Cut, filters: RecordFilters = AS_THEY_ARE) -> list[bytes]:
    return [content(batch) for batch in mini_batches(io.BytesIO(text), how, filters)]


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line)), st.booleans(), st.booleans())
def test_mini_batches_together_are_the_object(lines: list[bytes], single: bool, ended: bool) -> None:
    text = b"\n".join(lines) + (b"\n" if ended else b"")
    found = batches(text, cut(single=single, payload=40))
    assert b"".join(found) == text
    assert all(0 < len(batch) <= 40 for batch in found)
    if single:
        assert all(batch.count(b"\n") <= 1 for batch in found)


def test_a_mini_batch_has_as_many_records_as_fit() -> None:
    assert batches(b"aaa\nbb\nc\ndddd\n", cut(payload=7)) == [b"aaa\nbb\n", b"c\ndddd\n"]


def test_single_record_sends_one() -> None:
    assert batches(b"a\nb\nc", cut(single=True)) == [b"a\n", b"b\n", b"c"]


def test_an_object_that_is_not_split_is_one_request() -> None:
    assert batches(b"a\nb\n", cut(by_line=False)) == [b"a\nb\n"]
    assert batches(b"a\nb\n", cut(by_line=False), RecordFilters(joined=True)) == [b"a\nb\n"]


def test_an_empty_object_is_no_request() -> None:
    for by_line in (True, False):
        assert batches(b"", cut(by_line=by_line)) == []


@pytest.mark.parametrize("by_line", [True, False])
@pytest.mark.parametrize("filters", [AS_THEY_ARE, RecordFilters(joined=True)], ids=["plain", "joined"])
def test_a_record_that_is_too_large_is_an_error_and_those_before_it_are_not(
    by_line: bool, filters: RecordFilters
) -> None:
    with pytest.raises(RecordError, match="Too much data for max payload size"):
        batches(b"x" * 11, cut(by_line=by_line, payload=10), filters)


def test_without_a_limit_everything_fits() -> None:
    assert batches(b"x" * 1000 + b"\ny", cut(payload=None)) == [b"x" * 1000 + b"\ny"]


def assembled(
    text: bytes, answers: list[bytes], how: Cut, *, by_line: bool = True, filters: RecordFilters = AS_THEY_ARE
) -> bytes:
    output, assembly = io.BytesIO(), Assembly(by_line=by_line, cut=how, filters=filters)
    for batch, answer in zip(mini_batches(io.BytesIO(text), how, filters), answers, strict=True):
        with closing(batch):
            assembly.add(output, batch, io.BytesIO(answer))
    return output.getvalue()


def test_answers_follow_each_other_with_one_line_end_each() -> None:
    assert assembled(b"a\nb\n", [b"1", b"2\n"], cut(single=True)) == b"1\n2\n"
    assert assembled(b"a\nb\n", [b"1", b"2\n"], cut(single=True), by_line=False) == b"12\n"
    assert assembled(b"a\n", [b""], cut(single=True)) == b""


def test_each_record_is_joined_with_its_own_answer() -> None:
    joined = RecordFilters.of({"JoinSource": "Input", "InputFilter": "$[1:]"}, "text/csv")
    assert assembled(b"i,a\nj,b\nk,c", [b"1\n2\n3\n"], cut(), filters=joined) == b"i,a,1\nj,b,2\nk,c,3\n"


@pytest.mark.parametrize("answer", [b"1\n", b"1\n2\n3\n"])
def test_an_answer_with_other_records_than_asked_is_not_joined(answer: bytes) -> None:
    with pytest.raises(RecordError, match="as many records"):
        assembled(b"a\nb\n", [answer], cut(), filters=RecordFilters(joined=True, csv=True))
