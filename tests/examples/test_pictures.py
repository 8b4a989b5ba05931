"""Promise: the pictures of the documentation show what is: the demonstration's is drawn from its recorded run. They say
in words what they show, fetch nothing, and follow the reader's colour scheme."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from examples.pictures.terminal import (
    COLUMNS,
    PICTURE,
    RECORDING,
    STYLE,
    NoSuchLineError,
    drawn,
    recording,
    shown,
)

SVG = "{http://www.w3.org/2000/svg}"
FOLDER = PICTURE.parent
PICTURES = [FOLDER / "demo.svg", FOLDER / "flow.svg"]
MOST_BYTES = 80_000


@pytest.fixture(scope="module")
def recorded() -> list[str]:
    return recording(RECORDING.read_text(encoding="utf-8"))


def test_the_demonstration_is_drawn_from_the_run_that_the_readme_records(recorded: list[str]) -> None:
    assert PICTURE.read_text(encoding="utf-8") == drawn(list(shown(recorded))), (
        "run: python -m examples.pictures.terminal"
    )


def test_every_word_of_the_picture_was_printed_by_the_run(recorded: list[str]) -> None:
    lines = [text.text or "" for text in ElementTree.parse(PICTURE).getroot().iter(f"{SVG}text")]
    assert lines[0] == "$ make demo"
    assert max(map(len, lines)) <= COLUMNS
    printed = " ".join(" ".join(recorded).split())
    missing = [line for line in lines[1:] if " ".join(line.split()) not in printed and line.strip() != "…"]
    assert not missing


def test_a_recording_that_lacks_a_line_is_refused(recorded: list[str]) -> None:
    with pytest.raises(NoSuchLineError, match="Done in"):
        list(shown([line for line in recorded if not line.startswith("Done in")]))
    with pytest.raises(NoSuchLineError, match="no output"):
        recording("# A page without it")


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_picture_says_what_it_shows_and_fetches_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < MOST_BYTES
    picture = ElementTree.fromstring(text)
    labels = str(picture.get("aria-labelledby")).split()
    told = [element for element in picture.iter() if element.get("id") in labels]
    assert [element.tag for element in told] == [f"{SVG}title", f"{SVG}desc"]
    assert all(element.text and len(element.text) > 10 for element in told)
    assert not re.search(r"href|@import|@font-face|url\((?!#)", text)
    assert "@media (prefers-color-scheme: dark)" in text


def test_each_colour_has_a_value_in_both_schemes() -> None:
    for text in (STYLE, *(path.read_text(encoding="utf-8") for path in PICTURES)):
        light, _, dark = text.partition("@media (prefers-color-scheme: dark)")
        used = set(re.findall(r"var\((--[\w-]+)\)", text))
        assert used <= set(re.findall(r"(--[\w-]+):", light)), "light"
        assert used <= set(re.findall(r"(--[\w-]+):", dark)), "dark"
