"""Promise: the site works behind any web server of files: search, both schemes, narrow screens, no barrier."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from built_site import build_site

PAGES = ("index.html", "reference/declaration.html", "reference/python.html", "local.html", "runbook.html")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The built site behind `python -m http.server`."""
    folder = build_site(tmp_path_factory.mktemp("site"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait()


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_without_error_and_fits(served: str, visit: Callable[..., Any], name: str, width: int) -> None:
    visited = visit(f"{served}/{name}", width=width)
    visited.page.wait_for_selector("h1")
    assert visited.page.evaluate("document.documentElement.scrollWidth") <= width
    assert not visited.told
    assert not visited.elsewhere


@pytest.mark.parametrize("words", ["idle_minutes", "scaling", "invalid_smiles", "runbook"])
def test_the_search_finds(served: str, visit: Callable[..., Any], words: str) -> None:
    visited = visit(f"{served}/index.html")
    visited.page.keyboard.press("/")
    visited.page.fill("input.md-search__input", words)
    visited.page.wait_for_selector(".md-search-result__item a")
    found = visited.page.locator(".md-search-result__item a").first
    found.click()
    visited.page.wait_for_load_state()
    assert "/index.html" not in visited.page.url
    assert words.lower() in visited.page.inner_text("article").lower()
    assert not visited.elsewhere


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_readers_scheme_is_followed(served: str, visit: Callable[..., Any], scheme: str) -> None:
    page = visit(f"{served}/index.html").page
    page.emulate_media(color_scheme=scheme)
    page.reload()
    page.wait_for_selector(f"body[data-md-color-scheme={'default' if scheme == 'light' else 'slate'}]")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_barrier(
    served: str, visit: Callable[..., Any], accessibility: Callable[[Any], list[str]], name: str, scheme: str
) -> None:
    page = visit(f"{served}/{name}").page
    page.emulate_media(color_scheme=scheme)
    page.reload()
    page.wait_for_selector("h1")
    # The theme gives each row of copy buttons the same name; they are told apart by the code beside them.
    assert not [told for told in accessibility(page) if not told.startswith("landmark-unique")]
