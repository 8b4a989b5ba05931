"""Fingerprints: how often, or whether, each of a fixed number of substructures occurs in a molecule.

Morgan: D. Rogers and M. Hahn, J. Chem. Inf. Model. 2010, 50, 742. Atom pairs: R. E. Carhart et al., J. Chem. Inf.
Comput. Sci. 1985, 25, 64. Topological torsions: R. Nilakantan et al., J. Chem. Inf. Comput. Sci. 1987, 27, 82. MACCS
keys: J. L. Durant et al., J. Chem. Inf. Comput. Sci. 2002, 42, 1273. All as RDKit computes them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors

Kind = Literal["morgan", "rdkit", "atom_pair", "topological_torsion", "maccs"]
Values = Literal["counts", "bits"]
Counts = npt.NDArray[np.uint8]

MOST = 255
"""A substructure that occurs more often counts as this many."""
MACCS_SIZE = 166

_HEADER_BYTES = 16
_PAIR_BYTES = 8
"""Of RDKit's binary form of a sparse count vector: a header, then pairs of position and count, 32-bit words each."""


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """What to compute.

    Attributes:
        kind: of the substructures.
        values: ``counts`` up to `MOST`, or ``bits``: 0 and 1. Bits of atom pairs and topological torsions say how often
            a pair occurs, by RDKit's count simulation. MACCS keys are bits.
        radius: of Morgan environments, in bonds.
        size: number of values, to which substructures are folded; `MACCS_SIZE` for MACCS keys.
        chirality: whether mirror images differ; not for RDKit's paths and MACCS keys.
    """

    kind: Kind = "morgan"
    values: Values = "counts"
    radius: int = 2
    size: int = 4096
    chirality: bool = False

    def computer(self) -> Callable[[Chem.Mol], Counts]:
        """The function from a sanitised molecule to its values, uint8 ``[size]``."""
        if self.kind == "maccs":
            return _maccs
        generator = self._generator()
        if self.values == "bits":
            return lambda molecule: _unpacked(generator.GetFingerprint(molecule))
        return lambda molecule: _dense([generator.GetCountFingerprint(molecule)], self.size)[0]

    def _generator(self) -> Any:
        if self.kind == "morgan":
            return _morgan_generator(self.radius, self.size, self.chirality)
        if self.kind == "rdkit":
            return rdFingerprintGenerator.GetRDKitFPGenerator(fpSize=self.size)
        make = {
            "atom_pair": rdFingerprintGenerator.GetAtomPairGenerator,
            "topological_torsion": rdFingerprintGenerator.GetTopologicalTorsionGenerator,
        }[self.kind]
        return make(fpSize=self.size, includeChirality=self.chirality)


def morgan_counts(
    molecules: Sequence[Chem.Mol], *, radius: int = 2, size: int = 4096, chirality: bool = False
) -> Counts:
    """Morgan counts of many sanitised molecules, uint8 ``[molecules, size]``, no more than `MOST` each.

    Each row is what `Fingerprint` computes of its molecule alone.
    """
    generator = _morgan_generator(radius, size, chirality)
    return _dense(generator.GetCountFingerprints(tuple(molecules), numThreads=1), size)


def _morgan_generator(radius: int, size: int, chirality: bool) -> Any:
    return rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=size, includeChirality=chirality)


def _dense(sparse: Sequence[Any], size: int) -> Counts:
    """Count vectors as uint8 ``[vectors, size]``; reading their binary form is ten times faster than asking each."""
    binary = [vector.ToBinary()[_HEADER_BYTES:] for vector in sparse]
    columns, counts = np.frombuffer(b"".join(binary), dtype="<u4").reshape(-1, 2).T
    rows = np.repeat(np.arange(len(binary)), [len(pairs) // _PAIR_BYTES for pairs in binary])
    dense = np.zeros((len(binary), size), dtype=np.uint8)
    dense[rows, columns] = np.minimum(counts, MOST)
    return dense


def _unpacked(bits: DataStructs.ExplicitBitVect) -> Counts:
    packed = np.frombuffer(DataStructs.BitVectToBinaryText(bits), dtype=np.uint8)
    return np.unpackbits(packed, bitorder="little", count=bits.GetNumBits())


def _maccs(molecule: Chem.Mol) -> Counts:
    """Keys 1 to 166; RDKit's position 0 stands for none."""
    return _unpacked(rdMolDescriptors.GetMACCSKeysFingerprint(molecule))[1:]
