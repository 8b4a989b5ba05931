"""Counts of groups and atoms, and sums of atomic properties, as Mordred's modules ``AcidBase``, ``Aromatic``,
``Constitutional`` and ``CarbonTypes`` define them (H. Moriwaki et al., J. Cheminform. 2018, 10, 4).

A test holds them against Mordred's own. Acidic and basic groups are those of the Chemistry Development Kit.
"""

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from model_scripts.chemistry.element_properties import PROPERTIES, RELATIVE_TO_CARBON
from model_scripts.chemistry.molecular_graph import MolecularGraph

ACID_BASE_NAMES = ("nAcid", "nBase")
AROMATIC_NAMES = ("nAromAtom", "nAromBond")
CONSTITUTIONAL_NAMES = (*(f"S{name}" for name in PROPERTIES), *(f"M{name}" for name in PROPERTIES))
CARBON_TYPE_NAMES = tuple("C1SP1 C2SP1 C1SP2 C2SP2 C3SP2 C1SP3 C2SP3 C3SP3 C4SP3 HybRatio FCSP3".split())

_ACIDIC = Chem.MolFromSmarts("[$([O;H1]-[C,S,P]=O),$([*;-;!$(*~[*;+])]),$([NH](S(=O)=O)C(F)(F)F),$(n1nnnc1)]")
_BASIC = Chem.MolFromSmarts(
    "[$([NH2]-[CX4]),$([NH](-[CX4])-[CX4]),$(N(-[CX4])(-[CX4])-[CX4]),$([*;+;!$(*~[*;-])]),$(N=C-N),$(N-C=N)]"
)
_S_CHARACTER = {
    Chem.HybridizationType.SP: 1,
    Chem.HybridizationType.SP2: 2,
    Chem.HybridizationType.SP3: 3,
    Chem.HybridizationType.SP3D: 3,
    Chem.HybridizationType.SP3D2: 3,
}
_CARBON_TYPES = ((1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (1, 3), (2, 3), (3, 3), (4, 3))
"""Carbon neighbours and hybridisation."""


def acid_base(graph: MolecularGraph) -> list[float]:
    """`ACID_BASE_NAMES`: atoms that make an acidic or a basic group."""
    return [len(graph.molecule.GetSubstructMatches(pattern)) for pattern in (_ACIDIC, _BASIC)]


def aromatic(graph: MolecularGraph) -> list[float]:
    """`AROMATIC_NAMES`."""
    return [int(graph.aromatic.sum()), graph.aromatic_bonds]


def constitutional(graph: MolecularGraph) -> list[float]:
    """`CONSTITUTIONAL_NAMES`: sums and means over all atoms, implicit hydrogens too; NaN for an element without
    the property."""
    hydrogens = int(graph.hydrogens.sum())
    sums = RELATIVE_TO_CARBON.take(graph.protons, axis=0).sum(axis=0) + hydrogens * RELATIVE_TO_CARBON[1]
    return [*sums.tolist(), *(sums / (len(graph.protons) + hydrogens)).tolist()]


def carbon_types(graph: MolecularGraph) -> list[float]:
    """`CARBON_TYPE_NAMES`; ``HybRatio`` is NaN without any sp2 or sp3 carbon."""
    is_carbon = (graph.protons == 6).tolist()
    found = [
        (sum(is_carbon[neighbour] for neighbour in neighbours), _S_CHARACTER.get(atom.GetHybridization()))
        for atom, carbon, neighbours in zip(graph.atoms, is_carbon, graph.adjacent, strict=True)
        if carbon
    ]
    sp2, sp3 = (sum(hybrid == wanted for _, hybrid in found) for wanted in (2, 3))
    ratio = sp3 / (sp2 + sp3) if sp2 + sp3 else np.nan
    return [*map(found.count, _CARBON_TYPES), ratio, rdMolDescriptors.CalcFractionCSP3(graph.molecule)]
