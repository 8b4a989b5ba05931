"""The descriptor set ``descriptors_2d``: 313 columns of RDKit, Mordred and stereo counts, fixed, ordered and versioned.

The columns are those that Workbench's feature endpoint sends (github.com/SuperCowPowers/workbench): RDKit's 2D
descriptors without ``Ipc``; Mordred's modules AcidBase, Aromatic, Constitutional, Chi and CarbonTypes; counts of stereo
elements. They are written out in ``descriptor_table.csv`` with unit and description, so that a new RDKit that adds,
drops or reorders descriptors changes no model; a test compares the list with what the installed libraries offer, and
the values with those that they compute.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rdkit import Chem

from model_scripts.chemistry import chi, mordred_counts, stereo_counts
from model_scripts.chemistry.rdkit_families import RDKIT_FAMILIES, Family, Subject, computed

NAME = "descriptors_2d"
VERSION = "1"


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """A column of the set; float64.

    Attributes:
        column: its name.
        source: ``rdkit``, ``mordred`` or ``chem_endpoints``: whose definition it is.
        name: the name there.
        unit: empty for a pure number.
        description: what it is.
    """

    column: str
    source: str
    name: str
    unit: str
    description: str


def _table() -> tuple[Descriptor, ...]:
    with (Path(__file__).parent / "descriptor_table.csv").open(encoding="utf-8", newline="") as table:
        return tuple(Descriptor(**row) for row in csv.DictReader(table))


DESCRIPTORS: tuple[Descriptor, ...] = _table()
COLUMNS: tuple[str, ...] = tuple(descriptor.column for descriptor in DESCRIPTORS)


def describe(molecule: Chem.Mol) -> npt.NDArray[np.float64]:
    """The descriptors of one sanitised molecule, float64 ``[len(COLUMNS)]``.

    A descriptor that is undefined for the molecule is NaN in its cell alone.
    """
    subject = Subject(molecule)
    bare = subject if not (subject.graph.protons == 1).any() else Subject(Chem.RemoveHs(molecule))
    values = np.full(len(COLUMNS), np.nan)
    with np.errstate(all="ignore"):
        for family, of, positions in _PLAN:
            values[positions] = computed(family, bare if of == "mordred" else subject)
    values[~np.isfinite(values)] = np.nan
    return values


_MORDRED_FAMILIES = (
    Family(names=mordred_counts.ACID_BASE_NAMES, compute=lambda subject: mordred_counts.acid_base(subject.graph)),
    Family(names=mordred_counts.AROMATIC_NAMES, compute=lambda subject: mordred_counts.aromatic(subject.graph)),
    Family(
        names=mordred_counts.CONSTITUTIONAL_NAMES, compute=lambda subject: mordred_counts.constitutional(subject.graph)
    ),
    Family(names=chi.NAMES, compute=lambda subject: chi.chi_indices(subject.graph, subject.paths).tolist()),
    Family(names=mordred_counts.CARBON_TYPE_NAMES, compute=lambda subject: mordred_counts.carbon_types(subject.graph)),
)
_STEREO = Family(names=stereo_counts.NAMES, compute=lambda subject: stereo_counts.stereo_counts(subject.stereo))


def _plan() -> tuple[tuple[Family, str, npt.NDArray[np.intp]], ...]:
    """Families with the source and the positions of their columns."""
    places = {(descriptor.source, descriptor.name): at for at, descriptor in enumerate(DESCRIPTORS)}
    sourced = [
        *(("rdkit", family) for family in RDKIT_FAMILIES),
        *(("mordred", family) for family in _MORDRED_FAMILIES),
        ("chem_endpoints", _STEREO),
    ]
    return tuple(
        (family, source, np.array([places[source, name] for name in family.names], dtype=np.intp))
        for source, family in sourced
    )


_PLAN = _plan()
