"""`write_rows`: a frame as a file, in the form of the file that its rows came from."""

import gzip
from pathlib import Path

import pandas as pd

from chem_endpoints.client.files.csv_file import CsvLayout, write_csv_file
from chem_endpoints.client.files.file_rows import FileRows
from chem_endpoints.client.files.formats import Format, format_of, is_compressed, known_endings, separates_by_tab
from chem_endpoints.client.files.output_file import OutputFile
from chem_endpoints.client.files.sd_file import SdLayout, write_sd_file
from chem_endpoints.client.files.smiles_file import SmilesLayout, write_smiles_file
from chem_endpoints.client.report import REPORT_KEY
from chem_endpoints.errors import FileError
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.parquet_format import write_parquet


def write_rows(frame: pd.DataFrame, path: str | Path, *, like: FileRows | None = None, force: bool = False) -> None:
    """Writes a frame to a file, which appears whole or not at all.

    Args:
        frame: what to write. With ``like`` its index holds the rows' labels there, as `Endpoint.inference` keeps them;
            rows may be missing.
        path: the file; its ending tells the format. An ending ``.gz`` after it compresses.
        like: the rows as they were read: separator, byte-order mark, molecule blocks and names are taken from there.
        force: overwrite a file that exists; never that of ``like``.

    Raises:
        FileError: the file exists, cannot be written, or its format cannot carry the frame.
    """
    target = Path(path)
    sources = [Path(like.name)] if like is not None else []
    with OutputFile(target, force=force, never=sources) as output:
        output.write(encode_rows(frame, format_for(target), name=str(target), like=like))


def format_for(path: Path) -> Format:
    """The format to write.

    Raises:
        FileError: the ending tells none.
    """
    told = format_of(path)
    if told is None:
        raise FileError(f"{path}: the ending tells no format; known are {known_endings()}")
    return told


def encode_rows(frame: pd.DataFrame, format: Format, *, name: str, like: FileRows | None = None) -> bytes:
    """A frame as the contents of a file; see `write_rows`.

    Args:
        frame: what to write.
        format: as what.
        name: the file's name, for errors; its ending tells of tabs and compression.
        like: the rows as they were read.

    Raises:
        FileError: the format cannot carry the frame.
    """
    try:
        body = _encode(frame, format, name=name, like=like)
    except WireError as error:
        raise FileError(f"{name}: {error}") from None
    return gzip.compress(body, mtime=0) if is_compressed(Path(name)) and format != "parquet" else body


def _encode(frame: pd.DataFrame, format: Format, *, name: str, like: FileRows | None) -> bytes:
    layout = like.layout if like is not None else None
    if format == "parquet":
        return write_parquet(frame)
    if format == "csv":
        if not isinstance(layout, CsvLayout):
            layout = CsvLayout(separator="\t" if separates_by_tab(Path(name)) else ",")
        return write_csv_file(frame, layout, own_columns=0 if like is None else _own_columns(frame, like))
    if format == "smi":
        return write_smiles_file(frame, layout if isinstance(layout, SmilesLayout) else SmilesLayout(), name)
    if like is None or not isinstance(layout, SdLayout):
        raise FileError(
            f"{name}: an SD file is written only for rows that came from one, whose structures it keeps;"
            " write .csv or .parquet instead"
        )
    _check_rows(frame, like, name)
    return write_sd_file(frame, layout, name, added=_added(frame, like.frame))


def _own_columns(frame: pd.DataFrame, like: FileRows) -> int:
    """How many columns at the left are those that were read, and not answers in their place."""
    replaced = frame.attrs.get(REPORT_KEY, {}).get("replaced", ())
    pairs = zip(frame.columns, like.frame.columns, strict=False)
    others = (place for place, (ours, theirs) in enumerate(pairs) if ours != theirs or ours in replaced)
    return next(others, like.frame.shape[1])


def _added(frame: pd.DataFrame, read: pd.DataFrame) -> list[str]:
    """Columns that are new or changed."""
    before = read.loc[frame.index]
    return [name for name in frame.columns if name not in before.columns or not frame[name].equals(before[name])]


def _check_rows(frame: pd.DataFrame, like: FileRows, name: str) -> None:
    """Refuses a frame whose index does not tell which record each row is."""
    if not frame.index.isin(like.frame.index).all() or frame.index.has_duplicates:
        raise FileError(
            f"{name}: the index of the frame must hold the numbers of the SD file's records; keep the index of what"
            " was read"
        )
