"""Promise: an option adds the columns that the manifest offers for it, in every format, and no others; one that the
model does not offer is refused by name."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from chem_endpoints.wire.content_types import ARROW, CSV, JSON
from chem_endpoints.wire.manifest import Output
from chem_endpoints.wire.options import EXPLAIN_KEY, HEADER, RequestOptions, parse_options
from server_processes import Server, starting, write_own_script_bundle

EXPLAINING = """
import numpy as np

def model_fn(model_dir):
    return None

def predict_fn(df, model, *, asked=frozenset()):
    lengths = df["smiles"].str.len().to_numpy(dtype=float)
    out = df.assign(prediction=lengths)
    if "explain" in asked:
        out = out.assign(explain_letters=lengths - 1, explain_note="one for luck")
    return out
"""
EXPLAINED = (Output(name="explain_letters", dtype="float64"), Output(name="explain_note", dtype="text"))
BODY = "smiles\nCCO\nC\n"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    with starting(tmp_path_factory.mktemp("on-request")) as started:
        yield started


@pytest.fixture(scope="module")
def server(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    folder = tmp_path_factory.mktemp("explaining")
    return start(write_own_script_bundle(folder, EXPLAINING, on_request={EXPLAIN_KEY: EXPLAINED}))


def asking(server: Server, options: str, accept: str = CSV) -> httpx.Response:
    return server.client.post(
        "/invocations", content=BODY, headers={"Content-Type": CSV, "Accept": accept, HEADER: options}
    )


def test_the_columns_come_only_when_they_are_asked_for(server: Server) -> None:
    assert asking(server, "explain=true").text.splitlines() == [
        "smiles,prediction,explain_letters,explain_note,prediction_error",
        "CCO,3.0,2.0,one for luck,",
        "C,1.0,0.0,one for luck,",
    ]
    assert asking(server, "explain=false").text == asking(server, "").text
    assert "explain" not in asking(server, "").text


@pytest.mark.parametrize("accept", [JSON, ARROW])
def test_other_formats_carry_them_too(server: Server, accept: str) -> None:
    response = asking(server, "explain=true", accept)
    assert response.status_code == 200
    assert b"explain_letters" in response.content


def test_what_the_model_does_not_offer_is_refused_by_name(server: Server) -> None:
    response = asking(server, "conformers=true")
    assert (response.status_code, response.json()["code"]) == (400, "option_not_offered")
    assert "'conformers'; it offers explain" in response.json()["message"]


def test_a_script_that_cannot_be_asked_does_not_start(start: Callable[..., Server], tmp_path: Path) -> None:
    deaf = EXPLAINING.replace(", *, asked=frozenset()", "").replace('"explain" in asked', "False")
    server = start(write_own_script_bundle(tmp_path, deaf, on_request={EXPLAIN_KEY: EXPLAINED}), ready=False)
    assert server.process.wait(timeout=60) != 0
    assert "takes no keyword 'asked'" in server.log_path.read_text()


def test_the_header_is_read_as_it_was_written() -> None:
    options = RequestOptions(asked=frozenset({"explain"}))
    assert parse_options(options.to_header()) == options
    assert parse_options("explain;conformers=1;strict=false").asked == {"explain", "conformers"}
