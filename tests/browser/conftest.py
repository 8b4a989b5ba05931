"""A real headless Chromium, and what each page must pass: no console error, nothing from elsewhere, axe's rules."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
AXE = Path("node_modules/axe-core/axe.min.js")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--screenshots docs/images``: stores the pictures of the documentation."""
    parser.addoption("--screenshots", type=Path, metavar="FOLDER", help="where pictures of the pages are stored")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True, kw_only=True)
class Visited:
    """A page, and what it has told and asked since it was opened."""

    page: Any
    told: list[str] = field(default_factory=list)
    """Errors and warnings of the console, and exceptions of scripts."""
    elsewhere: list[str] = field(default_factory=list)
    """Requests to another host: there must be none."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser; the tests are skipped where there is none."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., Visited]]:
    """``visit(url, width=1280, height=900)`` opens a page in a fresh profile."""
    contexts = []

    def opened(url: str, *, width: int = 1280, height: int = 900) -> Visited:
        context = chromium.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        visited = Visited(page=page)
        page.on("console", lambda line: visited.told.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: visited.told.append(str(error)))
        home = urlsplit(url).netloc
        page.on("request", lambda asked: _note_elsewhere(visited, asked.url, home))
        page.goto(url)
        return visited

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Any, str], None]:
    """``picture(page, "console-scale-to-zero")`` stores what is seen as a PNG, if ``--screenshots`` asks for it."""
    folder: Path | None = request.config.getoption("--screenshots", default=None)

    def store(page: Any, name: str) -> None:
        if folder is not None:
            page.screenshot(path=folder / f"{name}.png")

    return store


def _note_elsewhere(visited: Visited, url: str, home: str) -> None:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != home:
        visited.elsewhere.append(url)


@pytest.fixture(scope="session")
def accessibility(root: Path) -> Callable[[Any], list[str]]:
    """``accessibility(page)``: what axe-core finds against WCAG 2.2 A and AA, a line each."""
    script = root / AXE
    if not script.exists():
        pytest.skip("axe-core is not installed: ./setup.sh")

    def examined(page: Any) -> list[str]:
        page.evaluate(script.read_text(encoding="utf-8"))
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}}).then(r => r.violations)", tags
        )
        return [f"{one['id']}: {one['help']}: {json.dumps([n['target'] for n in one['nodes']])}" for one in found]

    return examined
