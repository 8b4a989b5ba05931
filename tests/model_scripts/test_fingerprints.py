"""Promise: fingerprints are RDKit's, alone and in bulk alike, and a count never wraps around."""

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors

from model_scripts.chemistry.fingerprints import MACCS_SIZE, MOST, Fingerprint, Kind, morgan_counts
from model_scripts.chemistry.smiles import parse_smiles

DRUGS = tuple(
    """
    CC(=O)Oc1ccccc1C(=O)O
    CN1C=NC2=C1C(=O)N(C(=O)N2C)C
    CCOc1ccc(cc1S(=O)(=O)N2CCN(C)CC2)c3nc4c(nn(C)c4c(=O)[nH]3)C(C)C
    CC1(C)S[C@@H]2[C@H](NC(=O)Cc3ccccc3)C(=O)N2[C@H]1C(=O)O
    CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5
    [Na+].[Cl-]
    C
    """.split()
)
MOLECULES = [parse_smiles(smiles) for smiles in DRUGS]
GENERATORS: dict[Kind, Any] = {
    "morgan": rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=4096),
    "rdkit": rdFingerprintGenerator.GetRDKitFPGenerator(fpSize=4096),
    "atom_pair": rdFingerprintGenerator.GetAtomPairGenerator(fpSize=4096),
    "topological_torsion": rdFingerprintGenerator.GetTopologicalTorsionGenerator(fpSize=4096),
}


@pytest.mark.parametrize("kind", GENERATORS)
def test_counts_are_rdkits(kind: Kind) -> None:
    compute = Fingerprint(kind=kind).computer()
    for molecule in MOLECULES:
        expected = np.zeros(4096, dtype=np.uint8)
        for position, count in GENERATORS[kind].GetCountFingerprint(molecule).GetNonzeroElements().items():
            expected[position] = min(count, MOST)
        assert compute(molecule).dtype == np.uint8
        assert compute(molecule).tolist() == expected.tolist()


@pytest.mark.parametrize("kind", GENERATORS)
def test_bits_are_rdkits(kind: Kind) -> None:
    compute = Fingerprint(kind=kind, values="bits").computer()
    for molecule in MOLECULES:
        assert compute(molecule).tolist() == list(GENERATORS[kind].GetFingerprint(molecule))


def test_the_maccs_keys_are_166_bits() -> None:
    compute = Fingerprint(kind="maccs", values="bits", size=MACCS_SIZE).computer()
    for molecule in MOLECULES:
        assert compute(molecule).tolist() == list(rdMolDescriptors.GetMACCSKeysFingerprint(molecule))[1:]
        assert compute(molecule).shape == (MACCS_SIZE,)


def test_a_count_beyond_a_byte_stays_at_the_most() -> None:
    chain = Chem.MolFromSmiles("C" * 400)
    assert Fingerprint().computer()(chain).max() == MOST
    assert morgan_counts([chain]).max() == MOST


@given(st.lists(st.sampled_from(range(len(MOLECULES))), max_size=8), st.sampled_from([64, 2048, 4096]))
def test_a_row_in_bulk_is_that_of_the_molecule_alone(positions: list[int], size: int) -> None:
    compute = Fingerprint(size=size).computer()
    together = morgan_counts([MOLECULES[position] for position in positions], size=size)
    assert together.shape == (len(positions), size)
    assert together.tolist() == [compute(MOLECULES[position]).tolist() for position in positions]


@given(st.sampled_from(MOLECULES), st.randoms(use_true_random=False), st.sampled_from([*GENERATORS, "maccs"]))
def test_the_order_of_atoms_does_not_matter(molecule: Chem.Mol, random: Any, kind: Kind) -> None:
    order = list(range(molecule.GetNumAtoms()))
    random.shuffle(order)
    size = MACCS_SIZE if kind == "maccs" else 4096
    compute = Fingerprint(kind=kind, values="bits" if kind == "maccs" else "counts", size=size).computer()
    assert compute(molecule).tolist() == compute(Chem.RenumberAtoms(molecule, order)).tolist()


@pytest.mark.parametrize("kind", ["morgan", "atom_pair", "topological_torsion"])
def test_mirror_images_differ_only_where_chirality_is_asked_for(kind: Kind) -> None:
    left, right = (parse_smiles(f"CC[C{turn}H](N)C(=O)O") for turn in ("@", "@@"))
    flat = Fingerprint(kind=kind).computer()
    chiral = Fingerprint(kind=kind, chirality=True).computer()
    assert flat(left).tolist() == flat(right).tolist()
    assert chiral(left).tolist() != chiral(right).tolist()


def test_the_default_is_what_models_were_trained_on() -> None:
    counts = morgan_counts(MOLECULES)
    assert hashlib.sha256(counts.tobytes()).hexdigest() == FROZEN


FROZEN = "fbfa040b5f20364a651b0d878f698fd3d252c0bb387434f5317c53d4edc7b48f"
