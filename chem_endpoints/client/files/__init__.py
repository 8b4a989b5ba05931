"""Files of compounds in and out: CSV, Parquet, SD files and SMILES files; no row and no cell is lost.

`read_rows` reads one, `write_rows` writes a frame as one, `rows_from` tells whether a value names one.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chem_endpoints.client.files.file_rows import FileRows
    from chem_endpoints.client.files.reading import read_rows, rows_from
    from chem_endpoints.client.files.writing import write_rows

__all__ = ["FileRows", "read_rows", "rows_from", "write_rows"]

_HOMES = {
    "FileRows": "file_rows",
    "read_rows": "reading",
    "rows_from": "reading",
    "write_rows": "writing",
}


def __getattr__(name: str) -> Any:
    # Lazy: the command line reads names of formats for its help and must not pay for pandas.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
