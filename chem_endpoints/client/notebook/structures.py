"""The structures of a frame, and their drawings where RDKit is installed."""

import base64
from typing import Any

import pandas as pd

from chem_endpoints.client.inputs import with_smiles
from chem_endpoints.errors import InvalidInputError, NoRdkitError
from chem_endpoints.wire.columns import SMILES, SMILES_USED

CANDIDATES = (SMILES, SMILES_USED, "structure")
"""Columns that hold the structures, ignoring case, when the caller names none; the first that is there."""

MOST_CHARACTERS = 2_000
"""Longer SMILES are not drawn: nobody could read them, and the layout of one may take minutes."""

SIZE = (220, 160)
"""Width and height of a drawing in pixels."""


def has_rdkit() -> bool:
    """Whether structures can be drawn here."""
    try:
        import rdkit  # noqa: F401
    except ImportError:
        return False
    return True


def structures(frame: pd.DataFrame, smiles: str | None = None) -> list[str | None]:
    """SMILES of each row; ``None`` where there is none.

    Args:
        frame: any frame; a column of RDKit molecules serves too.
        smiles: the column; default: the first of `CANDIDATES`, else the only column of molecules.

    Raises:
        InvalidInputError: there is no such column, or there are several.
    """
    source, molecules = with_smiles(frame, smiles)
    found = molecules if molecules is not None else smiles_column(source)
    places = [place for place, name in enumerate(source.columns) if name == found]
    if found is None or not places:
        raise InvalidInputError("no column holds structures: say which one does, smiles='Structure'")
    if len(places) > 1:
        raise InvalidInputError(f"{len(places)} columns are called {found!r}; rename all but one")
    column = source.iloc[:, places[0]]
    return [None if gone else str(cell) for cell, gone in zip(column, column.isna(), strict=True)]


def smiles_column(frame: pd.DataFrame) -> Any | None:
    """The column that holds SMILES by its name."""
    folded = {str(name).casefold(): name for name in reversed(list(frame.columns))}
    return next((folded[name] for name in CANDIDATES if name in folded), None)


def parsed(smiles: str | None) -> Any | None:
    """The RDKit molecule; ``None`` where there is none or it cannot be read. Extensions after the SMILES are ignored.

    Raises:
        NoRdkitError: RDKit is not installed.
    """
    if not has_rdkit():
        raise NoRdkitError("RDKit is not installed: pip install rdkit")
    from rdkit import Chem, rdBase

    words = (smiles or "").split()
    if not words or len(words[0]) > MOST_CHARACTERS:
        return None
    with rdBase.BlockLogs():  # RDKit writes what it cannot read to standard error
        return Chem.MolFromSmiles(words[0])


def drawing(smiles: str | None, size: tuple[int, int] = SIZE) -> str:
    """The structure as SVG text; empty where there is none that can be drawn.

    Raises:
        NoRdkitError: RDKit is not installed.
    """
    molecule = parsed(smiles)
    if molecule is None:
        return ""
    from rdkit.Chem.Draw import rdMolDraw2D

    canvas = rdMolDraw2D.MolDraw2DSVG(*size)
    canvas.drawOptions().clearBackground = False
    rdMolDraw2D.PrepareAndDrawMolecule(canvas, molecule)
    canvas.FinishDrawing()
    return str(canvas.GetDrawingText())


def as_image(svg: str) -> str:
    """SVG text as an HTML image, in which nothing can run."""
    return f'<img src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}" alt="structure">'
