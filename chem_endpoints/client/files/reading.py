"""`read_rows`: a file, or standard input, as a frame."""

import gzip
import os
import sys
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from chem_endpoints.client.files.csv_file import read_csv_file
from chem_endpoints.client.files.file_rows import FileRows
from chem_endpoints.client.files.formats import STANDARD_STREAM, Format, format_of, known_endings
from chem_endpoints.client.files.sd_file import read_sd_file
from chem_endpoints.client.files.smiles_file import read_smiles_file
from chem_endpoints.client.files.text_encoding import EncodedText
from chem_endpoints.errors import FileError
from chem_endpoints.wire.errors import WireError

_GZIP_MAGIC = b"\x1f\x8b"


def read_rows(path: str | Path, *, format: Format | None = None) -> FileRows:
    """Reads every row of a file, in order.

    CSV: comma, semicolon or tab, UTF-8 with or without byte-order mark, UTF-16, Windows-1252 or Latin-1; each cell
    stays the text that it is (``007``, ``NA``, ``1E5``). SD file: the column ``smiles`` is made from each molecule
    block, the first line is ``name``, properties are columns. SMILES file: ``smiles`` and ``name``. Any of these may
    be compressed by gzip. Parquet: its own types.

    Args:
        path: the file; ``-`` is standard input.
        format: what the file is; default: as its ending says (`formats.ENDINGS`), and CSV where it says nothing.

    Returns:
        The rows, with what `write_rows` needs to write answers in the same form.

    Raises:
        FileError: no such file, or it is not what ``format`` says; the message names file and line.
    """
    name = "standard input" if str(path) == STANDARD_STREAM else str(path)
    return parse_rows(_unpacked(_contents(path), name), format or format_of(Path(path)) or "csv", name)


def parse_rows(raw: bytes, format: Format, name: str) -> FileRows:
    """Reads the rows of a file's contents; see `read_rows`.

    Args:
        raw: the contents, unpacked.
        format: what they are.
        name: what errors call the file.

    Raises:
        FileError: they are not that.
    """
    return _PARSERS[format](raw, name)


def rows_from(value: object) -> pd.DataFrame | None:
    """The rows of the file that a caller names; ``None`` where the value names no file.

    A `pathlib.Path` (any `os.PathLike`) always does. A text does if its ending is a known one: no valid SMILES ends so.

    What is worth telling, such as an encoding that was guessed, is a `UserWarning`.

    Raises:
        FileError: there is no such file, or it cannot be read.
    """
    if isinstance(value, str) and "\n" not in value:
        path = Path(value)
        if format_of(path) is None:
            return None
    elif isinstance(value, os.PathLike):
        path = Path(value)
        if format_of(path) is None:
            raise FileError(f"{path}: the ending tells no format; known are {known_endings()}")
    else:
        return None
    rows = read_rows(path)
    for note in rows.notes:
        warnings.warn(note, UserWarning, stacklevel=3)
    return rows.frame


def _contents(path: str | Path) -> bytes:
    if str(path) == STANDARD_STREAM:
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise FileError(f"{path}: there is no such file here") from None
    except OSError as error:
        raise FileError(f"{path}: the file cannot be read ({error.strerror})") from None


def _unpacked(raw: bytes, name: str) -> bytes:
    if not raw.startswith(_GZIP_MAGIC):
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error):
        raise FileError(f"{name}: the gzip file is damaged or cut short; compress it again") from None


def _csv(raw: bytes, name: str) -> FileRows:
    frame, layout, text = read_csv_file(raw, name)
    return FileRows(frame=frame, format="csv", name=name, layout=layout, notes=_notes(text, name))


def _smiles(raw: bytes, name: str) -> FileRows:
    frame, layout, text = read_smiles_file(raw, name)
    return FileRows(frame=frame, format="smi", name=name, layout=layout, notes=_notes(text, name))


def _sd(raw: bytes, name: str) -> FileRows:
    rows = read_sd_file(raw, name)
    return FileRows(
        frame=rows.frame,
        format="sdf",
        name=name,
        layout=rows.layout,
        notes=(*_notes(rows.text, name), *rows.notes),
        reasons=rows.reasons,
    )


def _parquet(raw: bytes, name: str) -> FileRows:
    import pyarrow as pa

    from chem_endpoints.wire.arrow_format import MALFORMED, to_frame
    from chem_endpoints.wire.parquet_format import open_parquet

    try:
        with open_parquet(
            pa.BufferReader(raw)
        ) as file:  # no bound in bytes, unlike a server's: the file is the caller's
            frame = to_frame(file.read(use_threads=False), nested_kept=True)
    except WireError as error:
        raise FileError(f"{name}: {error}") from None
    except MALFORMED as error:  # its text may quote cells
        raise FileError(f"{name}: this is not a complete Parquet file ({type(error).__name__})") from None
    return FileRows(frame=frame, format="parquet", name=name)


def _notes(text: EncodedText, name: str) -> tuple[str, ...]:
    note = text.note(name)
    return (note,) if note else ()


_PARSERS: dict[Format, Callable[[bytes, str], FileRows]] = {
    "csv": _csv,
    "parquet": _parquet,
    "sdf": _sd,
    "smi": _smiles,
}
