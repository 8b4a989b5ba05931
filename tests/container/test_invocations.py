"""Promise: every row that was sent comes back in place, and every mistake is told as what it is."""

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import solubility_columns
from chem_endpoints.wire.arrow_format import arrow_digest

CSV, JSON, ARROW = "text/csv", "application/json", "application/vnd.apache.arrow.stream"
ADDED = ",".join(solubility_columns.ADDED)
BODY = "id,smiles,note\n007,broken(,x\nNA,CCO,\n1E5,,N/A\ntrue,c1ccccc1,\n"


def test_a_bad_row_comes_back_in_place_with_its_reason_and_the_callers_cells_untouched(server: Any) -> None:
    answer = server.post(BODY)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == CSV  # no charset: SageMaker's own SDK refuses one
    lines = answer.text.splitlines()
    assert lines[0] == f"id,smiles,note,{ADDED}"
    assert lines[1].startswith("007,broken(,x,N/A,N/A,N/A,")
    assert ',"invalid_smiles: ' in lines[1]
    assert lines[2].startswith("NA,CCO,,")
    assert lines[3].startswith("1E5,,N/A,N/A,N/A,N/A,")
    assert lines[3].endswith("missing_value: column 'smiles' is empty")
    assert lines[4].startswith("true,c1ccccc1,,-")


def test_the_reason_is_made_in_a_forked_worker(server: Any) -> None:
    server.post(BODY, X_Amzn_SageMaker_Custom_Attributes="request-id=who-made-it")
    record = server.request("who-made-it")
    assert record["bad_rows"] == {"invalid_smiles": 1, "missing_value": 1}
    assert record["worker_pid"] != server.process.pid
    assert record["worker_pid"] in server.worker_pids()
    assert server.client.get("/health").json()["workers_are_forked"] is True


def test_the_three_formats_give_the_same_numbers(server: Any) -> None:
    smiles = ["CCO", "bad", "CC(=O)Oc1ccccc1C(=O)O"]
    frame = pd.DataFrame({"smiles": smiles})
    by_csv = pd.read_csv(io.BytesIO(server.post(frame.to_csv(index=False)).content))
    by_json = pd.DataFrame(server.post(frame.to_json(orient="records"), JSON).json())
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pandas(frame)
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    by_arrow = pa.ipc.open_stream(server.post(sink.getvalue().to_pybytes(), ARROW).content).read_pandas()
    for column in ("prediction", "q_05", "q_95"):
        values = by_arrow[column].tolist()
        assert [math.isnan(value) for value in values] == [False, True, False]
        for other in (by_csv, by_json):
            assert other[column].astype(float).fillna(0).tolist() == [0 if math.isnan(v) else v for v in values]
    assert by_json["prediction_error"].tolist() == by_arrow["prediction_error"].tolist()


def test_a_row_has_the_same_answer_whatever_is_beside_it(server: Any) -> None:
    smiles = ["CCO", "c1ccccc1", "bad", "CCN(CC)CC", "O=C(O)c1ccccc1"]
    together = server.post("smiles\n" + "\n".join(smiles)).text.splitlines()[1:]
    alone = [server.post(f"smiles\n{text}\n").text.splitlines()[1] for text in smiles]
    assert together == alone


def test_only_the_added_columns_and_the_row_number_when_asked_for(server: Any) -> None:
    answer = server.post(
        "__row__,smiles,x\n7,CCO,1\n", X_Amzn_SageMaker_Custom_Attributes="return=added;unknown=ignored"
    )
    assert answer.text.splitlines()[0] == f"__row__,{ADDED}"


def test_the_answer_says_which_model_gave_it(server: Any) -> None:
    digest = server.client.get("/model").json()["model_sha256"]
    attributes = server.post(BODY).headers["x-amzn-sagemaker-custom-attributes"]
    assert f"model-sha256={digest}" in attributes


@pytest.mark.parametrize("asked", ["return=added", "return=all"])
def test_an_arrow_answer_says_so_itself(server: Any, asked: str) -> None:
    """It may lie in S3, where no response header is beside it."""
    answer = server.post(BODY, Accept=ARROW, X_Amzn_SageMaker_Custom_Attributes=asked)
    assert arrow_digest(answer.content) == server.client.get("/health").json()["model_sha256"]
    assert len(pa.ipc.open_stream(answer.content).read_pandas()) == 4


def test_no_rows_in_no_rows_out(server: Any) -> None:
    assert server.post("smiles\n").text == f"smiles,{ADDED}\n"
    assert server.post("[]", JSON).json() == []


