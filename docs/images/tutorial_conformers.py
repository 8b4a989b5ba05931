"""Draws docs/images/tutorial-conformers.png from the conformers.sdf that the tutorial on long 3D jobs writes.

python docs/images/tutorial_conformers.py conformers.sdf
"""

import sys
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from rdkit import Chem
from rdkit.Chem import rdMolAlign, rdMolTransforms

SHOWN = ("alachlor", "allobarbital", "acephate")
COLOURS = {
    "C": "#5a6472",
    "H": "#b4bcc6",
    "O": "#d1383d",
    "N": "#2f6fd0",
    "S": "#b58900",
    "P": "#d9730d",
    "Cl": "#2e8b57",
}
OTHER = "#7a4fbf"
FAINTEST = 0.12


def main(file: str) -> None:
    """One panel for each compound: its conformers laid upon the lowest one, the likelier the darker."""
    records = [record for record in Chem.SDMolSupplier(file, removeHs=False) if record is not None]
    mpl.rcParams.update({"font.size": 11, "svg.hashsalt": "conformers"})
    figure, panels = plt.subplots(1, len(SHOWN), figsize=(9.6, 3.4), dpi=85)
    for panel, name in zip(panels, SHOWN, strict=True):
        _draw(panel, name, [record for record in records if record.GetProp("name") == name])
    figure.tight_layout()
    figure.savefig(Path(__file__).with_name("tutorial-conformers.png"), facecolor="white", metadata={"Software": ""})


def _draw(panel: Axes, name: str, conformers: list[Chem.Mol]) -> None:
    lowest = conformers[0]
    rdMolTransforms.CanonicalizeConformer(lowest.GetConformer())
    heavy = [(atom.GetIdx(), atom.GetIdx()) for atom in lowest.GetAtoms() if atom.GetAtomicNum() > 1]
    for conformer in reversed(conformers):
        if conformer is not lowest:
            rdMolAlign.AlignMol(conformer, lowest, atomMap=heavy)
        weight = float(conformer.GetProp("boltzmann_weight"))
        _lines(panel, conformer, max(FAINTEST, weight**0.5))
    panel.set_title(f"{name}: {len(conformers)} conformers")
    panel.set_aspect("equal", adjustable="datalim")
    panel.axis("off")


def _lines(panel: Axes, molecule: Chem.Mol, opacity: float) -> None:
    at = molecule.GetConformer().GetPositions()
    for bond in molecule.GetBonds():
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        middle = sum(at[end.GetIdx()] for end in ends) / 2
        for end in ends:
            x, y, _ = zip(at[end.GetIdx()], middle, strict=True)
            colour = COLOURS.get(end.GetSymbol(), OTHER)
            width = 1.0 if end.GetAtomicNum() == 1 else 2.4
            panel.plot(x, y, color=colour, alpha=opacity, linewidth=width, solid_capstyle="round")


if __name__ == "__main__":
    main(sys.argv[1])
