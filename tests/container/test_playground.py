"""Promise: `/` is a page that costs the server nothing and can load nothing from elsewhere; structures are drawn where
models predict, so one that cannot be drawn costs its own row, and the HTTP process never touches one."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from chem_endpoints.wire import environment
from chem_endpoints.wire.content_types import CSV
from chem_endpoints.wire.manifest import Feature, GoldenRows
from container.server.playground_files import POLICY, page_files
from foreign_bundles import workbench_bundle
from server_processes import Server

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
DRAWING_LIBRARY = "rdMolDraw2D"


def drawn(server: Server, *smiles: str) -> list[dict[str, str]]:
    body = io.StringIO()
    csv.writer(body).writerows([["smiles"], *([one] for one in smiles)])
    response = server.client.post("/drawings", content=body.getvalue(), headers={"Content-Type": CSV})
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.text)))


def libraries(pid: int) -> str:
    """The files that a process has mapped, compiled modules among them."""
    return Path(f"/proc/{pid}/maps").read_text()


def test_the_page_and_all_that_it_names_are_served(server: Server) -> None:
    page = server.client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for name in page_files():
        if name.endswith((".js", ".css")):
            assert server.client.get(f"/playground/{name}").status_code == 200
    assert 'src="playground/page.js"' in page.text
    assert 'href="playground/playground.css"' in page.text


def test_the_page_can_load_nothing_from_elsewhere() -> None:
    assert "default-src 'none'" in POLICY
    assert "unsafe" not in POLICY
    for name, file in page_files().items():
        text = file.body.decode().replace("http://www.w3.org/2000/svg", "")
        assert "://" not in text, name
        assert "innerHTML" not in text, name
        assert "localStorage" not in text, name
    assert "<script>" not in page_files()["index.html"].body.decode()


def test_browsers_keep_the_files_by_their_digest(server: Server) -> None:
    first = server.client.get("/playground/page.js")
    assert first.headers["content-security-policy"] == POLICY
    again = server.client.get("/playground/page.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    changed = server.client.get("/playground/page.js", headers={"If-None-Match": '"0"'})
    assert changed.status_code == 200


@pytest.mark.parametrize(
    "path", ["/playground/", "/playground/none.js", "/playground/..%2Fapp.py", "/playground/app.py"]
)
def test_nothing_else_is_served(server: Server, path: str) -> None:
    assert server.client.get(path).status_code in (404, 405)


def test_structures_are_drawn_and_bad_ones_say_why(server: Server) -> None:
    good, bad, hostile = drawn(server, ASPIRIN, "C1CC(", "<script>alert(1)</script>")
    picture = ElementTree.fromstring(good["drawing"])
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert ASPIRIN not in good["drawing"]
    assert good["prediction_error"] == ""
    assert bad["prediction_error"].startswith("invalid_smiles")
    assert hostile["prediction_error"].startswith("invalid_smiles")
    assert drawn(server, ASPIRIN)[0]["drawing"] == good["drawing"]


def test_the_http_process_draws_nothing_and_workers_load_it_when_asked(
    start_server: Callable[..., Any], solubility_model: Path
) -> None:
    server = start_server(solubility_model, **{environment.WORKERS: "1"})
    (worker,) = server.worker_pids()
    assert "rdkit" in libraries(worker)
    assert DRAWING_LIBRARY not in libraries(worker)
    drawn(server, ASPIRIN)
    assert DRAWING_LIBRARY in libraries(worker)
    assert "rdkit" not in libraries(server.process.pid)
    metrics = [event for event in server.events if event["event"] == "request"]
    assert metrics == []
    assert ASPIRIN not in server.log_path.read_text()


def test_a_model_without_structures_draws_nothing(
    start_server: Callable[..., Any], own_script_bundle: Callable[..., Path]
) -> None:
    source = "def model_fn(d):\n    return None\ndef predict_fn(df, m):\n    return df.assign(prediction=df['logp'])\n"
    numbers = own_script_bundle(
        source,
        features=(Feature(name="logp", dtype="float64"),),
        golden=GoldenRows(input={"logp": [1.0]}, output={"prediction": [1.0]}, relative_tolerance=1e-6),
    )
    server = start_server(numbers, **{environment.WORKERS: "1"})
    refused = server.client.post("/drawings", content="smiles\nCCO\n", headers={"Content-Type": CSV})
    assert (refused.status_code, refused.json()["code"]) == (400, "option_not_offered")
    assert "reads no structures" in refused.json()["message"]


def test_a_model_without_a_manifest_draws_nothing(start_server: Callable[..., Any], tmp_path: Path) -> None:
    settings = {environment.ALLOW_PICKLE: "1", environment.WORKERS: "1"}
    server = start_server(workbench_bundle(tmp_path / "model"), **settings)
    refused = server.client.post("/drawings", content="smiles\nCCO\n", headers={"Content-Type": CSV})
    assert (refused.status_code, refused.json()["code"]) == (400, "option_not_offered")
    assert server.client.get("/").status_code == 200


def test_drawings_are_posted(server: Server) -> None:
    refused = server.client.get("/drawings")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


def test_the_health_tells_the_largest_body(server: Server) -> None:
    assert server.client.get("/health").json()["max_body_bytes"] == 25_000_000
