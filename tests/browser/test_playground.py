"""Promise: the page of a running server shows what `/invocations` answers, for every kind of model, with the keyboard
alone, on a narrow screen and in the dark; a hostile structure shows its reason and harms nothing; nothing leaves it."""

import csv
import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.wire import environment
from chem_endpoints.wire.content_types import CSV
from chem_endpoints.wire.manifest import Feature, GoldenRows
from chem_endpoints.wire.options import HEADER
from foreign_bundles import smiles_bundle
from hostile_molecules import HostileMolecule, hostile_molecules
from played_bundles import COMMANDS, write_played_bundle
from served_bundles import COMMITTED, write_served_bundle
from server_processes import Server, starting, write_own_script_bundle

ASPIRIN, SALT, BROKEN = "CC(=O)Oc1ccccc1C(=O)O", "[Na+].[O-]C(=O)c1ccccc1", "C1CC("
MOST_SHOWN = 20
LONGEST_TEXT = 10_000
PATIENCE_MILLISECONDS = 120_000
HOSTILE_PARTS = 8
NARROW = 400

Visit = Callable[..., Any]
Accessibility = Callable[[Any], list[str]]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    with starting(tmp_path_factory.mktemp("servers")) as started:
        yield started


@pytest.fixture(scope="module")
def server(start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The committed model, which takes files of up to 5 MB."""
    patience = {environment.ROW_SECONDS: "60", environment.REQUEST_SECONDS: "120"}  # on a busy machine
    settings = {environment.ENDPOINT_NAME: "logs-v1", environment.MAX_BODY_MEGABYTES: "5", **patience}
    return start(write_served_bundle("xgboost", tmp_path_factory.mktemp("logs")), **settings)


@pytest.fixture(scope="module", params=COMMANDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def played(kind: str, start: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A model of each other kind."""
    settings = {environment.ENDPOINT_NAME: kind, environment.WORKERS: "1"}
    return start(write_played_bundle(kind, tmp_path_factory.mktemp(kind)), **settings)


BATCHES = '''
"""Predicts the length of a text."""
def model_fn(model_dir):
    return None

def predict_fn(df, model):
    return df.assign(prediction=df["batch"].str.len().astype(float))
'''


def opened(visit: Visit, server: Server, **size: int) -> Any:
    visited = visit(f"http://127.0.0.1:{server.port}/", **size)
    visited.page.set_default_timeout(PATIENCE_MILLISECONDS)
    visited.page.wait_for_selector("#ask:not([hidden])")
    return visited


def ask(page: Any, *smiles: str, explain: bool = False) -> None:
    page.set_checked("#option-explain", explain)
    page.fill("#smiles", "\n".join(smiles))
    page.click("button.primary")
    await_answer(page)


def await_answer(page: Any) -> None:
    page.wait_for_selector("#rows:not([aria-busy])", state="attached")


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def written(*smiles: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["smiles"], *([one] for one in smiles)])
    return text.getvalue()


def answered(server: Server, body: str | bytes, **headers: str) -> list[dict[str, str]]:
    response = server.post(body, CSV, **headers)
    assert response.status_code == 200, response.text
    return rows_of(response.text)


def columns_shown(page: Any, row: int) -> dict[str, str]:
    """Every column of a card, as its table shows them."""
    card = page.locator("article").nth(row)
    card.locator("summary", has_text="columns as the server wrote them").click()
    card.locator("details[open] td[data-column]").first.wait_for()
    cells: dict[str, str] = card.locator(".scroll").last.evaluate(
        "box => Object.fromEntries([...box.querySelectorAll('td[data-column]')]"
        ".map(cell => [cell.dataset.column, cell.textContent]))"
    )
    return cells


def open_all(page: Any) -> None:
    """Opens what is closed. The contents are made when the browser tells of it, a moment after the click."""
    for summary in page.locator("summary").all():
        summary.click()
    for unfinished in ("details:not([open])", "summary:last-child"):
        page.wait_for_function("selector => document.querySelector(selector) === null", arg=unfinished)


