"""SD files: each record keeps its bytes; its structure and its properties become columns, answers become properties.

Source: BIOVIA, CTfile formats, SDfiles. RDKit reads the structures; without it there is no column of SMILES.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from chem_endpoints.client.files.cell_texts import cell_texts
from chem_endpoints.client.files.mol_blocks import smiles_of_blocks
from chem_endpoints.client.files.text_encoding import UTF_8, EncodedText, read_text, with_line_feeds
from chem_endpoints.errors import FileError, NoRdkitError
from chem_endpoints.wire.columns import SMILES, Reason

NAME = "name"
"""Column of a record's first line, unless a property is called so."""

NAME_BESIDE_PROPERTY = "_Name"
"""Column of a record's first line where a property is called ``name``; RDKit calls it so."""

_END_OF_RECORD = re.compile(rb"^\$\$\$\$[^\n]*(?:\n|\Z)", re.MULTILINE)
_END_OF_BLOCK = re.compile(rb"^M  END[^\n]*(?:\n|\Z)", re.MULTILINE)
_PROPERTY = re.compile(
    rb"^>[^<\r\n]*<([^\r\n]*)>[^>\r\n]*\r?(?:\n|\Z)((?:[^\r\n][^\n]*(?:\n|\Z))*)(?:\r?\n|\Z)", re.MULTILINE
)
"""A property: its header line, its name in angle brackets, the lines of its value, the blank line that ends it."""


@dataclass(frozen=True, kw_only=True)
class SdRecord:
    """One record as it stands in its file.

    Attributes:
        text: its bytes before ``$$$$``.
        end: the line ``$$$$`` with its line end; empty where the file ends without.
        line: number of its first line in the file, from 1.
    """

    text: bytes
    end: bytes
    line: int

    @property
    def block_length(self) -> int:
        """Bytes of the molecule block; the properties follow."""
        end = _END_OF_BLOCK.search(self.text)
        if end:
            return end.end()
        # A broken block: the first line, which is the name whatever it looks like, is in any case part of it.
        first = _PROPERTY.search(self.text, self.text.find(b"\n") + 1)
        return first.start() if first else len(self.text)

    @property
    def line_end(self) -> bytes:
        """How this record ends its lines."""
        return b"\r\n" if b"\r\n" in self.text or self.end.endswith(b"\r\n") else b"\n"


@dataclass(frozen=True, kw_only=True)
class SdLayout:
    """The records of an SD file.

    Attributes:
        records: one per row.
        encoding: of their texts.
        marked: whether a byte-order mark stood at the beginning.
    """

    records: tuple[SdRecord, ...] = field(repr=False)
    encoding: str = UTF_8
    marked: bool = False


@dataclass(frozen=True, kw_only=True)
class SdRows:
    """What was read from an SD file.

    Attributes:
        frame: ``smiles``, ``name`` and the properties, all text; a property that a record lacks is empty.
        layout: the records.
        text: how the file was encoded.
        reasons: row → why its structure cannot be read.
        notes: sentences to tell the caller.
    """

    frame: pd.DataFrame
    layout: SdLayout
    text: EncodedText
    reasons: Mapping[int, str]
    notes: tuple[str, ...]


def read_sd_file(raw: bytes, name: str) -> SdRows:
    """Reads a file's bytes; a record that RDKit cannot read is a row all the same, with its reason.

    Args:
        raw: the file's contents.
        name: what errors call the file.

    Raises:
        FileError: it is no text, or has no record.
    """
    text = with_line_feeds(read_text(raw, name))
    records = _records(text.utf8)
    if not records:
        raise FileError(f"{name}: there is no record in this SD file; each ends with a line of $$$$")
    properties = [_properties(record) for record in records]
    names = list(dict.fromkeys(key for found in properties for key in found))
    titles = [_decoded(record.text.split(b"\n", 1)[0].removesuffix(b"\r")) for record in records]
    columns: dict[str, Sequence[str]] = {NAME_BESIDE_PROPERTY if NAME in names else NAME: titles}
    columns |= {key: [found.get(key, "") for found in properties] for key in names}
    notes, reasons = [], {}
    try:
        blocks = [record.text[: record.block_length].decode() for record in records]
        smiles = smiles_of_blocks(blocks)
    except NoRdkitError:
        notes.append(
            f"{name}: RDKit is not installed, so the structures were not read and there is no column {SMILES!r}"
            " from them. Install it: pip install rdkit"
        )
    else:
        reasons = {row: _unreadable(row, records[row]) for row, found in enumerate(smiles) if found is None}
        if SMILES in columns:
            notes.append(f"{name}: the column {SMILES!r} holds the drawn structures, not the property of that name")
        columns = {SMILES: [found or "" for found in smiles]} | {k: v for k, v in columns.items() if k != SMILES}
    if reasons:
        notes.append(f"{name}: RDKit cannot read the structures of {len(reasons)} of {len(records)} records")
    frame = pd.DataFrame({key: pd.Series(values, dtype="str") for key, values in columns.items()})
    layout = SdLayout(records=tuple(records), encoding=text.encoding, marked=text.marked)
    return SdRows(frame=frame, layout=layout, text=text, reasons=reasons, notes=tuple(notes))


