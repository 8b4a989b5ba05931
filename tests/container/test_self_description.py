"""Promise: the server says what its model reads and returns, in what it says a caller can trust every word and run
every example, and nothing that it says is a training compound."""

import csv
import io
import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import openapi_spec_validator
import pytest

from chem_endpoints.wire import environment
from chem_endpoints.wire.bundle import read_archive
from chem_endpoints.wire.content_types import CSV, JSON, READABLE
from chem_endpoints.wire.manifest import MANIFEST_NAME, Feature, Manifest, Output
from chem_endpoints.wire.options import HEADER
from container.server.docs_page import URL, docs_page, example_requests
from container.server.model_card import installed_version, model_card
from container.server.openapi import OPTIONS, describe_paths, row_schema
from container.server.refusal import CODES
from container.server.row_model import UNIT_KEY
from foreign_bundles import workbench_bundle
from manifests import small_manifest

BARE = {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {}}
DOSED = small_manifest(
    features=(
        Feature(name="SMILES", dtype="text", description="Structure."),
        Feature(name='dose "a" <b>', dtype="float64", unit="mg/L", description="Dose.", missing="allow"),
        Feature(name="count", dtype="int64"),
        Feature(name="fasted", dtype="boolean"),
    ),
    outputs=(Output(name="prediction", dtype="float64", unit="h", description="Half-life."),),
)


@pytest.fixture(scope="module")
def document(server: Any) -> dict[str, Any]:
    found: dict[str, Any] = server.client.get("/openapi.json").json()
    return found