def assert_quiet(visited: Any) -> None:
    assert visited.told == []
    assert visited.elsewhere == []


def test_what_is_typed_shows_what_invocations_answers(visit: Visit, server: Server) -> None:
    visited = opened(visit, server)
    ask(visited.page, ASPIRIN, BROKEN, SALT)
    expected = answered(server, written(ASPIRIN, BROKEN, SALT))
    for row in (0, 2):
        shown = columns_shown(visited.page, row)
        assert len(shown) > 15
        assert shown == {name: expected[row][name] for name in shown}
        value = visited.page.locator("article").nth(row).locator(".value").get_attribute("data-value")
        assert value == expected[row]["prediction"]
        assert visited.page.locator("article").nth(row).locator("svg.interval").count() == 1
        nearest = visited.page.locator("article").nth(row).locator("dd", has_text=expected[row]["nn_id"])
        assert nearest.count() == 1
    assert expected[1]["prediction_error"] in visited.page.locator("article").nth(1).inner_text()
    assert visited.page.locator("#status").inner_text() == "3 rows: 2 answered, 1 with a reason instead."
    assert_quiet(visited)


def test_each_molecule_is_drawn_as_it_was_sent(visit: Visit, server: Server) -> None:
    visited = opened(visit, server)
    ask(visited.page, ASPIRIN, BROKEN)
    picture = visited.page.locator("article").first.locator("img")
    assert picture.get_attribute("alt") == "Structure of row 1"
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 400
    assert visited.page.locator("article").nth(1).locator("figcaption").inner_text() == "No drawing."
    assert_quiet(visited)


def test_an_explanation_is_there_as_colours_and_as_numbers(visit: Visit, server: Server) -> None:
    visited = opened(visit, server)
    ask(visited.page, ASPIRIN, explain=True)
    card = visited.page.locator("article").first
    assert "coloured" in str(card.locator("img").get_attribute("alt"))
    assert "lowers (blue)" in card.locator(".scale").inner_text()
    card.locator("summary", has_text="What each atom adds").click()
    expected = answered(server, written(ASPIRIN), **{HEADER: "explain=true"})[0]
    atoms = expected["explain_atom_weights"].count(",") + 1
    assert card.locator("details[open] tbody tr").count() == atoms
    assert card.locator("details[open] tbody td").first.inner_text() == "C 1"
    assert_quiet(visited)


def test_a_dropped_file_is_shown_as_a_table_and_downloaded_whole(visit: Visit, server: Server, root: Path) -> None:
    body = (root / "examples/data/solubility.csv").read_bytes()
    visited = opened(visit, server)
    visited.page.evaluate(
        """text => {
            const carried = new DataTransfer();
            carried.items.add(new File([text], "mine.csv", {type: "text/csv"}));
            const drop = document.getElementById("drop");
            drop.dispatchEvent(new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
        }""",
        body.decode(),
    )
    await_answer(visited.page)
    expected = answered(server, body)
    assert len(expected) == 150
    assert visited.page.locator("#rows tbody tr").count() == MOST_SHOWN
    shown = visited.page.locator("td[data-column=prediction]").evaluate_all("cells => cells.map(c => c.dataset.value)")
    assert shown == [row["prediction"] for row in expected[:MOST_SHOWN]]
    assert visited.page.locator("#rows img").count() == MOST_SHOWN
    with visited.page.expect_download() as download:
        visited.page.click("#download")
    assert download.value.suggested_filename == "mine-predicted.csv"
    assert rows_of(Path(download.value.path()).read_text(encoding="utf-8")) == expected
    assert_quiet(visited)


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(visit: Visit, server: Server) -> None:
    visited = opened(visit, server)
    large = {"name": "large.csv", "mimeType": "text/csv", "buffer": b"smiles\n" + b"CCO\n" * 1_300_000}
    visited.page.set_input_files("#file", large)
    visited.page.wait_for_selector("#problem:not([hidden])")
    assert "large.csv is larger than 5 MB" in visited.page.locator("#problem").inner_text()
    assert_quiet(visited)


