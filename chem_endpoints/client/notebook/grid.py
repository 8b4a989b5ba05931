"""Answers as a table with drawings, sorted by a click on a column's name; it works in a saved notebook, offline."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from chem_endpoints.client.notebook.structures import SIZE, as_image, drawing, has_rdkit, structures
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.columns import EXPLANATION_DRAWING, PREDICTION_ERROR
from chem_endpoints.wire.options import CONFORMERS_KEY

MOST_ROWS = 200
"""Rows that a grid shows unless told otherwise; a drawing is some kilobytes."""

MOST_COLUMNS = 12
"""Columns that a grid shows unless told which."""

NEVER_SHOWN = (CONFORMERS_KEY, EXPLANATION_DRAWING)
"""Columns of long text, shown only when they are named (the drawing of an explanation replaces the plain one)."""

SORT = """
var t=this.closest('table'),b=t.tBodies[0],i=this.cellIndex,up=this.dataset.up!=='1';
Array.from(this.parentNode.cells).forEach(function(c){c.dataset.up='';});this.dataset.up=up?'1':'0';
Array.from(b.rows).sort(function(p,q){var a=p.cells[i].dataset.v,c=q.cells[i].dataset.v;
if(a===''||c==='')return (a==='')-(c==='');var x=Number(a),y=Number(c);
var d=isNaN(x)||isNaN(y)?a.localeCompare(c):x-y;return up?d:-d;}).forEach(function(r){b.appendChild(r);});
"""
"""What a click on a column's name does: sorts up, then down; empty cells stay at the end."""

_FAILED_STYLE = "background:#fdecea;color:#611a15"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table for a notebook; ``str()`` of it is the HTML.

    Attributes:
        frame: rows and columns to show, in their order.
        drawings: HTML of each row's drawing.
        total: rows of the whole frame.
        hidden: columns that are not shown.
    """

    frame: pd.DataFrame
    drawings: tuple[str, ...]
    total: int
    hidden: int

    def __str__(self) -> str:
        return self._repr_html_()

    def __repr__(self) -> str:
        # A notebook stores this beside the HTML: it must not hold the drawings a second time.
        return f"{type(self).__name__}({len(self.frame)} of {self.total} rows, {self.frame.shape[1]} columns)"

    def _repr_html_(self) -> str:
        names = ["structure", *(str(name) for name in self.frame.columns)]
        sort = html.escape(SORT.replace("\n", ""), quote=True)
        head = "".join(
            f'<th onclick="{sort}" style="cursor:pointer" title="sort">{html.escape(name)}</th>' for name in names
        )
        failed = self._failed()
        rows = "".join(self._row(row, failed[row]) for row in range(len(self.frame)))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{self._note()}"

    def _row(self, row: int, failed: bool) -> str:
        style = f' style="{_FAILED_STYLE}"' if failed else ""
        cells = "".join(_cell(self.frame.iat[row, place]) for place in range(self.frame.shape[1]))
        return f'<tr{style}><td data-v="{row}">{self.drawings[row]}</td>{cells}</tr>'

    def _failed(self) -> list[bool]:
        places = [place for place, name in enumerate(self.frame.columns) if name == PREDICTION_ERROR]
        if not places:
            return [False] * len(self.frame)
        return [_is_text(cell) for cell in self.frame.iloc[:, places[0]]]

    def _note(self) -> str:
        told = []
        if self.total > len(self.frame):
            told.append(f"{len(self.frame):,} of {self.total:,} rows; grid(rows=…) shows more")
        if self.hidden:
            told.append(f"{self.hidden:,} columns are not shown; grid(columns=[…]) chooses")
        return f"<p>{'. '.join(told)}</p>" if told else ""


def make_grid(
    frame: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    sort: str | None = None,
    descending: bool = False,
    smiles: str | None = None,
    rows: int = MOST_ROWS,
    size: tuple[int, int] = SIZE,
) -> Grid:
    """See `ChemAccessor.grid`."""
    shown = _shown(frame, columns)
    order = _order(frame, sort, descending)[:rows]
    chosen = frame.iloc[order]
    texts = structures(frame, smiles)
    explained = frame[EXPLANATION_DRAWING].tolist() if list(frame.columns).count(EXPLANATION_DRAWING) == 1 else None
    drawings = tuple(_drawn(texts[row], explained[row] if explained else None, size) for row in order)
    return Grid(frame=chosen.iloc[:, shown], drawings=drawings, total=len(frame), hidden=frame.shape[1] - len(shown))


def _shown(frame: pd.DataFrame, columns: Sequence[str] | None) -> list[int]:
    """Positions of the columns to show; failed rows always say why."""
    names = list(frame.columns)
    if columns is None:
        chosen = [place for place, name in enumerate(names) if name not in NEVER_SHOWN]
        shown = chosen[:MOST_COLUMNS]
    else:
        absent = [name for name in columns if name not in names]
        if absent:
            raise InvalidInputError(f"the frame has no column {', '.join(map(repr, absent))}")
        shown = [place for name in columns for place in range(len(names)) if names[place] == name]
    errors = [place for place, name in enumerate(names) if name == PREDICTION_ERROR]
    missing = errors and errors[0] not in shown and any(_is_text(cell) for cell in frame.iloc[:, errors[0]])
    return [*shown, errors[0]] if missing else shown


def _order(frame: pd.DataFrame, sort: str | None, descending: bool) -> list[int]:
    """Positions of the rows; empty cells come last either way."""
    if sort is None:
        return list(range(len(frame)))
    if list(frame.columns).count(sort) != 1:
        raise InvalidInputError(f"there must be one column {sort!r} to sort by")
    column = frame[sort].reset_index(drop=True)
    try:
        ranked = column.sort_values(ascending=not descending, kind="stable", na_position="last")
    except TypeError:
        raise InvalidInputError(f"column {sort!r} mixes kinds of cells and has no order") from None
    return ranked.index.tolist()


def _drawn(smiles: str | None, explained: Any, size: tuple[int, int]) -> str:
    if _is_text(explained):
        return as_image(str(explained))
    svg = drawing(smiles, size) if has_rdkit() else ""
    return as_image(svg) if svg else f"<code>{html.escape(smiles or '')}</code>"


def _cell(cell: Any) -> str:
    missing = cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and math.isnan(cell))
    text = "" if missing else f"{cell:.4g}" if isinstance(cell, float) else str(cell)
    value = "" if missing else repr(float(cell)) if isinstance(cell, float) else str(cell)
    return f'<td data-v="{html.escape(value, quote=True)}">{html.escape(text)}</td>'


def _is_text(cell: Any) -> bool:
    return isinstance(cell, str) and bool(cell)
