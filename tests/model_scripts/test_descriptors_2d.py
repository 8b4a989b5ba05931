"""Promise: 313 columns in one order for ever, each with the value that RDKit or Mordred computes, to 12 digits, and
undefined where theirs is."""

import hashlib
import math
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mordred import AcidBase, Aromatic, Calculator, CarbonTypes, Chi, Constitutional, is_missing
from rdkit import Chem
from rdkit.Chem import Descriptors

from model_scripts.chemistry import rdkit_2d
from model_scripts.chemistry.descriptors_2d import COLUMNS, DESCRIPTORS, NAME, VERSION, describe
from model_scripts.chemistry.rdkit_families import Family, Subject
from model_scripts.chemistry.smiles import SmilesError, parse_smiles
from model_scripts.chemistry.stereo_counts import NAMES as STEREO_NAMES

FROZEN = "97883a66d66afe6d056870c197bca400230e0b5ce53367013bd9ad42aac49a2e"
RELATIVE = 1e-12

DRUGS = """
    CC(=O)Oc1ccccc1C(=O)O
    CN1C=NC2=C1C(=O)N(C(=O)N2C)C
    CC(C)Cc1ccc(cc1)C(C)C(=O)O
    CN1CCN(CC1)C2=Nc3cc(Cl)ccc3Nc4ccccc24
    CCOc1ccc(cc1S(=O)(=O)N2CCN(C)CC2)c3nc4c(nn(C)c4c(=O)[nH]3)C(C)C
    CC(C)c1c(C(=O)Nc2ccccc2)c(-c2ccccc2)c(-c2ccc(F)cc2)n1CC[C@@H](O)C[C@@H](O)CC(=O)O
    C[C@]12CC[C@H]3[C@@H](CCc4cc(O)ccc34)[C@@H]1CC[C@@H]2O
    CC1(C)S[C@@H]2[C@H](NC(=O)Cc3ccccc3)C(=O)N2[C@H]1C(=O)O
    CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5
    Clc1ccc(cc1)C(c1ccccc1)N1CCN(CCOCCO)CC1
    OC(=O)CN1C(=O)c2ccccc2C1=O
    CCN(CC)CCNC(=O)c1ccc(N)cc1
    NS(=O)(=O)c1cc(C(=O)O)c(NCc2ccco2)cc1Cl
    CC12CC3CC(C)(C1)CC(N)(C3)C2
    O=C(O)P(=O)(O)O
    N#Cc1ccc(cc1)C(c1ccc(cc1)C#N)n1cncn1
    CC(=O)Nc1nnc(s1)S(N)(=O)=O
    C/C(=C\\C(=O)O)C=C
    CC(CS)C(=O)N1CCCC1C(=O)O
    O=[N+]([O-])c1ccc(cc1)C(O)C(CO)NC(=O)C(Cl)Cl
""".split()

ODD = """
    C N O CC [Na+].[Cl-] CC(=O)[O-].[Na+] [2H]C([2H])[2H] CC(C)(C)[2H] [H][H] [H+] [He] [Fe] [U] [CH3] [O][O]
    C1CC1 C1CCC1 C12C3C1C23 C1CC2CC12 C12C3C4C1C5C2C3C45 C1CC11CC1 C1CC1C1CC1 C123C4C1C24C3 C1C2CC3CC1CC(C2)C3
    FS(F)(F)(F)(F)F C[N+](C)(C)C C[B-](F)(F)F [Li]CCCC C[Si](C)(C)C Cl[Pt](Cl)(N)N [AlH3] N->[Pt] C#C [C-]#[O+]
    C/C=C/C C/C=C\\C CC=CC CC#CC C[C@H]1CC[C@@H](C)CC1 CCO.CCO OC(=O)C[NH3+] C1=CC=CC=CC=C1 [15NH3] BrBr P S=C=S
""".split()


def test_the_columns_of_version_1_are_frozen() -> None:
    assert (NAME, VERSION, len(COLUMNS)) == ("descriptors_2d", "1", 313)
    assert len(set(COLUMNS)) == 313
    assert hashlib.sha256("\n".join(COLUMNS).encode()).hexdigest() == FROZEN


def test_the_installed_libraries_offer_exactly_these() -> None:
    rdkit = [name for name, _ in Descriptors.descList if name != "Ipc"]
    mordred = [str(descriptor) for descriptor in mordred_calculator().descriptors]
    assert named_by("rdkit") == rdkit  # else: a new version of the set
    assert named_by("mordred") == mordred
    assert named_by("chem_endpoints") == list(STEREO_NAMES)
    assert [item.source for item in DESCRIPTORS] == ["rdkit"] * 216 + ["mordred"] * 87 + ["chem_endpoints"] * 10


def test_the_columns_are_named_as_workbench_names_them() -> None:
    for item in DESCRIPTORS:
        assert item.column == re.sub("_+", "_", re.sub("[^a-z0-9_]", "_", item.name.lower()))
        assert item.description
        assert item.unit in ("", "g/mol", "Da", "e", "bit", "Å²", "cm³/mol")


@pytest.mark.parametrize("smiles", [*DRUGS, *ODD])
def test_values_are_those_of_the_libraries(smiles: str) -> None:
    assert differences([smiles]) == []


@pytest.mark.chemistry
@pytest.mark.parametrize("table", ["rdkit/first_5K.smi", "chemprop/mol.csv", "chemprop/regression.csv"])
def test_values_are_those_of_the_libraries_for_thousands(reference_data: Path, table: str) -> None:
    texts = re.split(r"[\t,\n]", (reference_data / table).read_text())
    assert differences(texts) == []


