"""The page of the documentation that shows an executed notebook: its cells, and what they printed and drew."""

import base64
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from examples.notebooks.html_tables import Picture, Table, tables_of

RUN_BY = "tests/examples/test_notebook.py"
"""What runs the page's code: the notebook as a whole. The page's own fences are not run a second time."""
SHELL = "%%bash\n"
ALTERNATIVE = "alt"
"""Field of a cell's metadata: what its picture shows, for those who cannot see it."""


class NotShownError(ValueError):
    """An output that the page cannot show, or a picture without an alternative text."""


@dataclass(kw_only=True)
class Page:
    """Attributes:
    source: the notebook's path.
    place: where the page will lie; its pictures lie in a folder of the same name beside it.
    pictures: contents by file name, as `text` finds them.
    """

    source: Path
    place: Path
    pictures: dict[str, bytes] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the pictures belong."""
        return self.place.with_suffix("")

    def text(self, notebook: nbformat.NotebookNode) -> str:
        """The page in Markdown.

        Raises:
            NotShownError: an output that is neither text, a table nor a picture with an alternative text.
        """
        first, *rest = notebook.cells
        blocks = [self._prose(first.source), self._origin()]
        for cell in rest:
            blocks += [self._prose(cell.source)] if cell.cell_type == "markdown" else self._code(cell)
        return "\n\n".join(blocks) + "\n"

    def _origin(self) -> str:
        notebook = os.path.relpath(self.source, self.place.parent)
        return (
            f"This page shows [the notebook]({notebook}) as it was executed;\n"
            f"`python -m examples.notebooks.execute` does that again and writes both.\n\n<!-- run by: {RUN_BY} -->"
        )

    def _prose(self, source: str) -> str:
        """The cell's text; its relative links lead from the page to where they lead from the notebook."""

        def moved(found: re.Match[str]) -> str:
            return f"]({os.path.relpath(self.source.parent / found[1], self.place.parent)})"

        return re.sub(r"\]\((\.\.?/[^)]+)\)", moved, source)

    def _code(self, cell: nbformat.NotebookNode) -> Iterator[str]:
        language = "bash" if cell.source.startswith(SHELL) else "python"
        yield f"```{language} local\n{cell.source.removeprefix(SHELL)}\n```"
        for output in cell.outputs:
            yield self._shown(output, str(cell.metadata.get(ALTERNATIVE, "")))

    def _shown(self, output: nbformat.NotebookNode, alternative: str) -> str:
        if output.output_type == "stream":
            return _printed(output.text)
        data = output.get("data", {})
        if "image/png" in data:
            return self._picture("figure", "png", base64.b64decode(data["image/png"]), alternative)
        if tables := tables_of(data.get("text/html", "")):
            return "\n\n".join(self._table(table) for table in tables)
        if "text/plain" not in data:
            raise NotShownError(f"an output of type {output.output_type} with {', '.join(data) or 'no data'}")
        return _printed(data["text/plain"])

    def _picture(self, kind: str, ending: str, content: bytes, alternative: str) -> str:
        if not alternative:
            raise NotShownError(f"a {kind} without an alternative text: set '{ALTERNATIVE}' in the cell's metadata")
        number = sum(name.startswith(kind) for name in self.pictures) + 1
        name = f"{kind}-{number}.{ending}"
        self.pictures[name] = content
        return f"![{alternative}]({self.folder.name}/{name})"

    def _table(self, table: Table) -> str:
        rows = [[self._cell(cell, row) for cell in row] for row in table.rows]
        rule = ["---:" if numeric else "---" for numeric in table.numeric]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in (table.head, rule, *rows))

    def _cell(self, cell: str | Picture, row: list[str | Picture]) -> str:
        if isinstance(cell, str):
            return cell.replace("|", "\\|")
        named = next((text for text in row if isinstance(text, str)), "")
        return self._picture("structure", "svg", cell.content, named)


def _printed(text: str) -> str:
    return f"```text output\n{text.rstrip()}\n```"


def write_page(executed: nbformat.NotebookNode, source: Path, place: Path) -> None:
    """Writes the page and its pictures; pictures of an older page are removed."""
    page = Page(source=source, place=place)
    text = page.text(executed)
    shutil.rmtree(page.folder, ignore_errors=True)
    page.folder.mkdir(parents=True)
    place.write_text(text, encoding="utf-8")
    for name, content in page.pictures.items():
        (page.folder / name).write_bytes(content)
