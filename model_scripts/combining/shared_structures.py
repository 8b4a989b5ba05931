"""Standard forms and descriptors of one request, computed once for all parts of a combination."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
from rdkit import Chem

from chem_endpoints.wire.manifest import Standardisation
from model_scripts.chemistry.smiles import SmilesError
from model_scripts.chemistry.standardise import Standardised, standardise
from model_scripts.reading import Structures

if TYPE_CHECKING:
    from model_scripts.chemistry.descriptor_sets import Describe

Vector = npt.NDArray[Any]


class SharedStructures(Structures):
    """Remembers what it has computed; made for one request and dropped with it.

    Who reads a structure gets a molecule of its own, in the state in which computing it afresh would have left it:
    RDKit notes on a molecule what it has perceived, so one that several parts worked on could give other numbers.
    """

    def __init__(self) -> None:
        self._standard: dict[tuple[str, Standardisation], Standardised | str] = {}
        self._described: dict[tuple[str, Standardisation, str, str], tuple[Standardised, Vector]] = {}

    def read(
        self, text: str, policy: Standardisation, describe: "Describe | None"
    ) -> tuple[Standardised, Vector | None]:
        """As `Structures.read`: each SMILES is standardised once per policy, and then described once per set."""
        if describe is None:
            return _own(self._standardised(text, policy)), None
        key = (text, policy, describe.name, describe.version)
        if key not in self._described:
            structure = _own(self._standardised(text, policy))
            self._described[key] = structure, describe.describe(structure.molecule)
        structure, vector = self._described[key]
        return _own(structure), vector.copy()

    def _standardised(self, text: str, policy: Standardisation) -> Standardised:
        key = (text, policy)
        if key not in self._standard:
            try:
                self._standard[key] = standardise(text, policy)
            except SmilesError as error:
                self._standard[key] = str(error)
        known = self._standard[key]
        if isinstance(known, str):
            raise SmilesError(known)
        return known


def _own(structure: Standardised) -> Standardised:
    return replace(structure, molecule=Chem.Mol(structure.molecule))
