"""Promise: what one row costs is limited, by time and by memory; the row is named, and the others are predicted."""

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

Start = Callable[..., Any]
Bundle = Callable[..., Path]

SCRIPT = '''
"""Predicts the length of a text; some texts cost more than they may."""
import ctypes, time
import numpy as np
from chem_endpoints.wire.rows import each_row

def model_fn(model_dir):
    return None

def predict_fn(df, model):
    lengths = []
    for _, text in each_row(enumerate(df["smiles"])):
        if text == "spin":
            while True:
                pass
        if text.startswith("busy"):
            until = time.process_time() + 0.05
            while time.process_time() < until:
                pass
        if text == "segfault":
            ctypes.string_at(0)
        if text == "gigabytes":
            bytearray(3_000_000_000)
        if text == "print":
            print("CANARYCC", flush=True)
        lengths.append(float(len(text)))
    return df.assign(prediction=np.array(lengths))
'''

WHOLE_COLUMNS = '''
"""The same without saying which row it is on."""
import os, time

def model_fn(model_dir):
    return None

def predict_fn(df, model):
    if (df["smiles"] == "crash").any():
        os._exit(9)
    if (df["smiles"] == "hang").any():
        time.sleep(3600)
    return df.assign(prediction=df["smiles"].str.len().astype(float))
'''


def answers(response: Any) -> list[list[str]]:
    assert response.status_code == 200, response.text
    return [line.split(",", 2) for line in response.text.splitlines()[1:]]


