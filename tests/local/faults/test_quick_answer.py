"""Promise: the quick answers for benchmarks are those of the careful way, or there is none."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from chem_endpoints.local.faults.container import Request, Worked, work
from chem_endpoints.local.faults.quick_answer import QuickModel, quick_answer
from chem_endpoints.local.faults.release import Release
from chem_endpoints.local.faults.settings import RuntimeSettings
from chem_endpoints.local.faults.simple_models import number_release, text_release
from chem_endpoints.wire import codec
from chem_endpoints.wire.answers import restore_answer
from chem_endpoints.wire.arrow_format import arrow_digest
from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.content_types import ARROW, CSV

TEXTS = st.one_of(
    st.sampled_from(["CCO", "bad", "badly", "", "__NA__", "N/A", 'a"b', "a,b", "é", "a\nb"]), st.text("CNO", max_size=3)
)
FORMATS = st.sampled_from([CSV, ARROW])
NUMBERS = st.floats(allow_nan=True, allow_infinity=False)


def compare(release: Release, rows: pd.DataFrame, content_type: str, accept: str) -> bool:
    """Whether there was a quick answer; it is the careful one then."""
    body = codec.encode(rows, content_type)
    request = Request(body=body, content_type=content_type, accept=accept, attributes="return=added")
    quick = quick_answer(body, content_type, accept, release.quick, release.digest) if release.quick else None
    careful = work(request, replace(release, quick=None), RuntimeSettings(), available=None)
    used = work(request, release, RuntimeSettings(), available=None)
    assert read(used, release, accept) == read(careful, release, accept)
    assert (used.seconds, used.rows) == (careful.seconds, careful.rows)
    return quick is not None


def read(worked: Worked, release: Release, content_type: str) -> Any:
    assert worked.answer is not None
    frame = codec.decode(worked.answer.body, content_type)
    answer = restore_answer(frame, release.manifest.outputs)
    numbers = [int(number) for number in frame[ROW_NUMBER]]
    digest = arrow_digest(worked.answer.body) if content_type == ARROW else worked.answer.attributes
    assert release.digest in digest
    assert worked.sent is not None
    return numbers, answer.to_json(double_precision=15), list(answer.dtypes), worked.sent.iloc[:, 0].isna().tolist()


@given(st.lists(TEXTS, max_size=6), FORMATS, FORMATS)
def test_texts(texts: list[str], content_type: str, accept: str) -> None:
    rows = pd.DataFrame({ROW_NUMBER: range(3, 3 + len(texts)), "smiles": pd.Series(texts, dtype="str")})
    if content_type == CSV:
        rows = rows[rows["smiles"] != "__NA__"].reset_index(drop=True)
    compare(text_release(), rows, content_type, accept)


@given(st.lists(NUMBERS, max_size=6), FORMATS, FORMATS)
def test_numbers(numbers: list[float], content_type: str, accept: str) -> None:
    rows = pd.DataFrame({ROW_NUMBER: range(len(numbers)), "x0": np.array(numbers, dtype="float64"), "x1": 1.5})
    compare(number_release(2), rows, content_type, accept)


@pytest.mark.parametrize("accept", [CSV, ARROW])
@pytest.mark.parametrize("content_type", [CSV, ARROW])
def test_common_requests_are_answered_quickly(content_type: str, accept: str) -> None:
    rows = pd.DataFrame({ROW_NUMBER: range(2), "smiles": ["CCO", "bad"], "x0": [1.0, 2.0]})
    assert compare(text_release(), rows[[ROW_NUMBER, "smiles"]], content_type, accept)
    assert compare(number_release(1), rows[[ROW_NUMBER, "x0"]], content_type, accept)


def test_another_format_is_left_to_the_careful_way() -> None:
    quick: QuickModel | None = text_release().quick
    assert quick is not None
    assert quick_answer(b"{}", "application/json", CSV, quick, "") is None
    assert quick_answer(b"not arrow", ARROW, ARROW, quick, "") is None


def test_rows_that_stay_rows() -> None:
    rows = pd.DataFrame({ROW_NUMBER: [7, 5], "smiles": ["C", "CC"]})
    body = codec.encode(rows, CSV)
    quick: Any = text_release().quick
    found = quick_answer(body, CSV, CSV, quick, "")
    assert found is not None
    assert_frame_equal(found.sent, rows[["smiles"]])
