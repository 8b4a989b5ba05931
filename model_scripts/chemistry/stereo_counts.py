"""Stereo elements of a molecule: how many, how many defined, and of which kind; and the spacial score.

Elements are those of RDKit's ``FindPotentialStereo``, labels those of its implementation of the Cahn, Ingold and Prelog
rules (R. M. Hanson et al., J. Chem. Inf. Model. 2018, 58, 1755).
"""

from dataclasses import dataclass

from rdkit import Chem
from rdkit.Chem import rdCIPLabeler

from model_scripts.chemistry.molecular_graph import MolecularGraph

NAMES = tuple(
    """
    num_stereocenters num_unspecified_stereocenters num_defined_stereocenters num_r_centers num_s_centers
    num_stereobonds num_e_bonds num_z_bonds stereo_complexity frac_defined_stereo
    """.split()
)

_LABELLING_STEPS = 1_250_000
"""About a second; a molecule that needs more has no labels."""


@dataclass(frozen=True, kw_only=True)
class StereoElements:
    """What RDKit finds.

    Attributes:
        molecule: a copy, with the double bonds marked that could be E or Z.
        centres: tetrahedral, by atom position; whether it is defined.
        bonds: double, by bond position; whether it is defined.
        others: of other elements, such as axes, whether they are defined.
    """

    molecule: Chem.Mol
    centres: dict[int, bool]
    bonds: dict[int, bool]
    others: tuple[bool, ...]


def stereo_elements(molecule: Chem.Mol) -> StereoElements:
    """The stereo elements of a sanitised molecule, which stays as it is."""
    copy = Chem.Mol(molecule)
    Chem.FindPotentialStereoBonds(copy)
    centres: dict[int, bool] = {}
    bonds: dict[int, bool] = {}
    others: list[bool] = []
    for element in Chem.FindPotentialStereo(copy):
        defined = element.specified == Chem.StereoSpecified.Specified
        if element.type == Chem.StereoType.Atom_Tetrahedral:
            centres[element.centeredOn] = defined
        elif element.type == Chem.StereoType.Bond_Double:
            bonds[element.centeredOn] = defined
        else:
            others.append(defined)
    return StereoElements(molecule=copy, centres=centres, bonds=bonds, others=tuple(others))


def stereo_counts(elements: StereoElements) -> list[float]:
    """`NAMES`. Pseudo-asymmetric centres (r, s) and bonds (e, z) count with the others.

    Raises:
        RuntimeError: the labels would take too long.
    """
    defined = [*elements.centres.values(), *elements.bonds.values(), *elements.others]
    labels = _labels(elements) if any(defined) else []
    return [
        len(elements.centres),
        len(elements.centres) - sum(elements.centres.values()),
        sum(elements.centres.values()),
        labels.count("R"),
        labels.count("S"),
        len(elements.bonds),
        labels.count("E"),
        labels.count("Z"),
        len(defined),
        sum(defined) / len(defined) if defined else 1.0,
    ]


def _labels(elements: StereoElements) -> list[str]:
    molecule = elements.molecule
    rdCIPLabeler.AssignCIPLabels(molecule, elements.centres, elements.bonds, maxRecursiveIterations=_LABELLING_STEPS)
    labelled = [
        *(molecule.GetAtomWithIdx(position) for position, defined in elements.centres.items() if defined),
        *(molecule.GetBondWithIdx(position) for position, defined in elements.bonds.items() if defined),
    ]
    return [item.GetProp("_CIPCode").upper() for item in labelled if item.HasProp("_CIPCode")]


def spacial_score(graph: MolecularGraph, elements: StereoElements) -> float:
    """Per heavy atom, the sum of hybridisation * stereo * ring * neighbours ** 2 over the atoms.

    A. Krzyzanowski et al., J. Med. Chem. 2023, 66, 12739.
    """
    stereogenic = set(elements.centres)
    for bond in elements.molecule.GetBonds():
        if bond.GetBondType() == Chem.BondType.DOUBLE and bond.GetStereo() != Chem.BondStereo.STEREONONE:
            stereogenic |= {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()}
    score = 0
    for position, (atom, neighbours) in enumerate(zip(graph.atoms, graph.adjacent, strict=True)):
        ring = 2 if atom.IsInRing() and not atom.GetIsAromatic() else 1
        stereo = 2 if position in stereogenic else 1
        score += _HYBRIDISATION.get(atom.GetHybridization(), 4) * stereo * ring * len(neighbours) ** 2
    return score / int(graph.molecule.GetNumHeavyAtoms())


_HYBRIDISATION = {Chem.HybridizationType.SP: 1, Chem.HybridizationType.SP2: 2, Chem.HybridizationType.SP3: 3}