def test_a_file_without_the_models_columns_says_so(visit: Visit, server: Server) -> None:
    visited = opened(visit, server)
    visited.page.set_input_files("#file", {"name": "a.csv", "mimeType": "text/csv", "buffer": b"name\nethanol\n"})
    visited.page.wait_for_selector("#problem:not([hidden])")
    assert "422 columns_do_not_match" in visited.page.locator("#problem").inner_text()
    ask(visited.page, ASPIRIN)
    assert visited.page.locator(".value").count() == 1
    assert all("422" in line for line in visited.told)  # Chromium itself tells of every 4xx
    assert visited.elsewhere == []


def one_line(molecule: HostileMolecule) -> bool:
    text = molecule.text
    return text.strip() != "" and not set(text) & set("\n\r\x00") and len(text) <= LONGEST_TEXT


def parts(molecules: list[HostileMolecule]) -> list[list[HostileMolecule]]:
    return [molecules[first : first + MOST_SHOWN] for first in range(0, len(molecules), MOST_SHOWN)]


@pytest.mark.parametrize("number", range(HOSTILE_PARTS))
def test_hostile_structures_show_their_reason_and_harm_nothing(visit: Visit, server: Server, number: int) -> None:
    chosen = parts([molecule for molecule in hostile_molecules() if one_line(molecule)])
    assert len(chosen) == HOSTILE_PARTS
    texts = [molecule.text.encode("utf-8", "replace").decode() for molecule in chosen[number]]
    visited = opened(visit, server)
    ask(visited.page, *texts)
    expected = answered(server, written(*texts))
    cards = visited.page.locator("article")
    assert cards.count() == len(texts)
    for row, molecule in enumerate(chosen[number]):
        shown = cards.nth(row).inner_text()
        assert expected[row]["prediction_error"] in shown, molecule.name
        failed = bool(expected[row]["prediction_error"])
        assert failed or molecule.expected == "value", molecule.name
        assert ("No prediction." in shown) == failed, molecule.name
    assert visited.page.locator("#rows script").count() == 0
    ask(visited.page, ASPIRIN)
    assert visited.page.locator("article img").count() == 1
    assert_quiet(visited)


def test_a_megabyte_of_text_is_answered_and_shown_short(visit: Visit, server: Server) -> None:
    visited = opened(visit, server)
    ask(visited.page, "C" * 1_000_000, ASPIRIN)
    assert "too_large" in visited.page.locator("article").first.inner_text()
    assert len(visited.page.locator("h3").first.inner_text()) < 300
    assert "--data-binary @'compounds.csv'" in visited.page.locator("pre").first.inner_text()
    assert visited.page.locator(".value").count() == 1
    assert_quiet(visited)


def test_a_hang_and_a_crash_cost_their_rows_only(visit: Visit, start: Callable[..., Server], tmp_path: Path) -> None:
    server = start(write_own_script_bundle(tmp_path), **{environment.ROW_SECONDS: "1"})
    visited = opened(visit, server)
    visited.page.fill("#smiles", "CCO\nsleep=30\ncrash\nCCCC")
    visited.page.click("button.primary")
    await_answer(visited.page)
    told = [card.inner_text() for card in visited.page.locator("article").all()]
    assert "timeout" in told[1]
    assert "worker_crashed" in told[2]
    values = visited.page.locator(".value").evaluate_all("found => found.map(one => one.dataset.value)")
    assert values == ["3.0", "4.0"]
    assert_quiet(visited)


def test_nothing_of_a_compound_stays_in_the_address_or_the_browser(visit: Visit, server: Server) -> None:
    visited = opened(visit, server)
    address = visited.page.url
    asked: list[str] = []
    visited.page.on("request", lambda request: asked.append(request.url))
    ask(visited.page, ASPIRIN)
    assert visited.page.url == address
    kept = "[localStorage.length, sessionStorage.length, document.cookie, history.state]"
    assert visited.page.evaluate(kept) == [0, 0, "", None]
    assert {url.removeprefix(address) for url in asked if not url.startswith("data:")} == {"invocations", "drawings"}


