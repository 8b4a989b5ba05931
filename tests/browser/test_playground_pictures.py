"""Promise: the pictures of docs/playground.md show the page as it is; ``--screenshots docs/images`` stores them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.wire import environment
from served_bundles import write_served_bundle
from server_processes import Server, starting

ASPIRIN, BROKEN = "CC(=O)Oc1ccccc1C(=O)O", "C1CC("
LARGEST_BYTES = 150_000
PATIENCE_MILLISECONDS = 120_000

Visit = Callable[..., Any]
Picture = Callable[[Any, str], None]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("pictures")
    with starting(folder) as start:
        server: Server = start(write_served_bundle("xgboost", folder), **{environment.ENDPOINT_NAME: "logs-v1"})
        yield f"http://127.0.0.1:{server.port}/"


def shown(page: Any, *smiles: str) -> None:
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    page.fill("#smiles", "\n".join(smiles))
    page.click("button.primary")
    page.wait_for_selector("#rows:not([aria-busy])", state="attached")
    page.wait_for_selector("article img")
    page.mouse.move(0, 0)


def test_answers(address: str, visit: Visit, picture: Picture) -> None:
    page = visit(address, width=860, height=1370).page
    shown(page, BROKEN, ASPIRIN)
    assert page.locator("article").count() == 2
    picture(page, "playground-answers")


def test_explained(address: str, visit: Visit, picture: Picture) -> None:
    page = visit(address, width=1000, height=760).page
    page.check("#option-explain")
    shown(page, ASPIRIN)
    page.locator("summary").first.click()
    page.evaluate("document.getElementById('answers').scrollIntoView()")
    picture(page, "playground-explained")


def test_file(address: str, visit: Visit, picture: Picture, root: Path) -> None:
    page = visit(address, width=1000, height=760).page
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    page.set_input_files("#file", root / "examples/data/solubility_unseen.csv")
    page.wait_for_selector("#rows td img")
    page.evaluate("document.getElementById('answers').scrollIntoView()")
    picture(page, "playground-file")


def test_narrow(address: str, visit: Visit, picture: Picture) -> None:
    page = visit(address, width=400, height=900).page
    page.emulate_media(color_scheme="dark")
    shown(page, ASPIRIN)
    page.evaluate("document.getElementById('answers').scrollIntoView()")
    picture(page, "playground-narrow")


def test_the_committed_pictures_are_there_and_small(root: Path) -> None:
    page = (root / "docs/playground.md").read_text(encoding="utf-8")
    pictures = sorted((root / "docs/images").glob("playground-*.png"))
    assert [path.name for path in pictures if path.name not in page] == []
    assert len(pictures) == 4
    assert [path.name for path in pictures if path.stat().st_size > LARGEST_BYTES] == []