def test_the_set_that_models_were_trained_on_before_is_part_of_this_one() -> None:
    molecule = parse_smiles(DRUGS[0])
    here = {item.name: value for item, value in zip(DESCRIPTORS, describe(molecule), strict=True)}
    before = dict(zip(rdkit_2d.COLUMNS, rdkit_2d.describe(molecule).tolist(), strict=True))
    assert {name: here[name] for name in before} == pytest.approx(before, rel=1e-6)


def test_a_failing_family_is_nan_in_its_cells_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from model_scripts.chemistry import descriptors_2d

    def fails(_: Subject) -> list[float]:
        raise RuntimeError("Invariant Violation")

    family, source, positions = descriptors_2d._PLAN[0]
    broken = (Family(names=family.names, compute=fails), source, positions)
    whole = describe(parse_smiles("CCO"))
    monkeypatch.setattr(descriptors_2d, "_PLAN", (broken, *descriptors_2d._PLAN[1:]))
    values = describe(parse_smiles("CCO"))
    assert np.isnan(values[positions]).all()
    untouched = np.setdiff1d(np.arange(len(COLUMNS)), positions)
    assert values[untouched].tobytes() == whole[untouched].tobytes()


def test_a_molecule_of_the_largest_size_has_all_values() -> None:
    assert np.isfinite(describe(parse_smiles("C" * 200))).all()


@settings(max_examples=20)
@given(st.permutations(DRUGS[:6]), st.integers(1, 6))
def test_no_value_depends_on_the_molecules_before(order: list[str], count: int) -> None:
    for smiles in order[:count]:
        assert describe(parse_smiles(smiles)).tobytes() == ALONE[smiles]


ALONE = {smiles: describe(parse_smiles(smiles)).tobytes() for smiles in DRUGS[:6]}


def test_the_molecule_stays_as_it_is() -> None:
    molecule = parse_smiles("C/C=C/[C@H](F)CC=CC.[2H]C")
    before = Chem.MolToCXSmiles(molecule)
    describe(molecule)
    assert Chem.MolToCXSmiles(molecule) == before


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("CCO", {"frac_defined_stereo": 1.0}),
        ("CC(N)C(=O)O", {"num_stereocenters": 1, "num_unspecified_stereocenters": 1, "stereo_complexity": 1}),
        (
            "C[C@H](N)C(=O)O",
            {
                "num_stereocenters": 1,
                "num_defined_stereocenters": 1,
                "num_s_centers": 1,
                "stereo_complexity": 1,
                "frac_defined_stereo": 1.0,
            },
        ),
        (
            "OC(=O)[C@H](O)[C@H](O)C(=O)O",  # meso-tartaric acid
            {
                "num_stereocenters": 2,
                "num_defined_stereocenters": 2,
                "num_r_centers": 1,
                "num_s_centers": 1,
                "stereo_complexity": 2,
                "frac_defined_stereo": 1.0,
            },
        ),
        ("C/C=C/C", {"num_stereobonds": 1, "num_e_bonds": 1, "stereo_complexity": 1, "frac_defined_stereo": 1.0}),
        ("C/C=C\\C", {"num_stereobonds": 1, "num_z_bonds": 1, "stereo_complexity": 1, "frac_defined_stereo": 1.0}),
        (
            "C[C@H](F)C=CC",
            {
                "num_stereocenters": 1,
                "num_defined_stereocenters": 1,
                "num_s_centers": 1,
                "num_stereobonds": 1,
                "stereo_complexity": 2,
                "frac_defined_stereo": 0.5,
            },
        ),
    ],
)
def test_stereo_elements_are_counted(smiles: str, expected: dict[str, float]) -> None:
    values = dict(zip(COLUMNS, describe(parse_smiles(smiles)).tolist(), strict=True))
    assert {name: values[name] for name in STEREO_NAMES} == dict.fromkeys(STEREO_NAMES, 0.0) | expected


def named_by(source: str) -> list[str]:
    return [item.name for item in DESCRIPTORS if item.source == source]


def mordred_calculator() -> Calculator:
    calculator = Calculator()
    for module in (AcidBase, Aromatic, Constitutional, Chi, CarbonTypes):
        calculator.register(module)
    return calculator


def differences(texts: Iterable[str]) -> list[tuple[str, str, float, float]]:
    """SMILES, descriptor, their value and ours, wherever the two are not one; unreadable texts do not count."""
    calculator = mordred_calculator()
    return [
        (Chem.MolToSmiles(molecule), *difference)
        for molecule in readable(texts)
        for difference in differing(describe(molecule), [*of_rdkit(molecule), *of_mordred(molecule, calculator)])
    ]


def readable(texts: Iterable[str]) -> Iterator[Chem.Mol]:
    for text in texts:
        try:
            yield parse_smiles(text)
        except SmilesError:
            continue


def differing(ours: npt.NDArray[np.float64], theirs: list[float]) -> Iterator[tuple[str, float, float]]:
    for item, our, their in zip(DESCRIPTORS, ours.tolist(), theirs, strict=False):
        if not (our == pytest.approx(their, rel=RELATIVE, abs=0) or (math.isnan(our) and not math.isfinite(their))):
            yield item.name, their, our


def of_rdkit(molecule: Chem.Mol) -> list[float]:
    copy = Chem.Mol(molecule)
    values = []
    for name, function in Descriptors.descList:
        if name != "Ipc":
            try:
                values.append(float(function(copy)))
            except (ValueError, RuntimeError, ZeroDivisionError, OverflowError):
                values.append(math.nan)
    return values


def of_mordred(molecule: Chem.Mol, calculator: Calculator) -> list[float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [math.nan if is_missing(value) else float(value) for value in calculator(molecule)]
