"""Which format a file has, by the ending of its name."""

from pathlib import PurePath
from typing import Literal, get_args

Format = Literal["csv", "parquet", "sdf", "smi"]
"""``csv``: with commas, semicolons or tabs; ``sdf``: MDL SD file; ``smi``: one SMILES and its name per line."""

FORMATS: tuple[Format, ...] = get_args(Format)

ENDINGS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".sdf": "sdf",
    ".sd": "sdf",
    ".smi": "smi",
    ".smiles": "smi",
}
"""Ending of a file's name → its format. No valid SMILES ends like one of these."""

TAB_ENDINGS = (".tsv", ".tab")
"""Endings of a CSV file whose separator is a tab, where no file that was read says otherwise."""

GZIP_ENDING = ".gz"
"""Follows another ending: the file is compressed."""

STANDARD_STREAM = "-"
"""Stands for standard input or standard output."""


def format_of(path: PurePath) -> Format | None:
    """The format that the file's name tells; ``None``: it tells none."""
    return ENDINGS.get(_ending(path))


def separates_by_tab(path: PurePath) -> bool:
    """Whether the ending means tabs."""
    return _ending(path) in TAB_ENDINGS


def is_compressed(path: PurePath) -> bool:
    """Whether the name ends with `GZIP_ENDING`."""
    return path.suffix.lower() == GZIP_ENDING


def _ending(path: PurePath) -> str:
    return (PurePath(path.stem) if is_compressed(path) else path).suffix.lower()


def known_endings() -> str:
    """The endings, for a message."""
    return ", ".join(ENDINGS)