def copied(page: Any, title: str) -> str:
    page.click(f"button[aria-label='Copy: {title}']")
    page.wait_for_function("title => document.getElementById('status').textContent === `Copied: ${title}.`", arg=title)
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_the_copied_commands_run_and_give_the_same_answer(visit: Visit, server: Server) -> None:
    visited = opened(visit, server)
    awkward = 'O\'Reilly "quoted" $HOME \\ `id`'
    ask(visited.page, ASPIRIN, awkward)
    expected = answered(server, written(ASPIRIN, awkward))
    shell = copied(visited.page, "Shell")
    told = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True, timeout=60)
    assert rows_of(told.stdout) == expected
    python = copied(visited.page, "Python without any library, to this server")
    told = subprocess.run([sys.executable, "-c", python], capture_output=True, text=True, check=True, timeout=60)
    assert rows_of(told.stdout) == expected
    client = copied(visited.page, "Python, where this endpoint is deployed")
    assert 'Endpoint("logs-v1")' in client
    names: dict[str, Any] = {}
    exec(client.replace('Endpoint("logs-v1")', f"Endpoint.local({str(COMMITTED)!r})"), names)  # here it is not deployed
    assert names["out"]["smiles"].tolist() == [ASPIRIN, awkward]
    assert names["out"]["prediction"].iloc[0] == float(expected[0]["prediction"])
    assert names["out"]["prediction_error"].iloc[1] == expected[1]["prediction_error"]
    assert_quiet(visited)


