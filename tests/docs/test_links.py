"""Promise: links of pages beside the site lead somewhere, to the right heading; links elsewhere are well formed."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from page_fences import ROOT, pages

LINK = re.compile(r"\]\(([^)\s]+)\)")
PAGES = sorted(
    {
        *(one.name for one in pages()),
        *(str(path.relative_to(ROOT)) for path in ROOT.glob("*.md")),
        *(str(path.relative_to(ROOT)) for path in (ROOT / ".github").rglob("*.md")),
    }
)


def prose(name: str) -> str:
    """The page without its fences and code."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(path: Path) -> set[str]:
    """Those that headings have, as GitHub and the site make them."""
    headings = re.findall(r"^#+ +(.+?)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    texts = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-") for text in texts}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(name: str) -> None:
    wrong = []
    for target in LINK.findall(prose(name)):
        if urlsplit(target).scheme:
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / name).parent / file if file else ROOT / name
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
            wrong.append(target)
    assert not wrong


@pytest.mark.parametrize("name", PAGES)
def test_links_elsewhere_are_whole_and_safe(name: str) -> None:
    elsewhere = [target for target in LINK.findall(prose(name)) if urlsplit(target).scheme]
    wrong = [
        target
        for target in elsewhere
        if urlsplit(target).scheme != "https" and urlsplit(target).hostname not in ("localhost", "127.0.0.1")
    ]
    assert not wrong
    assert not [target for target in elsewhere if urlsplit(target).hostname in (None, "example.com")]
