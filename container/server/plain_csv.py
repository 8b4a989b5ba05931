"""CSV that needs no parser: no quotes, every line with the header's number of separators.

Its numbers are read straight into a matrix, and an answer is made by adding cells to the caller's own lines, so that
they come back byte for byte. Everything else takes `chem_endpoints.wire.csv_format`; both give the same bytes.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.cell_numbers import NO_NUMBER
from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.manifest import Manifest, answer_columns
from chem_endpoints.wire.matching import match_columns, reason_of_cell
from chem_endpoints.wire.options import Return

HEADER_PLANS = 64
"""Header lines whose plans are kept; callers of one model rarely have more."""

SPLIT_BYTES = 150_000
"""Up to this size Python's own ``split`` and ``float`` are faster than a parser that must be set up per column."""


@dataclass(frozen=True, kw_only=True)
class HeaderPlan:
    """What a header line means for a model; made once per header.

    Attributes:
        line: the header without its line end.
        width: number of columns.
        positions: column of each feature, in the manifest's order.
        numbers: whether every feature is a float64.
        row_number: column of the row number that our client sends, if it is there.
    """

    line: bytes
    width: int
    positions: tuple[int, ...]
    manifest: Manifest
    numbers: bool
    row_number: int | None

    @cached_property
    def pick(self) -> Callable[[Sequence[bytes]], Sequence[bytes]]:
        """Takes the features' cells from a line's cells."""
        if len(self.positions) == 1:
            (only,) = self.positions
            return lambda cells: (cells[only],)
        return itemgetter(*self.positions)


class HeaderPlans:
    """Plans for one model; those of the last `HEADER_PLANS` header lines are remembered."""

    def __init__(self, manifest: Manifest) -> None:
        self.of = lru_cache(HEADER_PLANS)(lambda header: plan_header(header, manifest))


def plan_header(header: bytes, manifest: Manifest) -> HeaderPlan | None:
    """The plan for a header line, or ``None`` when its columns need the general reader.

    Raises:
        FeatureMismatchError: a feature has no column, or several.
    """
    line = header.rstrip(b"\r\n")
    if any(byte in line for byte in (b'"', b"\r", b"\0")) or line.startswith(b"\xef\xbb\xbf"):
        return None
    try:
        names = line.decode().split(",")
    except UnicodeDecodeError:
        return None
    added = {output.name for output in answer_columns(manifest.outputs)}
    if len(set(names)) < len(names) or added & set(names) or not any(names):
        return None
    positions = match_columns(names, manifest.features)
    return HeaderPlan(
        line=line,
        width=len(names),
        positions=tuple(positions[feature.name] for feature in manifest.features),
        manifest=manifest,
        numbers=all(feature.dtype == "float64" for feature in manifest.features),
        row_number=names.index(ROW_NUMBER) if ROW_NUMBER in names else None,
    )


