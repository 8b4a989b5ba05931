"""Counts of functional groups (RDKit's ``fr_*``), and the quantitative estimate of drug-likeness, equal to RDKit's.

Patterns, parameters and formula are RDKit's own; here a pattern is only tried on a molecule that holds its elements.
"""

from rdkit import Chem
from rdkit.Chem import QED, Crippen, Fragments, rdMolDescriptors

from model_scripts.chemistry.molecular_graph import MolecularGraph
from model_scripts.chemistry.pattern_screen import PatternScreen

_GROUPS = sorted(Fragments.fns)
GROUP_NAMES: tuple[str, ...] = tuple(name for name, _ in _GROUPS)

_GROUP_PATTERNS = [count.__defaults__[1] for _, count in _GROUPS]
_GROUP_SCREEN = PatternScreen(_GROUP_PATTERNS)
_ALERT_SCREEN = PatternScreen(QED.StructuralAlerts)
_ACCEPTOR_SCREEN = PatternScreen(QED.Acceptors)


def group_counts(graph: MolecularGraph) -> list[float]:
    """`GROUP_NAMES`."""
    counts = [0.0] * len(_GROUP_PATTERNS)
    for position in _GROUP_SCREEN.possible(graph):
        counts[position] = len(graph.molecule.GetSubstructMatches(_GROUP_PATTERNS[position]))
    return counts


def drug_likeness(graph: MolecularGraph, rotatable_bonds: int) -> float:
    """Quantitative estimate of drug-likeness, 0 to 1, with mean weights.

    G. R. Bickerton et al., Nature Chemistry 2012, 4, 90.

    Args:
        graph: the molecule.
        rotatable_bonds: their number, by the strict definition.
    """
    molecule = graph.molecule
    if (graph.protons == 1).any():  # RDKit removes hydrogens first
        return float(QED.qed(molecule))
    properties = QED.QEDproperties(
        MW=rdMolDescriptors._CalcMolWt(molecule),
        ALOGP=Crippen.MolLogP(molecule),
        HBA=sum(len(molecule.GetSubstructMatches(QED.Acceptors[at])) for at in _ACCEPTOR_SCREEN.possible(graph)),
        HBD=rdMolDescriptors.CalcNumHBD(molecule),
        PSA=rdMolDescriptors.CalcTPSA(molecule),
        ROTB=rotatable_bonds,
        AROM=len(Chem.GetSSSR(Chem.DeleteSubstructs(Chem.Mol(molecule), QED.AliphaticRings))),
        ALERTS=sum(molecule.HasSubstructMatch(QED.StructuralAlerts[at]) for at in _ALERT_SCREEN.possible(graph)),
    )
    return float(QED.qed(molecule, qedProperties=properties))
