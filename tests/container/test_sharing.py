"""Promise: one request of a slow model keeps every free worker busy, and its answer is what one worker would give."""

import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from chem_endpoints.wire import arrow_format
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES
from chem_endpoints.wire.manifest import Output
from server_processes import Server, starting, write_own_script_bundle

ROWS = 120
SLOW = '''
"""Says which process answered; some texts are told to misbehave."""
import os, time
from chem_endpoints.wire.rows import each_row

def model_fn(model_dir):
    return None

def predict_fn(df, model):
    lengths = []
    for _, text in each_row(enumerate(df["smiles"])):
        time.sleep(0.02)
        if text.startswith("crash"):
            os._exit(9)
        if text.startswith("raise"):
            raise ValueError
        lengths.append(float(len(text)))
    return df.assign(prediction=lengths, pid=float(os.getpid()))
'''
OUTPUTS = (Output(name="prediction", dtype="float64"), Output(name="pid", dtype="float64"))
TEXTS = ["C" * (row % 50 + 1) for row in range(ROWS)]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    with starting(tmp_path_factory.mktemp("sharing")) as started:
        yield started


@pytest.fixture(scope="module")
def server(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    return start(write_own_script_bundle(tmp_path_factory.mktemp("slow"), SLOW, outputs=OUTPUTS))


def body(texts: list[str], content_type: str, *, padding: int = 0) -> bytes:
    frame = pd.DataFrame({"smiles": texts, "row": [str(row) for row in range(len(texts))], "pad": "x" * padding})
    if content_type == CSV:
        return frame.to_csv(index=False).encode()
    if content_type == JSON:
        return frame.to_json(orient="records").encode()
    if content_type == JSON_LINES:
        return frame.to_json(orient="records", lines=True).encode()
    return arrow_format.write_arrow(frame)


def answer(content: bytes, content_type: str) -> pd.DataFrame:
    if content_type == CSV:
        return pd.read_csv(io.BytesIO(content), keep_default_na=False, na_values=["", "N/A"])
    if content_type == JSON:
        return pd.DataFrame(json.loads(content))
    if content_type == JSON_LINES:
        return pd.DataFrame([json.loads(line) for line in content.splitlines()])
    return arrow_format.read_arrow(content)


@pytest.mark.parametrize("content_type", [CSV, JSON, JSON_LINES, ARROW])
@pytest.mark.parametrize("padding", [0, 1000])  # the larger bodies travel as files
def test_rows_come_back_in_order_from_both_workers(server: Server, content_type: str, padding: int) -> None:
    response = server.post(body(TEXTS, content_type, padding=padding), content_type, Accept=content_type)
    assert response.status_code == 200
    out = answer(response.content, content_type)
    assert out["row"].astype(int).tolist() == list(range(ROWS))
    assert out["prediction"].tolist() == [len(text) for text in TEXTS]
    assert out["pid"].nunique() == 2


def test_the_log_line_counts_the_rows_of_all_workers_once(server: Server) -> None:
    texts = [*TEXTS]
    texts[3] = texts[-3] = "raise"
    response = server.post(body(texts, CSV))
    out = answer(response.content, CSV)
    bad = out.index[out["prediction"].isna()].tolist()
    assert bad == [3, ROWS - 3]
    line = server.requests()[-1]
    assert (line["Rows"], line["bad_rows"]) == (ROWS, {"prediction_failed": 2})


def test_a_crash_in_either_half_costs_its_row_alone(start: Callable[..., Server], tmp_path: Path) -> None:
    server = start(write_own_script_bundle(tmp_path, SLOW, outputs=OUTPUTS))
    texts = [*TEXTS]
    texts[30] = texts[ROWS - 30] = "crash"
    out = answer(server.post(body(texts, CSV)).content, CSV)
    assert out["row"].tolist() == list(range(ROWS))
    assert out.index[out["prediction"].isna()].tolist() == [30, ROWS - 30]
    assert out["prediction_error"].dropna().str.startswith("worker_crashed").all()


def test_a_strict_caller_is_told_of_rows_in_both_halves(server: Server) -> None:
    texts = [*TEXTS]
    texts[2] = texts[-2] = "raise"
    response = server.post(body(texts, CSV), X_Amzn_SageMaker_Custom_Attributes="strict=true")
    assert response.status_code == 422
    assert response.json()["rows"] == [2, ROWS - 2]


def test_the_deadline_times_out_the_rows_of_each_half_that_are_left(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    folder = write_own_script_bundle(tmp_path, SLOW, outputs=OUTPUTS)
    server = start(folder, CHEM_ENDPOINTS_REQUEST_SECONDS="2")
    out = answer(server.post(body(TEXTS * 4, CSV)).content, CSV)
    assert out["row"].tolist() == list(range(4 * ROWS))
    late = out["prediction"].isna()
    assert 0 < late.sum() < len(out)
    assert out.loc[late, "prediction_error"].str.startswith("timeout").all()
    assert out.loc[~late, "pid"].nunique() == 2


def test_a_caller_that_leaves_frees_both_workers(server: Server) -> None:
    import httpx

    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"http://127.0.0.1:{server.port}/invocations",
            content=body(TEXTS * 20, CSV),
            headers={"Content-Type": CSV},
            timeout=2.5,
        )
    began = time.monotonic()
    assert server.post(body(TEXTS[:1], CSV)).status_code == 200
    assert server.post(body(TEXTS, CSV)).status_code == 200
    assert time.monotonic() - began < 20
