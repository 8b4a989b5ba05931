"""Promise: a row that crashes, hangs or raises costs itself alone; /ping never waits for a model."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.wire.columns import PREDICTION_ERROR


def answers(response: Any) -> list[list[str]]:
    assert response.status_code == 200, response.text
    return [line.split(",", 2) for line in response.text.splitlines()[1:]]


def test_an_exception_of_the_model_is_the_reason_of_its_row_alone(lengths: Any) -> None:
    rows = answers(lengths.post("smiles\nC\nraise\nCCC\nraise\nCC\n"))
    assert [row[1] for row in rows] == ["1.0", "N/A", "3.0", "N/A", "2.0"]
    assert rows[1][2] == "prediction_failed: the model raised ValueError"


def test_a_row_that_kills_its_process_is_named_and_the_others_are_predicted(lengths: Any) -> None:
    rows = answers(lengths.post("smiles\nC\ncrash\nCCC\ncrash\nCC\n"))
    assert [row[1] for row in rows] == ["1.0", "N/A", "3.0", "N/A", "2.0"]
    assert rows[1][2] == "worker_crashed: the model's process died on this row"


def test_killing_a_worker_during_a_request_loses_no_row(lengths: Any) -> None:
    before = set(lengths.worker_pids())
    done: list[Any] = []
    body = "smiles\nC\nsleep=1.5\nCCC\n"
    caller = threading.Thread(target=lambda: done.append(lengths.post(body)))
    caller.start()
    time.sleep(0.7)
    for pid in before:  # whichever of them has the request
        os.kill(pid, signal.SIGKILL)
    caller.join()
    assert [row[1] for row in answers(done[0])] == ["1.0", "9.0", "3.0"]
    assert not before & set(lengths.worker_pids())


def test_ping_answers_while_every_worker_is_busy(lengths: Any) -> None:
    order: list[str] = []

    def predict() -> None:
        lengths.post("smiles\nsleep=2\n")
        order.append("prediction")

    callers = [threading.Thread(target=predict) for _ in lengths.worker_pids()]
    for caller in callers:
        caller.start()
    time.sleep(0.3)
    for _ in range(20):
        assert lengths.client.get("/ping").status_code == 200
        order.append("ping")
    for caller in callers:
        caller.join()
    assert order == ["ping"] * 20 + ["prediction"] * len(callers)


def test_rows_that_are_not_done_at_the_deadline_say_so(
    start_server: Callable[..., Any], own_script_bundle: Callable[..., Path]
) -> None:
    server = start_server(own_script_bundle(), CHEM_ENDPOINTS_REQUEST_SECONDS="1", CHEM_ENDPOINTS_WORKERS="1")
    rows = answers(server.post("smiles\nC\nsleep=60\n"))
    assert [row[1] for row in rows] == ["1.0", "N/A"]  # what is done is not thrown away
    assert rows[1][2].startswith('"timeout: request deadline')
    assert answers(server.post("smiles\nC\n"))[0][1] == "1.0"  # a fresh worker has taken over


def test_a_full_queue_says_come_again_and_ping_stays(
    start_server: Callable[..., Any], own_script_bundle: Callable[..., Path]
) -> None:
    server = start_server(own_script_bundle(), CHEM_ENDPOINTS_WORKERS="1")
    refused: list[Any] = []
    statuses: list[int] = []

    def predict() -> None:
        answer = server.post("smiles\nsleep=0.1\n")
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            refused.append(answer)

    callers = [threading.Thread(target=predict) for _ in range(100)]  # 1 at work, 64 may wait
    for caller in callers:
        caller.start()
    assert server.client.get("/ping").status_code == 200
    for caller in callers:
        caller.join()
    assert set(statuses) == {200, 429}
    assert len(statuses) == 100
    assert refused[0].headers["Retry-After"] == "1"
    assert refused[0].json()["code"] == "overloaded"


def test_workers_that_died_while_idle_cost_no_request(lengths: Any) -> None:
    for pid in lengths.worker_pids():
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)
    assert lengths.client.get("/ping").status_code == 200
    assert answers(lengths.post("smiles\nCCC\n"))[0][1] == "3.0"


def test_a_request_that_never_got_a_worker_is_told_to_come_again(
    start_server: Callable[..., Any], own_script_bundle: Callable[..., Path]
) -> None:
    server = start_server(own_script_bundle(), CHEM_ENDPOINTS_REQUEST_SECONDS="1", CHEM_ENDPOINTS_WORKERS="1")
    first = threading.Thread(target=lambda: server.post("smiles\nsleep=0.9\n"))
    first.start()
    time.sleep(0.3)
    busy = threading.Thread(target=lambda: server.post("smiles\nsleep=0.9\n"))
    busy.start()
    time.sleep(0.1)
    waited = server.post("smiles\nC\n")
    first.join()
    busy.join()
    assert waited.status_code in (200, 429)
    assert server.post("smiles\nC\n").status_code == 200


def test_an_answer_of_the_wrong_type_is_the_scripts_error_and_kills_no_worker(
    start_server: Callable[..., Any], own_script_bundle: Callable[..., Path]
) -> None:
    source = """