@pytest.fixture(scope="module")
def costly(own_script_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Any:
    from server_processes import starting

    with starting(tmp_path_factory.mktemp("costly")) as start:
        yield start(
            own_script_bundle(SCRIPT),
            CHEM_ENDPOINTS_ROW_SECONDS="1",
            CHEM_ENDPOINTS_ROW_MEMORY_MB="300",
            CHEM_ENDPOINTS_WORKERS="1",
        )


@pytest.mark.parametrize(
    ("text", "reason", "restarts"),
    [
        ("spin", '"timeout: the model worked on this row for more than 1 s"', 1),
        ("segfault", "worker_crashed: the model's process died on this row", 1),
        ("gigabytes", "too_large: the model needs more memory for this row than it may use", 0),
    ],
)
def test_a_row_that_costs_too_much_is_named_at_once(costly: Any, text: str, reason: str, restarts: int) -> None:
    before = costly.client.get("/health").json()["worker_restarts"]
    rows = answers(costly.post(f"smiles\nC\nCC\n{text}\nCCC\n"))
    assert [row[1] for row in rows] == ["1.0", "2.0", "N/A", "3.0"]
    assert rows[2][2].strip('"') == reason.strip('"')
    assert costly.client.get("/health").json()["worker_restarts"] == before + restarts


def test_many_costly_rows_leave_the_honest_ones_alone(costly: Any) -> None:
    texts = ["C" * (1 + row % 50) for row in range(500)]
    for row, text in ((3, "segfault"), (120, "gigabytes"), (121, "spin"), (400, "segfault"), (499, "gigabytes")):
        texts[row] = text
    rows = answers(costly.post("smiles\n" + "\n".join(texts) + "\n"))
    for text, row in zip(texts, rows, strict=True):
        assert row[1] == ("N/A" if text in ("segfault", "gigabytes", "spin") else f"{len(text)}.0")


def test_rows_that_each_take_a_little_may_take_longer_together(costly: Any) -> None:
    answers(costly.post("smiles\n" + "C\n" * 2000))  # it learns to give the model many rows at once
    before = costly.client.get("/health").json()["worker_restarts"]
    rows = answers(costly.post("smiles\n" + "busy\n" * 90))  # 4.5 s of processor time; a row may take 1 s
    assert [row[1:] for row in rows] == [["4.0", ""]] * 90
    assert costly.client.get("/health").json()["worker_restarts"] == before


def test_what_model_code_prints_stays_out_of_the_log(
    costly: Any, start_server: Start, own_script_bundle: Bundle
) -> None:
    assert answers(costly.post("smiles\nprint\n"))[0][1] == "5.0"
    assert "CANARY" not in costly.log_path.read_text()
    shown = start_server(own_script_bundle(SCRIPT), CHEM_ENDPOINTS_WORKER_OUTPUT="show", CHEM_ENDPOINTS_WORKERS="1")
    assert answers(shown.post("smiles\nprint\n"))[0][1] == "5.0"
    assert "CANARY" in shown.log_path.read_text()


def test_a_script_that_names_no_row_is_halved_until_the_row_stands_alone(
    start_server: Start, own_script_bundle: Bundle
) -> None:
    server = start_server(own_script_bundle(WHOLE_COLUMNS), CHEM_ENDPOINTS_ROW_SECONDS="1")
    texts = ["C"] * 40
    texts[7], texts[30] = "crash", "hang"
    rows = answers(server.post("smiles\n" + "\n".join(texts) + "\n"))
    assert [row for row, cells in enumerate(rows) if cells[1] != "1.0"] == [7, 30]
    assert rows[7][2].startswith("worker_crashed")
    assert "timeout" in rows[30][2]


def test_rows_that_are_done_at_the_deadline_keep_their_values(start_server: Start, own_script_bundle: Bundle) -> None:
    server = start_server(own_script_bundle(), CHEM_ENDPOINTS_REQUEST_SECONDS="2", CHEM_ENDPOINTS_WORKERS="1")
    rows = answers(server.post("smiles\n" + "sleep=0.2\n" * 40))
    done = [row for row, cells in enumerate(rows) if cells[1] == "9.0"]
    assert done
    assert done == list(range(len(done)))
    assert all("timeout: request deadline" in cells[2] for cells in rows[len(done) :])
    assert len(rows) == 40


def test_a_caller_that_has_gone_keeps_no_worker(start_server: Start, own_script_bundle: Bundle) -> None:
    server = start_server(own_script_bundle(), CHEM_ENDPOINTS_WORKERS="1")
    body = b"smiles\nsleep=9\n"
    with socket.create_connection(("127.0.0.1", server.port)) as caller:
        head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: {len(body)}\r\n\r\n"
        caller.sendall(head.encode() + body)
        time.sleep(0.3)  # the worker has it now
    assert answers(server.post("smiles\nCCC\n"))[0][1] == "3.0"
    deadline = time.monotonic() + 10
    while server.client.get("/health").json()["worker_restarts"] < 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.client.get("/health").json()["worker_restarts"] == 1


def test_a_hostile_row_changes_nothing_for_those_who_wait_beside_it(
    start_server: Start, own_script_bundle: Bundle
) -> None:
    source = """
import os

def model_fn(model_dir):
    return None

def predict_fn(df, model):
    return df.assign(prediction=df["x"])

def predict_matrix_fn(matrix, model):
    if (matrix[:, 0] == 666).any():
        os._exit(9)
    if (matrix[:, 0] == 667).any():
        raise ValueError("667")
    return {"prediction": matrix[:, 0]}, {}
"""
    from chem_endpoints.wire.manifest import Feature, GoldenRows

    golden = GoldenRows(input={"x": [1.0]}, output={"prediction": [1.0]}, relative_tolerance=1e-6)
    features = (Feature(name="x", dtype="float64"),)
    server = start_server(own_script_bundle(source, golden=golden, features=features), CHEM_ENDPOINTS_WORKERS="1")
    outcomes: dict[int, str] = {}

    def ask(number: int) -> None:
        value = 666 if number % 10 == 3 else 667 if number % 10 == 7 else number
        outcomes[number] = server.post(f"x\n{value}\n").text

    callers = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    for number, text in outcomes.items():
        row = text.splitlines()[1]
        if number % 10 == 3:
            assert "worker_crashed" in row, text
        elif number % 10 == 7:
            assert "prediction_failed: the model raised ValueError" in row, text
        else:
            assert row == f"{number},{number}.0,", text


def test_large_bodies_and_deaths_leave_no_open_file_behind(start_server: Start, own_script_bundle: Bundle) -> None:
    server = start_server(own_script_bundle(), CHEM_ENDPOINTS_WORKERS="1")
    body = "smiles\n" + "CCO\n" * 8_000 + "crash\n"
    assert len(answers(server.post(body))) == 8_001
    process = psutil.Process(server.process.pid)
    before = process.num_fds()
    for _ in range(3):
        assert len(answers(server.post(body))) == 8_001
        server.post(body, "text/csv", Accept="application/vnd.apache.parquet")
        server.post(b"\x1f\x8b" + os.urandom(100_000))
    assert process.num_fds() <= before + 2