def test_columns_match_whatever_their_case(server: Any) -> None:
    assert server.post("SMILES\nCCO\n").text.startswith("SMILES,prediction")


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        ("", {}, 400, "malformed_body"),
        ("a,b\n1,2,3\n", {}, 400, "malformed_body"),
        ("structure\nCCO\n", {}, 422, "columns_do_not_match"),
        ("Smiles,SMILES\nC,C\n", {}, 422, "columns_do_not_match"),
        ("smiles\nC\n", {"content_type": "application/x-npy"}, 415, "unsupported_content_type"),
        ("smiles\nC\n", {"Accept": "image/png"}, 406, "not_acceptable"),
        ("[1]", {"content_type": JSON}, 400, "malformed_body"),
    ],
)
def test_the_callers_mistake_is_a_4xx_that_says_what_to_do(
    server: Any, body: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = server.post(body, **headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(answer.json()["message"]) > 20


def test_the_nearest_columns_are_named(server: Any) -> None:
    message = server.post("smile,id\nCCO,1\n").json()["message"]
    assert message == "feature 'smiles' has no column (nearest: smile)"


@pytest.mark.parametrize("accept", ["*/*", "text/*;q=0.5, image/png", "text/csv, application/json", ""])
def test_a_caller_without_a_strict_wish_gets_the_format_that_it_sent(server: Any, accept: str) -> None:
    assert server.post("smiles\nCCO\n", Accept=accept).headers["content-type"] == CSV


def test_accept_chooses_the_format(server: Any) -> None:
    answer = server.post("smiles\nCCO\n", Accept="text/csv;q=0.1, application/json")
    assert answer.json()[0]["smiles"] == "CCO"


def test_a_body_over_the_cap_is_refused(
    start_server: Callable[..., Any], own_script_bundle: Callable[..., Path]
) -> None:
    small = start_server(own_script_bundle(), CHEM_ENDPOINTS_MAX_BODY_MB="1", CHEM_ENDPOINTS_WORKERS="1")
    body = b"smiles\n" + b"C" * 1_100_000
    assert small.post(body).status_code == 413
    chunked = small.client.post("/invocations", content=iter([body]), headers={"Content-Type": CSV})
    assert (chunked.status_code, chunked.json()["code"]) == (413, "body_too_large")


def test_the_model_describes_itself(server: Any) -> None:
    card = server.client.get("/model").json()
    assert card["targets"] == [{"name": "log_s", "dtype": "float64", "unit": "log10(mol/L)", "description": ""}]
    operation = server.client.get("/openapi.json").json()["paths"]["/invocations"]["post"]
    rows = operation["responses"]["200"]["content"][JSON]["schema"]["items"]["properties"]
    assert list(rows) == ADDED.split(",")
    example = operation["requestBody"]["content"][CSV]["example"]
    assert server.post(example).status_code == 200
    page = server.client.get("/docs").text
    assert "log10(mol/L)" in page
    assert "http" not in page.replace("http://localhost:8080/invocations", "")  # needs no network


@pytest.mark.parametrize("accept", [CSV, JSON, ARROW])
def test_a_text_without_encoding_costs_its_own_row(server: Any, accept: str) -> None:
    answer = server.post(b'[{"smiles": "\\ud800"}, {"smiles": "CCO"}]', JSON, Accept=accept)
    assert answer.status_code == 200
    if accept == JSON:
        assert [row["prediction"] is None for row in answer.json()] == [True, False]


def test_a_key_without_encoding_is_the_callers_mistake(server: Any) -> None:
    answer = server.post(b'[{"smile\\ud800": "C"}]', JSON)
    assert answer.status_code == 422


def test_what_cannot_be_written_in_the_wanted_format_is_said(server: Any) -> None:
    answer = server.post(b'[{"smiles": "C", "x": 1}, {"smiles": "C", "x": "CANARY"}]', JSON, Accept=ARROW)
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
    assert "CANARY" not in answer.text


def test_the_callers_own_placeholders_come_back(server: Any) -> None:
    assert server.post("smiles,note\nCCO,__NA__\n").text.splitlines()[1].startswith("CCO,__NA__,")


def test_the_example_of_the_docs_is_no_training_compound_and_runs(server: Any) -> None:
    assert "printf &#x27;%s\\n&#x27; smiles CCO |" in server.client.get("/docs").text


def test_wide_bodies_are_refused_soon(server: Any) -> None:
    body = ",".join(f"column_{n}" for n in range(60_000)) + "\n"
    assert server.post(body).status_code == 422


def test_a_caller_that_offers_http_2_is_answered_like_any_other(server: Any) -> None:
    """Java's client and curl --http2 do; the served process speaks HTTP/1.1."""
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}
    answer = server.client.post("/invocations", content=BODY, headers={"Content-Type": CSV, **offer})
    assert answer.status_code == 200
    assert answer.text == server.post(BODY).text
