"""Promise: the drawing shows each atom's weight as its colour, is the same each time, and names no structure."""

import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from rdkit import Chem

from chem_endpoints.wire.bundle import BundleError
from model_scripts.explain.drawing import explanation_svg

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def _colours(svg: str) -> dict[int, tuple[int, int, int]]:
    """Atom → red, green, blue of the disc behind it."""
    found = re.findall(r"class='atom-(\d+)'\s+style='fill:#(\w\w)(\w\w)(\w\w)", svg)
    return {int(atom): (int(red, 16), int(green, 16), int(blue, 16)) for atom, red, green, blue in found}


def test_red_raises_blue_lowers_and_strength_is_relative_to_the_largest() -> None:
    molecule = Chem.MolFromSmiles(ASPIRIN)
    weights = np.zeros(13)
    weights[[0, 2, 3]] = 2.0, -1.0, 0.5
    colours = _colours(explanation_svg(molecule, weights))
    assert len(colours) == 13
    assert colours[0] == (178, 24, 43)
    assert colours[1] == (255, 255, 255)
    assert colours[2][2] > colours[2][0]  # blue, and half as strong
    assert colours[3][0] > colours[3][2] > colours[0][2]
    assert colours == _colours(explanation_svg(molecule, 10 * weights))


def test_without_any_weight_every_atom_is_white() -> None:
    assert set(_colours(explanation_svg(Chem.MolFromSmiles(ASPIRIN), np.zeros(13))).values()) == {(255, 255, 255)}


@pytest.mark.parametrize("smiles", [ASPIRIN, "[2H]C([2H])O", "CC(=O)[O-].[Na+]", "C", "C[C@H](N)C(=O)O", "C" * 200])
def test_a_drawing_is_svg_with_a_disc_per_heavy_atom(smiles: str) -> None:
    molecule = Chem.MolFromSmiles(smiles)
    svg = explanation_svg(molecule, np.linspace(-1, 1, molecule.GetNumHeavyAtoms()))
    assert ET.fromstring(svg).tag.endswith("svg")
    assert len(_colours(svg)) == molecule.GetNumHeavyAtoms()


def test_nothing_but_the_structure_and_the_weights_enters_the_drawing() -> None:
    molecule = Chem.MolFromSmiles(ASPIRIN)
    weights = np.linspace(-1, 1, 13)
    plain = explanation_svg(molecule, weights)
    molecule.SetProp("_Name", "CANARY")
    molecule.SetProp("canary", "CANARY")
    molecule.GetAtomWithIdx(0).SetProp("canary", "CANARY")
    molecule.AddConformer(Chem.Conformer(13))
    assert explanation_svg(molecule, weights) == plain
    for secret in ("CANARY", ASPIRIN, Chem.CanonSmiles(ASPIRIN), "rdkit:mol", "rdkit:atom", "smiles"):
        assert secret not in plain
    assert molecule.GetProp("_Name") == "CANARY"
    assert molecule.GetNumConformers() == 1


def test_another_process_draws_the_same_bytes() -> None:
    program = (
        "import sys, numpy; from rdkit import Chem; from model_scripts.explain.drawing import explanation_svg;"
        f"sys.stdout.write(explanation_svg(Chem.MolFromSmiles({ASPIRIN!r}), numpy.linspace(-1, 1, 13)))"
    )
    drawn = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert drawn == explanation_svg(Chem.MolFromSmiles(ASPIRIN), np.linspace(-1, 1, 13))


def test_nothing_is_drawn_before_it_is_asked_for() -> None:
    """RDKit draws with the libraries of a desktop; an image without them serves predictions all the same."""
    program = "import sys; import model_scripts.explain.drawing; print('rdkit.Chem.Draw.rdMolDraw2D' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out == "False\n"


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rdkit.Chem.Draw", None)
    with pytest.raises(BundleError, match=r"RDKit cannot draw here.*libxrender1"):
        explanation_svg(Chem.MolFromSmiles("C"), np.zeros(1))
