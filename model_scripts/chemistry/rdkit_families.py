"""RDKit's 2D descriptors, computed by family: what several of them need is computed once per molecule."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from rdkit import Chem
from rdkit.Chem import Descriptors, MolSurf, rdFingerprintGenerator, rdMolDescriptors, rdPartialCharges

from model_scripts.chemistry.electrotopology import NAMES as ELECTROTOPOLOGICAL_NAMES
from model_scripts.chemistry.electrotopology import electrotopological_values
from model_scripts.chemistry.group_counts import GROUP_NAMES, drug_likeness, group_counts
from model_scripts.chemistry.molecular_graph import Integers, MolecularGraph, molecular_graph
from model_scripts.chemistry.path_indices import NAMES as PATH_NAMES
from model_scripts.chemistry.path_indices import path_indices
from model_scripts.chemistry.stereo_counts import StereoElements, spacial_score, stereo_elements
from model_scripts.chemistry.subgraphs import directed_paths
from model_scripts.chemistry.topology import NAMES as TOPOLOGICAL_NAMES
from model_scripts.chemistry.topology import topological_indices

LONGEST_PATH = 7


class Subject:
    """A molecule, and what several families read of it.

    Args:
        molecule: sanitised.
    """

    def __init__(self, molecule: Chem.Mol) -> None:
        self.molecule = molecule

    @cached_property
    def graph(self) -> MolecularGraph:
        """Its atoms and bonds as arrays."""
        return molecular_graph(self.molecule)

    @cached_property
    def paths(self) -> list[Integers]:
        """Its paths of 0 to `LONGEST_PATH` bonds, in both directions; bonds to hydrogen atoms do not count."""
        return directed_paths(self.graph.without_hydrogen_bonds, LONGEST_PATH)

    @cached_property
    def stereo(self) -> StereoElements:
        """Its stereo elements."""
        return stereo_elements(self.molecule)

    @cached_property
    def rotatable_bonds(self) -> int:
        """By RDKit's strict definition."""
        return int(rdMolDescriptors.CalcNumRotatableBonds(self.molecule))


@dataclass(frozen=True, kw_only=True)
class Family:
    """Descriptors that are computed together.

    Attributes:
        names: of the descriptors, as their source names them.
        compute: their values; an exception leaves all of them undefined.
    """

    names: tuple[str, ...]
    compute: Callable[[Subject], Sequence[float]]


def computed(family: Family, subject: Subject) -> Sequence[float] | float:
    """The family's values; NaN for all of them where they cannot be computed."""
    try:
        return family.compute(subject)
    except (ValueError, RuntimeError, ArithmeticError):
        return math.nan


def _electrons(subject: Subject) -> list[float]:
    graph = subject.graph
    valence = graph.outer_electrons - graph.charges + graph.hydrogens
    return [int(valence.sum()), sum(atom.GetNumRadicalElectrons() for atom in graph.atoms)]


def _partial_charges(subject: Subject) -> list[float]:
    """Extremes over the atoms in order: an undefined charge (NaN) hides those before it, as in RDKit."""
    rdPartialCharges.ComputeGasteigerCharges(subject.molecule)
    low, high = 500.0, -500.0
    for atom in subject.graph.atoms:
        charge = atom.GetDoubleProp("_GasteigerCharge")
        low, high = min(charge, low), max(charge, high)
    return [high, low, max(abs(low), abs(high)), min(abs(low), abs(high))]


_MORGAN = [rdFingerprintGenerator.GetMorganGenerator(radius) for radius in (1, 2, 3)]


def _fingerprint_densities(subject: Subject) -> list[float]:
    heavy = subject.molecule.GetNumHeavyAtoms()
    if not heavy:
        return [0.0, 0.0, 0.0]
    counts = [generator.GetSparseCountFingerprint(subject.molecule) for generator in _MORGAN]
    return [len(count.GetNonzeroElements()) / heavy for count in counts]


def _surface_bins(prefix: str, compute: Callable[[Chem.Mol], Sequence[float]], bins: Sequence[float]) -> Family:
    names = tuple(f"{prefix}{number}" for number in range(1, len(bins) + 2))
    return Family(names=names, compute=lambda subject: list(compute(subject.molecule)))


_SHARED = (
    Family(names=ELECTROTOPOLOGICAL_NAMES, compute=lambda subject: electrotopological_values(subject.graph)),
    Family(names=("qed",), compute=lambda subject: [drug_likeness(subject.graph, subject.rotatable_bonds)]),
    Family(names=("SPS",), compute=lambda subject: [spacial_score(subject.graph, subject.stereo)]),
    Family(names=("NumValenceElectrons", "NumRadicalElectrons"), compute=_electrons),
    Family(
        names=("MaxPartialCharge", "MinPartialCharge", "MaxAbsPartialCharge", "MinAbsPartialCharge"),
        compute=_partial_charges,
    ),
    Family(names=("FpDensityMorgan1", "FpDensityMorgan2", "FpDensityMorgan3"), compute=_fingerprint_densities),
    Family(
        names=tuple(f"BCUT2D_{kind}" for kind in "MWHI MWLOW CHGHI CHGLO LOGPHI LOGPLOW MRHI MRLOW".split()),
        compute=lambda subject: list(rdMolDescriptors.BCUT2D(subject.molecule)),
    ),
    Family(names=TOPOLOGICAL_NAMES, compute=lambda subject: topological_indices(subject.graph)),
    Family(names=PATH_NAMES, compute=lambda subject: path_indices(subject.graph, subject.paths)),
    _surface_bins("PEOE_VSA", rdMolDescriptors.PEOE_VSA_, MolSurf.chgBins),
    _surface_bins("SMR_VSA", rdMolDescriptors.SMR_VSA_, MolSurf.mrBins),
    _surface_bins("SlogP_VSA", rdMolDescriptors.SlogP_VSA_, MolSurf.logpBins),
    Family(names=("NumRotatableBonds",), compute=lambda subject: [subject.rotatable_bonds]),
    Family(
        names=("MolLogP", "MolMR"), compute=lambda subject: rdMolDescriptors.CalcCrippenDescriptors(subject.molecule)
    ),
    Family(names=GROUP_NAMES, compute=lambda subject: group_counts(subject.graph)),
)


def _alone(name: str, function: Callable[[Chem.Mol], float]) -> Family:
    return Family(names=(name,), compute=lambda subject: [function(subject.molecule)])


_TAKEN = {name for family in _SHARED for name in family.names} | {"Ipc"}

RDKIT_FAMILIES: tuple[Family, ...] = (
    *_SHARED,
    *(_alone(name, function) for name, function in Descriptors.descList if name not in _TAKEN),
)
"""All of RDKit's descriptors but ``Ipc``, which overflows."""
