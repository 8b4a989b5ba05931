"""SMILES files: a SMILES, a blank or a tab, the compound's name; with or without a header line.

Source: Daylight theory manual, SMILES file; RDKit, SmilesMolSupplier (which skips lines that begin with ``#``).
"""

from dataclasses import dataclass

import pandas as pd

from chem_endpoints.client.files.cell_texts import cell_texts
from chem_endpoints.client.files.text_encoding import EncodedText, read_text, with_line_feeds
from chem_endpoints.errors import FileError
from chem_endpoints.wire.columns import SMILES

NAME = "name"
"""Column of what follows the SMILES, where no header line names it."""

HEADER_WORDS = frozenset({"smiles", "smi", "canonical_smiles", "isomeric_smiles", "structure"})
"""First words, in small letters, that make a line a header; none is a valid SMILES."""

_COMMENT = "#"
_BLANKS = " \t"


@dataclass(frozen=True, kw_only=True)
class SmilesLayout:
    """How a SMILES file was written.

    Attributes:
        header: its header line as it stood, or ``None``.
        columns: the names of its columns.
        gaps: what stood between SMILES and name, per row: a blank, a tab or nothing.
    """

    header: str | None = None
    columns: tuple[str, ...] = (SMILES, NAME)
    gaps: tuple[str, ...] = ()


def read_smiles_file(raw: bytes, name: str) -> tuple[pd.DataFrame, SmilesLayout, EncodedText]:
    """Reads a file's bytes.

    A header line whose words are separated by tabs names all columns of the file; each line after it that is not empty
    is a row. Otherwise there are two columns, the first word and the rest of the line, which are called as the header
    line says, or ``smiles`` and ``name``; blank lines and lines that begin with ``#`` are no rows.

    Args:
        raw: the file's contents.
        name: what errors call the file.

    Raises:
        FileError: it is no text, or a row has more cells than a header line with tabs.
    """
    text = with_line_feeds(read_text(raw, name))
    lines = [line.removesuffix("\r") for line in _lines(text)]
    first = next((place for place, line in enumerate(lines) if _is_row(line)), len(lines))
    header = lines[first] if first < len(lines) and _is_header(lines[first]) else None
    below = lines[first if header is None else first + 1 :]
    if header is not None and "\t" in header:
        frame, layout = _read_table(header, list(enumerate(below, start=first + 2)), name)
    else:
        frame, layout = _read_pairs(header, [line for line in below if _is_row(line)])
    return frame, layout, text


def _lines(text: EncodedText) -> list[str]:
    return text.utf8.decode().split("\n")  # str.splitlines would end lines at signs that names may hold


def _is_row(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(_COMMENT)


def _is_header(line: str) -> bool:
    return line.split(maxsplit=1)[0].casefold() in HEADER_WORDS


def _read_table(header: str, lines: list[tuple[int, str]], name: str) -> tuple[pd.DataFrame, SmilesLayout]:
    columns = header.split("\t")
    cells = []
    for number, line in lines:
        row = line.split("\t")
        if len(row) > len(columns):
            raise FileError(f"{name}, line {number}: {len(row)} cells, but the header line names {len(columns)}")
        if line:
            cells.append(row + [""] * (len(columns) - len(row)))
    return _frame(columns, cells), SmilesLayout(header=header, columns=tuple(columns))


def _read_pairs(header: str | None, lines: list[str]) -> tuple[pd.DataFrame, SmilesLayout]:
    words = header.split(maxsplit=1) if header is not None else []
    columns = (*words, *(SMILES, NAME)[len(words) :])
    if columns[0] == columns[1]:
        columns = (columns[0], NAME)
    ends = [_end_of_first_word(line) for line in lines]
    cells = [[line[:end], line[end + 1 :]] for line, end in zip(lines, ends, strict=True)]
    gaps = tuple(line[end : end + 1] for line, end in zip(lines, ends, strict=True))
    return _frame(list(columns), cells), SmilesLayout(header=header, columns=columns, gaps=gaps)


def _end_of_first_word(line: str) -> int:
    """Where the SMILES ends; it is empty where the line begins with a blank, as RDKit writes an empty molecule."""
    return min((place for sign in _BLANKS if (place := line.find(sign)) >= 0), default=len(line))


def _frame(columns: list[str], cells: list[list[str]]) -> pd.DataFrame:
    across = list(zip(*cells, strict=True)) or [()] * len(columns)
    frame = pd.DataFrame({place: pd.Series(column, dtype="str") for place, column in enumerate(across)})
    frame.columns = pd.Index(columns, dtype=object)
    return frame


def write_smiles_file(frame: pd.DataFrame, layout: SmilesLayout, name: str) -> bytes:
    """Writes a frame as UTF-8.

    A frame with no more than the columns that were read is written as the file was. With more, it becomes lines
    separated by tabs under a header line with the columns' names; the SMILES stays the first word.

    Args:
        frame: what to write; its index holds the rows' numbers in the file that ``layout`` comes from.
        layout: of that file.
        name: what errors call the file.

    Raises:
        FileError: the first column holds no SMILES, or a cell holds a tab or a line end.
    """
    columns = [str(column) for column in frame.columns]
    if columns == list(layout.columns) and layout.gaps:
        header = [layout.header] if layout.header is not None else []
        pairs = zip(frame.index, frame.iloc[:, 0], frame.iloc[:, 1], strict=True)
        lines = header + [f"{smiles}{layout.gaps[row]}{rest}" for row, smiles, rest in pairs]
    else:
        lines = ["\t".join(row) for row in _table(frame, columns, name)]
    return "".join(f"{line}\n" for line in lines).encode()


def _table(frame: pd.DataFrame, columns: list[str], name: str) -> list[list[str]]:
    if not columns or columns[0].casefold() not in HEADER_WORDS:
        raise FileError(
            f"{name}: a SMILES file begins each line with the SMILES, so the first column must be called smiles;"
            " write .csv or .parquet instead"
        )
    texts = [cell_texts(frame.iloc[:, place]) for place in range(frame.shape[1])]
    for column, cells in zip(columns, texts, strict=True):
        if any(sign in column or any(sign in cell for cell in cells) for sign in "\t\n\r"):
            raise FileError(
                f"{name}: the column {column!r} holds a tab or a line end, which a SMILES file cannot carry;"
                " write .csv or .parquet instead"
            )
    if len(columns) == 1:  # without a tab in it, a row without SMILES would be a blank line
        columns, texts = [*columns, NAME], [*texts, [""] * len(frame)]
    return [columns, *(list(row) for row in zip(*texts, strict=True))]
