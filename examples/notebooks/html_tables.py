"""The tables of a cell's HTML: those of pandas, and the grid of drawings."""

import base64
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

DRAWING = "data:image/svg+xml;base64,"
NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]\d+)?|NaN|", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A drawing in a cell: the bytes of an SVG file."""

    content: bytes


@dataclass(kw_only=True)
class Table:
    """Attributes:
    head: names of the columns; empty for an index without a name.
    rows: cells, as many as there are names.
    """

    head: list[str] = field(default_factory=list)
    rows: list[list[str | Picture]] = field(default_factory=list)

    @property
    def numeric(self) -> list[bool]:
        """For each column, whether it holds numbers only."""
        columns = zip(*self.rows, strict=True)
        return [all(isinstance(cell, str) and NUMBER.fullmatch(cell) for cell in column) for column in columns]


def tables_of(html: str) -> list[Table]:
    """All tables of a piece of HTML, in their order."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.tables


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: list[Table] = []
        self._head_rows: list[list[str | Picture]] = []
        self._in_head = False
        self._cell: str | Picture | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append(Table())
            self._head_rows = []
        elif tag == "thead":
            self._in_head = True
        elif tag == "tr":
            (self._head_rows if self._in_head else self.tables[-1].rows).append([])
        elif tag in ("td", "th"):
            self._cell = ""
        elif tag == "img" and self._cell is not None:
            source = dict(attrs).get("src") or ""
            self._cell = Picture(content=base64.b64decode(source.removeprefix(DRAWING)))

    def handle_data(self, data: str) -> None:
        if isinstance(self._cell, str):
            self._cell += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            row = (self._head_rows if self._in_head else self.tables[-1].rows)[-1]
            row.append(self._cell.strip() if isinstance(self._cell, str) else self._cell)
            self._cell = None
        elif tag == "thead":
            self._in_head = False
            self.tables[-1].head = _joined(self._head_rows)


def _joined(rows: list[list[str | Picture]]) -> list[str]:
    """One line of names: pandas writes the index's name into a line of its own, below the columns' names."""
    columns = zip(*rows, strict=True)
    return [next((cell for cell in column if isinstance(cell, str) and cell), "") for column in columns]