@pytest.fixture(scope="module")
def invocations(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"]["/invocations"]["post"]
    return found


@pytest.mark.parametrize("manifest", [DOSED, None])
def test_what_is_added_for_any_model_is_a_valid_document(manifest: Manifest | None) -> None:
    openapi_spec_validator.validate(describe_paths(json.loads(json.dumps(BARE)), manifest, ["a", "b"]))


def test_the_examples_fit_the_schema_and_hold_every_feature() -> None:
    document = describe_paths(json.loads(json.dumps(BARE)), DOSED, ())
    content = document["paths"]["/invocations"]["post"]["requestBody"]["content"]
    assert set(content) == set(READABLE)
    resolvable = {**content[JSON]["schema"], "components": document["components"]}
    for example in content[JSON]["examples"].values():
        jsonschema.validate(example["value"], resolvable)
    assert next(csv.reader(io.StringIO(content[CSV]["example"]))) == [feature.name for feature in DOSED.features]


def test_units_and_descriptions_stand_at_their_columns() -> None:
    described = row_schema(DOSED, ())["properties"]['dose "a" <b>']
    assert (described[UNIT_KEY], described["description"]) == ("mg/L", "Dose. [mg/L]")
    assert row_schema(DOSED, ())["required"] == ["SMILES", "count", "fasted"]


def test_a_model_without_manifest_is_described_as_far_as_it_is_known() -> None:
    assert list(row_schema(None, ["logp", "tpsa"])["properties"]) == ["logp", "tpsa"]
    page = docs_page("old", "0" * 64, None, layout="workbench", features=["logp", "<tpsa>"])
    assert "without a manifest (layout: workbench)" in page
    assert "<code>logp</code>" in page
    assert "<code>&lt;tpsa&gt;</code>" in page
    card = model_card("0" * 64, None, layout="workbench", features=["logp"])
    assert card == {"model_sha256": "0" * 64, "layout": "workbench", "features": [{"name": "logp"}]}


def test_a_served_foreign_model_lists_the_columns_that_its_files_name(
    start_server: Callable[..., Any], tmp_path: Path
) -> None:
    server = start_server(
        workbench_bundle(tmp_path / "model"), **{environment.ALLOW_PICKLE: "1", environment.WORKERS: "1"}
    )
    document = server.client.get("/openapi.json").json()
    openapi_spec_validator.validate(document)
    assert list(document["components"]["schemas"]["Row"]["properties"]) == ["LogP", "TPSA"]
    assert "<code>TPSA</code>" in server.client.get("/docs").text
    assert server.client.get("/model").json()["layout"] == "workbench"


def test_the_page_escapes_names_and_lists_every_option() -> None:
    page = docs_page("a<b", "0" * 64, DOSED)
    assert "<title>a&lt;b</title>" in page
    assert "dose &quot;a&quot; &lt;b&gt;" in page
    assert all(f"<code>{option}</code>" in page for option in OPTIONS)


def test_no_text_of_a_manifest_is_read_as_html(server: Any) -> None:
    text = "<img src=x onerror=alert(1)>"
    manifest = small_manifest(
        {},
        framework=text,
        features=(Feature(name=f"{text}1", dtype="text", unit=text, description=text),),
        targets=(Output(name=text, dtype="float64", unit=text, description=text),),
        outputs=(Output(name=f"{text}2", dtype="float64", unit=text, description=text),),
        on_request={text: (Output(name=f"{text}3", dtype="float64", unit=text, description=text),)},
    )
    page = docs_page(text, text, manifest)
    assert page.count("&lt;img") > 10
    assert "<img" not in page
    policy = server.client.get("/docs").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


def test_the_served_document_is_valid_and_tells_each_format_error_and_header(
    document: dict[str, Any], invocations: dict[str, Any]
) -> None:
    openapi_spec_validator.validate(document)
    assert set(document["paths"]) >= {"/invocations", "/ping", "/model", "/health"}
    assert set(invocations["requestBody"]["content"]) == set(READABLE)
    assert set(invocations["responses"]["200"]["content"]) == set(READABLE)
    told = {code for response in invocations["responses"].values() for code in _examples(response)}
    assert told == set(CODES) - {"not_found"}
    assert {parameter["name"] for parameter in invocations["parameters"]} == set(
        invocations["responses"]["200"]["headers"]
    )


def _examples(response: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = response["content"][JSON].get("examples", {})
    return found


def test_every_json_example_of_the_document_is_answered_as_the_document_says(
    server: Any, document: dict[str, Any], invocations: dict[str, Any]
) -> None:
    answers = invocations["responses"]["200"]["content"][JSON]["schema"]
    for example in invocations["requestBody"]["content"][JSON]["examples"].values():
        answer = server.post(json.dumps(example["value"]), JSON)
        assert answer.status_code == 200
        jsonschema.validate(answer.json(), {**answers, "components": document["components"]})
        assert answer.json()[0]["prediction_error"] == ""


@pytest.mark.parametrize(
    ("body", "content_type", "headers"),
    [
        ("", CSV, {}),
        ("structure\nCCO\n", CSV, {}),
        ("smiles\nCCO\n", "application/x-npy", {}),
        ("smiles\nCCO\n", CSV, {"Accept": "image/png"}),
        ("[1]", JSON, {}),
        ("smiles\nC(C\n", CSV, {HEADER: "strict=true"}),
        ('[{"smiles": null}]', JSON, {HEADER: "strict=true"}),
    ],
)
def test_a_refusal_has_the_documented_form_and_code(
    server: Any,
    document: dict[str, Any],
    invocations: dict[str, Any],
    body: str,
    content_type: str,
    headers: dict[str, str],
) -> None:
    answer = server.post(body, content_type, **headers)
    documented = invocations["responses"][str(answer.status_code)]["content"][JSON]
    jsonschema.validate(answer.json(), {**documented["schema"], "components": document["components"]})
    assert answer.json()["code"] in documented["examples"]


def test_every_command_of_the_page_runs_as_it_stands(server: Any, solubility_manifest: Manifest) -> None:
    page = server.client.get("/docs").text
    commands = example_requests(solubility_manifest)
    assert len(commands) == 4
    for command in commands.values():
        assert command.replace("'", "&#x27;").replace(">", "&gt;") in page.replace("&quot;", '"')
        run = subprocess.run(
            ["sh", "-c", command.replace(URL, f"http://127.0.0.1:{server.port}/invocations --fail --noproxy '*'")],
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr
        assert "prediction_error" in run.stdout
        assert "CCO" in run.stdout
    assert any(HEADER in word for command in commands.values() for word in shlex.split(command))


@pytest.fixture(scope="module")
def solubility_manifest(solubility_bundle: Any) -> Manifest:
    return Manifest.model_validate_json(read_archive(solubility_bundle)[MANIFEST_NAME])


def test_the_card_tells_figures_digests_and_libraries_then_and_now(server: Any, solubility_manifest: Manifest) -> None:
    card = server.client.get("/model").json()
    assert card["files"] == solubility_manifest.files
    assert solubility_manifest.training is not None
    assert card["training"]["rows"] == solubility_manifest.training.rows
    assert card["training"]["metrics"][0]["figures"]["rmse"] > 0
    assert card["libraries"] == solubility_manifest.libraries
    assert card["libraries_installed"] == {name: installed_version(name) for name in solubility_manifest.libraries}
    assert card["targets"][0]["unit"] == "log10(mol/L)"


def test_an_installed_library_has_a_version_and_an_absent_one_has_none() -> None:
    assert installed_version("numpy") is not None
    assert installed_version("no_such_library") is None


def test_nothing_that_describes_the_model_holds_a_training_compound(server: Any, solubility_manifest: Manifest) -> None:
    golden = [str(cell) for cell in solubility_manifest.golden.input["smiles"] if len(str(cell)) > 6]
    assert golden
    for path in ("/docs", "/openapi.json", "/model", "/health"):
        text = server.client.get(path).text
        assert not [smiles for smiles in golden if smiles in text]


def test_the_health_tells_when_the_model_was_loaded_and_last_checked(server: Any) -> None:
    health = server.client.get("/health").json()
    assert health["model_sha256"] == server.client.get("/model").json()["model_sha256"]
    assert health["loaded_at"] <= health["started_at"]
    assert health["last_golden_check"] >= health["loaded_at"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nothing", 404, "not_found"), ("DELETE", "/model", 405, "method_not_allowed")],
)
def test_a_wrong_path_or_method_is_told_in_the_same_form(
    server: Any, method: str, path: str, status: int, code: str
) -> None:
    answer = server.client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "message"}
