"""Promise: the site builds without a warning, its links lead somewhere, and it fetches nothing from elsewhere."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from built_site import build_site

LOADED = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "object": "data",
}
"""What a browser fetches by itself, with the attribute that says from where."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it."""
    return build_site(tmp_path_factory.mktemp("site"))


class _Loaded(HTMLParser):
    """Collects what a page makes the browser fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag in LOADED and "canonical" not in (named.get("rel") or ""):
            self.found.append(named.get(LOADED[tag]) or "")


def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        loaded = _Loaded()
        loaded.feed(page.read_text(encoding="utf-8"))
        assert not [place for place in loaded.found if re.match(r"(https?:)?//", place)], page.name
    for sheet in site.rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//", sheet.read_text(encoding="utf-8")), sheet.name


def test_every_page_of_the_documentation_is_on_it(root: Path, site: Path) -> None:
    written = {path.relative_to(root / "docs").with_suffix(".html") for path in (root / "docs").rglob("*.md")}
    assert written <= {path.relative_to(site) for path in site.rglob("*.html")}


def test_the_search_knows_every_page(root: Path, site: Path) -> None:
    known = {
        doc["location"].partition("#")[0] for doc in json.loads((site / "search/search_index.json").read_text())["docs"]
    }
    written = {
        path.relative_to(root / "docs").with_suffix(".html").as_posix() for path in (root / "docs").rglob("*.md")
    }
    assert written - {"index.html"} <= known


def test_nothing_but_pages_and_pictures_is_published(site: Path) -> None:
    assert not list(site.rglob("*.py"))


def test_fences_are_shown_without_their_marks(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert "```" not in text, page.name
        assert "<!-- needs" not in text, page.name


def test_links_out_of_docs_lead_to_pages_of_the_site(site: Path) -> None:
    assert (site / "repository/examples/kubernetes/index.html").is_file()
    text = (site / "images.html").read_text(encoding="utf-8")
    assert 'href="repository/examples/kubernetes/index.html"' in text
    back = (site / "repository/examples/kubernetes/index.html").read_text(encoding="utf-8")
    assert 'href="../../../server.html"' in back
