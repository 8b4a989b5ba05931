"""What a model reads and returns, for people: as a table, as text, and as rows that can be sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from chem_endpoints.wire.manifest import Dtype, GoldenRows, Manifest, answer_columns
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES

COLUMNS = ("role", "name", "dtype", "unit", "missing", "categories", "description")
"""Columns of `Signature.to_frame`."""

MAX_WRITTEN_CATEGORIES = 8
MAX_WRITTEN_COLUMNS = 30
MAX_WRITTEN_ON_REQUEST = 3
"""Categories of an input, inputs or outputs, and outputs of one option that text and notebook name; they count the
others."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """A column that the model reads.

    Attributes:
        name: the feature's name; the caller's columns match it whatever their case.
        dtype: ``float64``, ``int64``, ``boolean`` or ``text``.
        unit: unit of the values; ``None``: it has none, or nobody said.
        missing: ``error``: a row without a value comes back with a reason; ``allow``: the model copes with it.
        categories: the only texts that the model knows; ``None``: any.
        description: what it is.
    """

    name: str
    dtype: Dtype
    unit: str | None = None
    missing: str = "error"
    categories: tuple[str, ...] | None = None
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Added:
    """A column that the model adds.

    Attributes:
        name: its name in the answer.
        dtype: as of `Input`; in the DataFrame float64, Int64, boolean and str.
        unit: unit of the values.
        description: what it is.
        option: the keyword of ``inference`` that asks for it; empty: it is always there.
    """

    name: str
    dtype: Dtype
    unit: str | None = None
    description: str = ""
    option: str = ""


@dataclass(frozen=True, kw_only=True, repr=False)
class Signature:
    """Inputs and outputs of a model, from its manifest. Python shows it as aligned text, a notebook as a table.

    Attributes:
        inputs: the columns that the model reads.
        outputs: the columns that it adds, ``prediction_error`` and those on request included.
        options: keywords of ``inference`` that add columns, such as ``explain``.
        golden: the rows that the server replays at start.
    """

    inputs: tuple[Input, ...]
    outputs: tuple[Added, ...]
    options: tuple[str, ...]
    golden: GoldenRows

    @classmethod
    def of(cls, manifest: Manifest) -> "Signature":
        """The signature that a manifest declares."""
        inputs = tuple(
            Input(**feature.model_dump(include={"name", "dtype", "unit", "missing", "categories", "description"}))
            for feature in manifest.features
        )
        always = [Added(**output.model_dump()) for output in answer_columns(manifest.outputs)]
        asked = [
            Added(**output.model_dump(), option=option)
            for option, outputs in manifest.on_request.items()
            for output in outputs
        ]
        return cls(
            inputs=inputs,
            outputs=(*always, *asked),
            options=tuple(manifest.on_request),
            golden=manifest.golden,
        )

    def to_frame(self) -> pd.DataFrame:
        """One row for each column, inputs first: `COLUMNS`, all text.

        ``role`` is ``input``, ``output``, or ``output with explain=True`` of a column on request. ``categories`` are
        separated by commas. A cell that does not apply is empty.
        """
        rows = [
            (
                "input",
                one.name,
                one.dtype,
                one.unit or "",
                one.missing,
                ", ".join(one.categories or ()),
                one.description,
            )
            for one in self.inputs
        ]
        rows += [(_role(one), one.name, one.dtype, one.unit or "", "", "", one.description) for one in self.outputs]
        return pd.DataFrame(rows, columns=list(COLUMNS), dtype="str")

    def example(self) -> pd.DataFrame:
        """Rows that the model can be asked with: the inputs of its golden rows, typed."""
        rows = max(map(len, self.golden.input.values()), default=0)
        columns = {
            one.name: pd.Series(self.golden.input.get(one.name, [None] * rows), dtype=PANDAS_DTYPES[one.dtype])
            for one in self.inputs
        }
        return pd.DataFrame(columns)

    def __str__(self) -> str:
        table = self._written()
        return "\n".join(line.rstrip() for line in _aligned([list(table.columns), *table.to_numpy().tolist()]))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """A table, for notebooks."""
        table = self._written()
        head = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
        body = "".join(
            "<tr>" + "".join(f'<td style="text-align: left">{escape(cell)}</td>' for cell in row) + "</tr>"
            for row in table.to_numpy().tolist()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _written(self) -> pd.DataFrame:
        """`to_frame` as people read it: long lists cut, columns that say nothing left out."""
        frame = self.to_frame()
        frame["categories"] = [_short(one.categories or ()) for one in self.inputs] + [""] * len(self.outputs)
        frame = pd.concat([_first(rows) for _, rows in frame.groupby("role", sort=False)], ignore_index=True)
        return frame.loc[:, [name for name in frame.columns if (frame[name] != "").any()]]


def _first(rows: pd.DataFrame) -> pd.DataFrame:
    """The first columns of one role, and how many there are beside them."""
    role = rows["role"].iloc[0]
    most = MAX_WRITTEN_COLUMNS if role in ("input", "output") else MAX_WRITTEN_ON_REQUEST
    if len(rows) <= most + 1:
        return rows
    told = pd.DataFrame([dict.fromkeys(COLUMNS, "") | {"role": role, "name": f"… and {len(rows) - most} more"}])
    return pd.concat([rows.iloc[:most], told])


def _role(output: Added) -> str:
    return f"output with {output.option}=True" if output.option else "output"


def _short(categories: Sequence[str]) -> str:
    more = len(categories) - MAX_WRITTEN_CATEGORIES
    told = ", ".join(categories[:MAX_WRITTEN_CATEGORIES])
    return f"{told}, and {more} more" if more > 0 else told


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
