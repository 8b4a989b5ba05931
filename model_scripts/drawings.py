"""Draws structures for the page that a server shows: a script like a model's, but without a bundle of its own.

`container.server` runs it in its workers, so a structure that hangs or crashes RDKit costs its own row.
"""

from typing import TYPE_CHECKING

from chem_endpoints.wire.columns import DRAWING, PREDICTION_ERROR, SMILES
from chem_endpoints.wire.rows import each_row
from model_scripts.chemistry.smiles import SmilesError, parse_smiles

if TYPE_CHECKING:
    import pandas as pd


def model_fn(model_dir: str) -> None:
    """There is nothing to load."""


def predict_fn(df: "pd.DataFrame", model: None) -> "pd.DataFrame":
    """Adds ``drawing`` (SVG, missing where there is none) and ``prediction_error``; rows, order and index stay.

    Raises:
        BundleError: the image lacks libraries that RDKit draws with.
    """
    import pandas as pd

    cells = [_drawn(text) for _, text in each_row(enumerate(df[SMILES].tolist()))]
    drawings = pd.Series([drawing for drawing, _ in cells], index=df.index, dtype="str")
    errors = pd.Series([error for _, error in cells], index=df.index, dtype="str")
    return df.assign(**{DRAWING: drawings, PREDICTION_ERROR: errors})


def _drawn(text: str) -> tuple[str | None, str]:
    from model_scripts.explain.drawing import structure_svg

    try:
        return structure_svg(parse_smiles(text)), ""
    except SmilesError as error:
        return None, str(error)
