"""What was read from a file, and what is needed to write answers back in the same form."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from chem_endpoints.client.files.csv_file import CsvLayout
from chem_endpoints.client.files.formats import Format
from chem_endpoints.client.files.sd_file import SdLayout
from chem_endpoints.client.files.smiles_file import SmilesLayout

Layout = CsvLayout | SdLayout | SmilesLayout


@dataclass(frozen=True, kw_only=True)
class FileRows:
    """The rows of a file.

    Attributes:
        frame: one row per row of the file, in order; index 0, 1, … (a Parquet file keeps its own). Cells of CSV, SD and
            SMILES files are text, byte for byte; those of Parquet have its types.
        format: the file's format.
        name: what messages call the file.
        layout: how the file was written: separator, encoding, molecule blocks. ``None`` for Parquet.
        notes: sentences to tell the caller, such as an encoding that was guessed.
        reasons: label of a row whose structure cannot be read → a ``prediction_error`` that says so.
    """

    frame: pd.DataFrame = field(repr=False)
    format: Format
    name: str
    layout: Layout | None = None
    notes: tuple[str, ...] = ()
    reasons: Mapping[int, str] = field(default_factory=dict)