def model_fn(model_dir):
    return None

def predict_fn(df, model):
    if df["smiles"].str.startswith("CCO").all():
        return df.assign(prediction=3.0)
    if df["smiles"].str.startswith("told").all():
        return df.assign(prediction=1.0, prediction_error="cannot embed CANARYCC")
    return df.assign(prediction="CANARY")
"""
    server = start_server(own_script_bundle(source), CHEM_ENDPOINTS_WORKERS="1")
    before = server.worker_pids()
    answer = server.post("smiles\nx\n")
    assert (answer.status_code, answer.json()["code"]) == (500, "model_script_error")
    assert answers(server.post("smiles\ntold\n"))[0][2] == "cannot embed CANARYCC"
    assert server.requests()[-1]["bad_rows"] == {"other": 1}
    assert server.worker_pids() == before
    assert "CANARY" not in server.log_path.read_text()


def test_no_structure_reaches_the_log(server: Any, lengths: Any) -> None:
    canary = "CANARYCC1CC"
    for target in (server, lengths):
        target.post(f"smiles\n{canary}\nC{canary}(\nraise\n")
        target.post(f"{canary}\nC\n")
        target.post('[{"smiles": "' + canary + '"', "application/json")
        assert "CANARY" not in target.log_path.read_text()


def test_a_model_with_threads_is_not_forked_but_loaded_by_each_worker(
    start_server: Callable[..., Any], own_script_bundle: Callable[..., Path]
) -> None:
    source = """
import threading, time

def model_fn(model_dir):
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    return 1.0

def predict_fn(df, model):
    return df.assign(prediction=df["smiles"].str.len() * model)
"""
    server = start_server(own_script_bundle(source))
    assert server.client.get("/health").json()["workers_are_forked"] is False
    assert answers(server.post("smiles\nCCC\n"))[0][1] == "3.0"


@pytest.mark.parametrize("index", ["", ".reset_index(drop=True)"])
def test_a_script_that_loses_rows_is_our_error_not_the_callers(
    start_server: Callable[..., Any], own_script_bundle: Callable[..., Path], index: str
) -> None:
    source = """
def model_fn(model_dir):
    return None

def predict_fn(df, model):
    kept = df if len(df) == 1 else df.iloc[1:]INDEX
    return kept.assign(prediction=kept["smiles"].str.len().astype(float))
"""
    server = start_server(own_script_bundle(source.replace("INDEX", index)), CHEM_ENDPOINTS_WORKERS="1")
    answer = server.post("smiles\nC\nCC\nCCC\n")
    assert (answer.status_code, answer.json()["code"]) == (500, "model_script_error")
    assert "got 2 rows and returned 1" in answer.json()["message"]
    assert PREDICTION_ERROR not in answer.text
