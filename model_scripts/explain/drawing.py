"""Structures as SVG: bare, or each atom on a colour: red where it raises the prediction, blue where it lowers it.

The two ends are those of ColorBrewer's red and blue scheme, which the colour-blind tell apart.
"""

from typing import Any

import numpy as np
from rdkit import Chem

from chem_endpoints.wire.bundle import BundleError
from model_scripts.member import Floats

WIDTH, HEIGHT = 400, 300
"""Pixels."""

_RAISES = np.array([178, 24, 43]) / 255
_LOWERS = np.array([33, 102, 172]) / 255
_WHITE = np.ones(3)
_RADIUS = 0.4


def structure_svg(molecule: Chem.Mol) -> str:
    """The drawing as SVG; the same molecule gives the same text, which holds no name and no SMILES.

    Args:
        molecule: sanitised.

    Raises:
        BundleError: the image lacks libraries that RDKit draws with.
    """
    draw = _drawing_library()
    drawer = draw.MolDraw2DSVG(WIDTH, HEIGHT)
    drawer.drawOptions().includeMetadata = False
    drawer.DrawMolecule(draw.PrepareMolForDrawing(_bare(molecule), kekulize=False))
    drawer.FinishDrawing()
    return str(drawer.GetDrawingText())


def explanation_svg(molecule: Chem.Mol, weights: Floats) -> str:
    """The drawing as SVG; the same molecule and weights give the same text, which holds no name and no SMILES.

    Args:
        molecule: sanitised.
        weights: float ``[heavy atoms]``; colours are relative to the largest of the molecule.

    Raises:
        BundleError: the image lacks libraries that RDKit draws with.
    """
    draw = _drawing_library()
    heavy = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() > 1]
    colours = {atom: _colour(share) for atom, share in zip(heavy, _shares(weights), strict=True)}
    drawer = draw.MolDraw2DSVG(WIDTH, HEIGHT)
    drawer.drawOptions().includeMetadata = False
    drawer.drawOptions().useBWAtomPalette()
    prepared = draw.PrepareMolForDrawing(_bare(molecule), kekulize=False)
    radii = dict.fromkeys(heavy, _RADIUS)
    drawer.DrawMolecule(
        prepared, highlightAtoms=heavy, highlightAtomColors=colours, highlightAtomRadii=radii, highlightBonds=[]
    )
    drawer.FinishDrawing()
    return str(drawer.GetDrawingText())


def _bare(molecule: Chem.Mol) -> Chem.Mol:
    """Without conformers and properties, so that nothing of them decides or enters the drawing."""
    bare = Chem.Mol(molecule)
    bare.RemoveAllConformers()
    for name in list(bare.GetPropNames(includePrivate=True)):
        bare.ClearProp(name)
    return bare


def _shares(weights: Floats) -> list[float]:
    largest = float(np.abs(weights).max(initial=0.0))
    return [float(weight) / largest if largest else 0.0 for weight in weights]


def _colour(share: float) -> tuple[float, float, float]:
    end = _RAISES if share > 0 else _LOWERS
    red, green, blue = (_WHITE + abs(share) * (end - _WHITE)).tolist()
    return red, green, blue


def _drawing_library() -> Any:
    try:
        from rdkit.Chem.Draw import rdMolDraw2D
    except ImportError as error:  # a shared library, not the module
        raise BundleError(
            f"RDKit cannot draw here ({error}): install libx11-6, libxext6 and libxrender1 in the image"
        ) from error
    return rdMolDraw2D