def _records(body: bytes) -> list[SdRecord]:
    records, start, line = [], 0, 1
    for end in _END_OF_RECORD.finditer(body):
        records.append(SdRecord(text=body[start : end.start()], end=end[0], line=line))
        line += body.count(b"\n", start, end.end())
        start = end.end()
    if body[start:].strip():
        records.append(SdRecord(text=body[start:], end=b"", line=line))
    return records


def _properties(record: SdRecord) -> dict[str, str]:
    found = _PROPERTY.finditer(record.text, record.block_length)
    return {_decoded(each[1]): _value(each[2]) for each in found}


def _value(lines: bytes) -> str:
    return _decoded(lines).replace("\r\n", "\n").removesuffix("\n")


def _decoded(text: bytes) -> str:
    return text.decode()


def _unreadable(row: int, record: SdRecord) -> str:
    return Reason.INVALID_SMILES.because(
        f"RDKit cannot read the molecule block of record {row + 1} (line {record.line} of the SD file)"
    )


def write_sd_file(frame: pd.DataFrame, layout: SdLayout, name: str, *, added: Sequence[str]) -> bytes:
    """Writes the records of a frame's rows as they were, with some columns as properties.

    A property of the same name is replaced. A missing or empty cell is no property. The file keeps its encoding; a sign
    that it lacks becomes an escape sequence.

    Args:
        frame: what to write; its index holds the records' positions.
        layout: the records.
        name: what errors call the file.
        added: columns to write as properties.

    Raises:
        FileError: a cell holds what an SD file would take for the end of the property or of the record.
    """
    texts = {column: cell_texts(frame[column]) for column in added}
    for column, cells in texts.items():
        _check(column, cells, name)
    body = b"".join(
        _with_properties(layout.records[row], {column: cells[place] for column, cells in texts.items()})
        for place, row in enumerate(frame.index)
    )
    return _encoded(body, layout)


def _encoded(body: bytes, layout: SdLayout) -> bytes:
    mark = "\ufeff" if layout.marked and layout.encoding == UTF_8 else ""  # Python writes that of UTF-16 itself
    if layout.encoding == UTF_8:
        return mark.encode() + body
    return body.decode().encode(layout.encoding, "backslashreplace")


def _check(column: str, cells: Sequence[str], name: str) -> None:
    if any(sign in column for sign in "<>\r\n"):
        raise FileError(f"{name}: the column name {column!r} cannot be that of a property; write .csv or .parquet")
    for cell in filter(None, cells):
        if "\r" in cell or any(not line.strip() or line.startswith("$$$$") for line in cell.split("\n")):
            raise FileError(
                f"{name}: the column {column!r} holds blank lines or lines that SD files give a meaning;"
                " write .csv or .parquet instead"
            )


def _with_properties(record: SdRecord, cells: Mapping[str, str]) -> bytes:
    end = record.line_end
    block, rest = record.text[: record.block_length], record.text[record.block_length :]
    kept = _PROPERTY.sub(lambda found: b"" if _decoded(found[1]) in cells else found[0], rest)
    if kept and not kept.endswith(b"\n"):
        kept += end + end
    elif kept.strip() and not kept.endswith((b"\n\n", b"\r\n\r\n")):
        kept += end
    if not kept and block and not block.endswith(b"\n"):
        block += end
    new = b"".join(
        b">  <" + column.encode() + b">" + end + cell.replace("\n", end.decode()).encode() + end + end
        for column, cell in cells.items()
        if cell
    )
    return block + kept + new + (record.end if record.end.endswith(b"\n") else b"$$$$" + end)
