"""``frame.chem``: drawings, a sortable grid and SD files of any frame with structures.

Registered when `chem_endpoints.client.endpoint` is imported; RDKit is imported by the first drawing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from chem_endpoints.client.notebook.grid import MOST_ROWS, Grid, make_grid
from chem_endpoints.client.notebook.structures import SIZE, drawing, structures

ACCESSOR = "chem"


@pd.api.extensions.register_dataframe_accessor(ACCESSOR)
class ChemAccessor:
    """Structures of a frame.

    The column of SMILES is ``smiles``, else ``smiles_used``, else ``structure`` (in any case), else the only column of
    RDKit molecules; ``smiles=`` names another one.

    Args:
        frame: the frame; never changed.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def grid(
        self,
        columns: Sequence[str] | None = None,
        sort: str | None = None,
        *,
        descending: bool = False,
        smiles: str | None = None,
        rows: int = MOST_ROWS,
        size: tuple[int, int] = SIZE,
    ) -> Grid:
        """A table with drawings; a click on a column's name sorts. Failed rows are coloured and say why.

        Args:
            columns: to show; default: the first 12. ``prediction_error`` is added when a row failed.
            sort: column to sort by at first; empty cells come last.
            descending: the largest first.
            smiles: column of the structures.
            rows: shown at most.
            size: width and height of a drawing in pixels.

        Returns:
            An object that a notebook shows, and whose ``str()`` is the HTML. Without RDKit it shows SMILES.

        Raises:
            InvalidInputError: a column is absent, or no column holds structures.
        """
        return make_grid(
            self._frame, columns=columns, sort=sort, descending=descending, smiles=smiles, rows=rows, size=size
        )

    def drawings(self, *, smiles: str | None = None, size: tuple[int, int] = SIZE) -> "pd.Series[Any]":
        """The structures as SVG text, with the frame's index; empty text where a structure cannot be drawn.

        Args:
            smiles: column of the structures.
            size: width and height in pixels.

        Raises:
            NoRdkitError: RDKit is not installed.
            InvalidInputError: no column holds structures.
        """
        drawn = [drawing(text, size) for text in structures(self._frame, smiles)]
        return pd.Series(drawn, index=self._frame.index, dtype="str", name="drawing")

    def to_sdf(
        self,
        path: str | Path,
        *,
        smiles: str | None = None,
        name: str | None = None,
        columns: Sequence[str] | None = None,
        overwrite: bool = False,
    ) -> int:
        """Writes an SD file with the columns as properties; a missing or empty cell is no property.

        A row whose column ``conformers`` holds an SD file becomes one record per conformer, in three dimensions; the
        others are drawn in two. A row without a structure that can be read is a record without atoms. The file appears
        whole or not at all.

        Args:
            path: the file.
            smiles: column of the structures.
            name: column of the records' first line.
            columns: to write as properties; default: all but ``conformers`` and ``explain_svg``.
            overwrite: replace a file that exists.

        Returns:
            Number of records.

        Raises:
            FileError: the file exists, cannot be written, or a cell cannot be a property.
            NoRdkitError: RDKit is not installed, and a row has no conformers.
            InvalidInputError: a column is absent, or no column holds structures.
        """
        from chem_endpoints.client.notebook.sdf import to_sdf  # imports the file formats

        return to_sdf(self._frame, path, smiles=smiles, name=name, columns=columns, overwrite=overwrite)
