"""Promise: how many rows a model gets at once follows from its own speed; what strict callers are told stays small."""

import json
from typing import Any

import pandas as pd
import pytest

from chem_endpoints.wire.content_types import CSV
from chem_endpoints.wire.manifest import Feature
from container.server.answering import Answering, Output
from container.server.asking import Ask
from container.server.body_source import BodyReader, BodySource
from container.server.frames import Frame, Kind
from container.server.invocations import _RowsFailedError
from container.server.job import Figures, Job
from container.server.plain_csv import HeaderPlans
from container.server.prediction import Predictor
from container.server.published import Cells, PublishedWork
from container.server.reason_counts import TOLD_ROWS, told_of
from container.server.script import Script
from manifests import small_manifest

ASK = Ask(content_type=CSV, accept=CSV, returned="all", limit=10**6)
NO_VALUE = "name,smiles\n" + "x,\n" * 5000


def answering(called: list[int] | None = None) -> Answering:
    """Answers with a model that writes down how many rows it gets."""

    def predict(df: pd.DataFrame, model: None) -> pd.DataFrame:
        if called is not None:
            called.append(len(df))
        return df.assign(prediction=df["smiles"].str.len().astype(float))

    manifest = small_manifest({}, features=(Feature(name="smiles", dtype="text"),))
    return Answering(
        reader=BodyReader(manifest, HeaderPlans(manifest)),
        predictor=Predictor(
            script=Script(model_fn=lambda folder: None, predict_fn=predict), model=None, manifest=manifest
        ),
        work=PublishedWork(Cells()),
        row_seconds=60,
    )


def frames(own: Answering, body: str, ask: Ask = ASK) -> list[Frame]:
    told = list(own.frames(ask, BodySource(data=body.encode(), size=len(body)), Output()))
    assert told[-1].kind is Kind.DONE
    return told[:-1]


def test_rows_that_the_model_never_saw_say_nothing_of_its_speed() -> None:
    own = answering()
    frames(own, NO_VALUE)
    assert own.pace.rows == 1
    late = Ask(content_type=CSV, accept=CSV, returned="all", limit=10**6, fail_all="timeout: the request's deadline")
    frames(own, "smiles\n" + "C\n" * 5000, late)
    assert own.pace.rows == 1


def test_rows_with_a_reason_take_no_place_in_a_slice() -> None:
    called: list[int] = []
    told = frames(answering(called), NO_VALUE + "x,C\n" + "x,\n" * 5000 + "x,CC\n")
    assert called == [1, 1]
    assert len(told) == 2
    assert b"".join(frame.body for frame in told).count(b"missing_value") == 10_000


def test_the_first_slice_is_one_row_also_after_a_caller_with_bad_rows_only() -> None:
    called: list[int] = []
    own = answering(called)
    frames(own, NO_VALUE)
    frames(own, "smiles\n" + "C\n" * 40)
    assert called[0] == 1


@pytest.mark.parametrize("strict", [False, True])
def test_a_part_tells_the_rows_of_the_request_to_strict_callers_only(strict: bool) -> None:
    head = told_of({3: "invalid_smiles: x", 1: "in the script's words: CCO"}, first_row=100, strict=strict)
    assert head["bad"] == {"invalid_smiles": 1, "other": 1}
    told = [[101, "prediction_failed: see the row itself"], [103, "invalid_smiles: x"]]
    assert head.get("told") == (told if strict else None)
    assert told_of({}, first_row=0, strict=True) == {}


def test_a_refusal_names_the_first_rows_however_many_parts_told_of_some() -> None:
    job: Any = Job.__new__(Job)
    job.told, job.bad_rows, job.parts, job.news, job.ask = [], {}, [], None, ASK
    for part in range(100):
        reasons = dict.fromkeys(range(40), "missing_value: column 'smiles' is empty")
        head = {"start": part * 40, "stop": part * 40 + 40, **told_of(reasons, first_row=part * 40, strict=True)}
        job.take_part(Frame(Kind.ROWS, head, b""))
    error = _RowsFailedError(Figures(rows=4000, bad_rows=job.bad_rows, milliseconds={}, pid=1, told=tuple(job.told)))
    assert error.details["rows"] == list(range(TOLD_ROWS))
    assert str(error).startswith("4000 of 4000 rows")
    assert len(json.dumps(error.details)) < 1000
