"""Promise: the notebook does what it shows. It was executed from its first cell to its last, runs again with the same
outputs, and the page of the documentation is the notebook."""

import base64
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from examples.notebooks.execute import NOTEBOOK, PAGE
from examples.notebooks.html_tables import Picture, tables_of
from examples.notebooks.page import NotShownError, Page

MOST_BYTES = 600_000
WORST = 5
DRAWING = re.compile(r'src="data:image/svg\+xml;base64,([^"]+)"')
DECIMAL = re.compile(r"-?\d+\.\d+")
LAST_DIGIT = 0.011
"""Trees that another processor has trained may differ in the last digit that is shown."""
PICTURE_SIZE = 0.1
"""Fonts of another machine may make a figure's frame larger or smaller by this share."""

Cell = nbformat.NotebookNode
Output = tuple[str, str]
"""Kind and content."""


def code_cells(path: Path) -> list[Cell]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def outputs(cell: Cell) -> Iterator[Output]:
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.name, output.text
        else:
            yield from ((kind, output.data[kind]) for kind in sorted(output.data))


def png_size(content: str) -> tuple[int, int]:
    head = base64.b64decode(content)[:24]
    assert head.startswith(b"\x89PNG\r\n")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def assert_same(now: Output, before: Output) -> None:
    assert now[0] == before[0]
    if now[0] == "image/png":
        assert png_size(now[1]) == pytest.approx(png_size(before[1]), rel=PICTURE_SIZE)
        return
    texts = [DRAWING.sub("src=drawing", text) for _, text in (now, before)]
    assert DECIMAL.sub("0.0", texts[0]) == DECIMAL.sub("0.0", texts[1])
    numbers = [[float(found) for found in DECIMAL.findall(text)] for text in texts]
    assert numbers[0] == pytest.approx(numbers[1], abs=LAST_DIGIT)


@pytest.fixture(scope="module")
def committed() -> list[Cell]:
    return code_cells(NOTEBOOK)


def test_the_committed_notebook_was_executed_from_its_first_cell_to_its_last(committed: list[Cell]) -> None:
    assert [cell.execution_count for cell in committed] == list(range(1, len(committed) + 1))
    kinds = {kind for cell in committed for kind, _ in outputs(cell)}
    assert kinds <= {"stdout", "text/plain", "text/html", "image/png"}  # no traceback, nothing on stderr


def test_the_committed_notebook_is_small_and_names_no_place_of_the_machine_that_ran_it(committed: list[Cell]) -> None:
    assert NOTEBOOK.stat().st_size < MOST_BYTES
    written = "\n".join(text for cell in committed for kind, text in outputs(cell) if kind != "image/png")
    named = re.findall(r"(?:/tmp|/home|/root|/work|/Users|/var)/\S*|localhost:\d+", DRAWING.sub("", written))
    assert not named


def test_it_draws_the_five_worst_predictions(committed: list[Cell]) -> None:
    grids = [text for cell in committed for kind, text in outputs(cell) if kind == "text/html" and DRAWING.search(text)]
    (drawn,) = [DRAWING.findall(text) for text in grids]
    assert len(drawn) == WORST
    for content in drawn:
        svg = base64.b64decode(content).decode("latin-1")
        assert "<ellipse" in svg  # the colours behind the atoms


def test_the_page_is_the_notebook() -> None:
    page = Page(source=NOTEBOOK, place=PAGE)
    text = page.text(nbformat.read(NOTEBOOK, as_version=4))
    assert PAGE.read_text(encoding="utf-8") == text, "run: python -m examples.notebooks.execute"
    assert {path.name: path.read_bytes() for path in page.folder.iterdir()} == page.pictures


def test_tables_of_pandas_and_grids_are_read_with_their_index_and_drawings() -> None:
    svg = b"<svg/>"
    html = f"""<table><thead><tr><th></th><th>a|b</th></tr><tr><th>fold</th><th></th></tr></thead><tbody>
    <tr><th>1</th><td>-0.5</td></tr><tr><td><img src="data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"></td>
    <td>x &lt; y</td></tr></tbody></table>"""
    (table,) = tables_of(html)
    assert table.head == ["fold", "a|b"]
    assert table.rows == [["1", "-0.5"], [Picture(content=svg), "x < y"]]
    assert table.numeric == [False, False]


def test_a_figure_that_says_nothing_to_those_who_cannot_see_it_is_refused() -> None:
    figure = nbformat.v4.new_output("display_data", {"image/png": base64.b64encode(b"x").decode()})
    cell = nbformat.v4.new_code_cell("plot()", outputs=[figure])
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A"), cell])
    with pytest.raises(NotShownError, match="alternative text"):
        Page(source=NOTEBOOK, place=PAGE).text(notebook)


@pytest.mark.parametrize("changed", ["rmse 0.95 of 150", "rmse 0.91 of 149", "mae 0.91 of 150", "rmse 0.91 of 150\n"])
def test_another_figure_count_or_word_is_noticed_and_a_last_digit_is_not(changed: str) -> None:
    before = ("stdout", "rmse 0.91 of 150")
    assert_same(("stdout", "rmse 0.92 of 150"), before)
    with pytest.raises(AssertionError):
        assert_same(("stdout", changed), before)
    with pytest.raises(AssertionError):
        assert_same(("stderr", before[1]), before)


@pytest.mark.end_to_end
@pytest.mark.thorough
def test_it_runs_again_with_the_same_outputs(root: Path, tmp_path: Path, committed: list[Cell]) -> None:
    out = tmp_path / "executed.ipynb"
    command = [sys.executable, "-m", "examples.notebooks.execute", "--out", str(out)]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    again = code_cells(out)
    assert [cell.source for cell in again] == [cell.source for cell in committed]
    for number, (now, before) in enumerate(zip(again, committed, strict=True), 1):
        shown, expected = list(outputs(now)), list(outputs(before))
        assert len(shown) == len(expected), f"cell {number}: {shown}"
        for pair in zip(shown, expected, strict=True):
            assert_same(*pair)