def test_the_keyboard_alone_is_enough(visit: Visit, server: Server) -> None:
    page = opened(visit, server).page
    reached: list[str] = []
    for _ in range(30):
        page.keyboard.press("Tab")
        place, outline = page.evaluate(
            "[document.activeElement.id || document.activeElement.textContent.trim(),"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        reached.append(place)
        assert outline != "none", place
        if place == "Ethanol":
            page.keyboard.press("Enter")
            assert page.evaluate("document.activeElement.id") == "smiles"
            page.keyboard.press("Control+Enter")
            break
    assert reached[:2] == ["Skip to the answers", "Columns and examples"]
    await_answer(page)
    page.wait_for_selector("article")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("details[open] td[data-column=prediction]")
    assert page.locator("details[open] td[data-column=prediction]").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_in_every_state(
    visit: Visit, server: Server, accessibility: Accessibility, root: Path, scheme: str
) -> None:
    visited = opened(visit, server)
    page = visited.page
    page.emulate_media(color_scheme=scheme)
    assert accessibility(page) == []
    ask(page, ASPIRIN, BROKEN, SALT, explain=True)
    open_all(page)
    assert accessibility(page) == []
    page.uncheck("#option-explain")
    page.set_input_files("#file", root / "examples/data/solubility_unseen.csv")
    page.wait_for_selector("#rows table")
    await_answer(page)
    assert accessibility(page) == []
    assert_quiet(visited)


@pytest.mark.parametrize("state", ["asked", "file"])
def test_a_narrow_screen_scrolls_downwards_only(visit: Visit, server: Server, root: Path, state: str) -> None:
    visited = opened(visit, server, width=NARROW, height=800)
    if state == "asked":
        ask(visited.page, ASPIRIN, "C" * 1500, SALT, explain=True)
        open_all(visited.page)
    else:
        visited.page.set_input_files("#file", root / "examples/data/solubility_unseen.csv")
        visited.page.wait_for_selector("#rows table")
        await_answer(visited.page)
    assert visited.page.evaluate("document.documentElement.scrollWidth") <= NARROW
    assert_quiet(visited)


def test_every_kind_of_model_builds_its_own_page(
    visit: Visit, played: Server, kind: str, accessibility: Accessibility
) -> None:
    visited = opened(visit, played)
    page = visited.page
    if kind == "numbers":
        page.get_by_label("characters").fill("12")
        page.get_by_label("oxygens").fill("2")
        page.get_by_label("source").select_option("Delaney2004")
        body = "characters,oxygens,source\n12,2,Delaney2004\n"
    else:
        page.fill("#smiles", ASPIRIN)
        body = written(ASPIRIN)
    page.click("button.primary")
    await_answer(page)
    expected = answered(played, body)[0]
    values = page.locator(".value").evaluate_all("found => found.map(one => [one.dataset.column, one.dataset.value])")
    assert dict(values) == {name: expected[name] for name in PREDICTED[kind]}
    assert page.locator("article img").count() == (kind != "numbers")
    assert columns_shown(page, 0)
    if kind == "classifier":
        chances = page.locator(".chances > span:nth-child(3n)").all_inner_texts()
        assert [float(chance) for chance in chances] == pytest.approx(
            [float(expected[f"{label}_proba"]) for label in ("fair", "good", "poor")], rel=5e-3
        )
    assert accessibility(page) == []
    page.set_viewport_size({"width": NARROW, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    assert_quiet(visited)


PREDICTED = {
    "classifier": ["prediction"],
    "several": ["log_s_pred", "characters_pred"],
    "numbers": ["prediction"],
    "features": [],
}


def test_a_drawing_that_is_refused_costs_no_prediction(visit: Visit, server: Server) -> None:
    page = opened(visit, server).page
    busy = '{"code": "overloaded", "message": "retry later"}'
    page.route("**/drawings", lambda route: route.fulfill(status=429, body=busy, content_type="application/json"))
    ask(page, ASPIRIN, BROKEN)
    assert page.locator(".value").count() == 1
    assert page.locator("figcaption").all_inner_texts() == ["No drawing.", "No drawing."]
    assert page.locator("#problem").is_hidden()
    assert page.locator("#download").is_visible()


def test_a_model_without_a_manifest_shows_what_its_script_answers(
    visit: Visit, start: Callable[..., Server], tmp_path: Path
) -> None:
    server = start(smiles_bundle(tmp_path), **{environment.ALLOW_PICKLE: "1"})
    page = opened(visit, server).page
    page.fill("#smiles", f"CCO\n{ASPIRIN}")
    page.click("button.primary")
    await_answer(page)
    cells = page.locator("article td[data-column=prediction]").all_inner_texts()
    assert cells == ["3.0", f"{len(ASPIRIN)}.0"]
    assert page.locator("#problem").is_hidden()


def test_the_copied_request_holds_each_cell_as_it_was_typed(
    visit: Visit, start: Callable[..., Server], tmp_path: Path
) -> None:
    features = (
        Feature(name="batch", dtype="text"),
        Feature(name="mass", dtype="float64"),
        Feature(name="count", dtype="int64", missing="allow"),
    )
    golden = GoldenRows(
        input={"batch": ["a"], "mass": [1.0], "count": [1]}, output={"prediction": [1.0]}, relative_tolerance=1e-6
    )
    page = opened(visit, start(write_own_script_bundle(tmp_path, BATCHES, features=features, golden=golden))).page
    for name, cell in {"batch": "007", "mass": "1.10", "count": "12345678901234567"}.items():
        page.get_by_label(name).fill(cell)
    page.click("button.primary")
    await_answer(page)
    text = copied(page, "Python, where this endpoint is deployed")
    assert 'pd.DataFrame({"batch": ["007"], "mass": [1.10], "count": [12345678901234567]})' in text
    page.get_by_label("mass").fill("0x10")
    page.click("button.primary")
    page.wait_for_selector("text=invalid_value")
    assert '"mass": ["0x10"]' in copied(page, "Python, where this endpoint is deployed")


def test_a_server_that_has_ended_is_told(visit: Visit, start: Callable[..., Server], tmp_path: Path) -> None:
    server = start(write_own_script_bundle(tmp_path))
    page = opened(visit, server).page
    server.stop()
    page.fill("#smiles", "CCO")
    page.click("button.primary")
    page.wait_for_selector("#problem:not([hidden])")
    assert page.locator("#problem").inner_text() == "The server does not answer. Is it still running?"