def plain_lines(rows: bytes) -> list[bytes] | None:
    """The lines after the header, without line ends; ``None`` when one of them needs the general reader.

    Whether each has the header's number of separators is left to whoever reads its cells.
    """
    if b'"' in rows or b"\0" in rows or not _is_utf8(rows):
        return None
    if b"\r" in rows:
        ends = rows.count(b"\r\n")
        if rows.count(b"\r") != ends or rows.count(b"\n") != ends:
            return None
        rows = rows.replace(b"\r\n", b"\n")
    if not rows:
        return []
    lines = rows.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def even(lines: Sequence[bytes], *, width: int) -> bool:
    """Whether each line has the separators of so many cells, and no line is blank."""
    separators = width - 1
    if separators == 0 and any(not line or line.isspace() for line in lines):
        return False
    return all(line.count(b",") == separators for line in lines)


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Features read as numbers.

    Attributes:
        matrix: float64 ``[rows, features]``; NaN where a cell is missing or unreadable.
        reasons: row → why it cannot be predicted.
    """

    matrix: npt.NDArray[np.float64]
    reasons: dict[int, str]


def read_numbers(lines: list[bytes], plan: HeaderPlan, rows: bytes | None = None) -> Numbers | None:
    """Reads the features of lines exactly as `typed` reads cells; ``rows`` are the same lines in one piece.

    ``None`` when a line has more or fewer cells than the header.
    """
    matrix = _parsed(rows, plan, len(lines)) if rows is not None and len(rows) > SPLIT_BYTES else None
    if matrix is None:
        matrix = _split(lines, plan) if even(lines, width=plan.width) else None
    if matrix is None:
        return None
    reasons: dict[int, str] = {}
    finite = np.isfinite(matrix)
    for row in [] if finite.all() else np.flatnonzero(~finite.all(axis=1)).tolist():
        matrix[row], reason = _carefully(lines[row], plan)
        if reason:
            reasons[row] = reason
    return Numbers(matrix=matrix, reasons=reasons)


def _split(lines: list[bytes], plan: HeaderPlan) -> npt.NDArray[np.float64]:
    numbers, pick, features = array("d"), plan.pick, len(plan.positions)
    unread = [float("nan")] * features
    for row, line in enumerate(lines):
        try:
            if b"_" in line:  # float() would read 1_000
                raise ValueError  # noqa: TRY301 - joins the cells that are no numbers
            numbers.extend(map(float, pick(line.split(b","))))
        except ValueError:
            del numbers[row * features :]
            numbers.extend(unread)
    return np.frombuffer(numbers, dtype=np.float64).reshape(len(lines), features).copy()


def _parsed(rows: bytes, plan: HeaderPlan, count: int) -> npt.NDArray[np.float64] | None:
    wanted = sorted(set(plan.positions))
    table = _read_columns(rows, plan.width, [str(position) for position in wanted])
    if table is None or table.num_rows != count:
        return None
    matrix = np.empty((count, len(plan.positions)), dtype=np.float64, order="F")  # it is filled by column
    for feature, position in enumerate(plan.positions):
        matrix[:, feature] = table.column(str(position)).to_numpy()
    return matrix


def _read_columns(rows: bytes, width: int, wanted: list[str]) -> Any:
    """A table of float64 columns, named by position; ``None`` when a cell is not what Arrow takes for a number."""
    import pyarrow as pa  # not at the top: small bodies do without, and so does the start
    import pyarrow.csv

    try:
        return pa.csv.read_csv(
            pa.BufferReader(rows),
            read_options=pa.csv.ReadOptions(
                column_names=[str(position) for position in range(width)], use_threads=False, block_size=len(rows) + 1
            ),
            parse_options=pa.csv.ParseOptions(quote_char=False, double_quote=False, newlines_in_values=False),
            convert_options=pa.csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.float64()), null_values=list(NO_NUMBER)
            ),
        )
    except pa.ArrowInvalid:
        return None


def _carefully(line: bytes, plan: HeaderPlan) -> tuple[list[float], str | None]:
    """The numbers of one line, cell by cell, and the reason of the first feature that is at fault."""
    cells = line.decode().split(",")
    numbers, reason = [], None
    for feature, position in zip(plan.manifest.features, plan.positions, strict=True):
        number, told = reason_of_cell(cells[position], feature)
        numbers.append(number)
        reason = reason or told
    return numbers, reason


def texts(lines: list[bytes], position: int) -> list[str]:
    """The cells of one column."""
    return [line.split(b",", position + 1)[position].decode() for line in lines]


def splice(lines: Sequence[bytes], cells: Sequence[bytes], *, opening: bytes = b"") -> bytes:
    """What opens the answer, and the lines with cells added to each, each with its line end."""
    return b"".join([opening, *[b"%b,%b\n" % pair for pair in zip(lines, cells, strict=True)]])


def own_part(lines: list[bytes], plan: HeaderPlan, returned: Return) -> tuple[bytes, list[bytes]]:
    """What of the caller's own goes into the answer: header with its last separator, and lines."""
    if returned == "all":
        return plan.line + b",", lines
    if plan.row_number is None:
        return b"", lines
    position = plan.row_number
    return ROW_NUMBER.encode() + b",", [line.split(b",", position + 1)[position] for line in lines]
