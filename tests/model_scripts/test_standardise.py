"""Promise: however a compound is drawn, and in whatever salt, one structure comes out, and what was done is told."""

import csv
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem.MolStandardize import rdMolStandardize

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.manifest import Standardisation
from hostile_molecules import CYCLOSPORIN_ISOMER, TANNIC_ACID, VANCOMYCIN, polypeptide
from model_scripts.chemistry.counterions import COUNTERIONS, MEDICINAL_COUNTERIONS
from model_scripts.chemistry.normalise import binds_transition_metal, normalised
from model_scripts.chemistry.smiles import SmilesError, parse_smiles
from model_scripts.chemistry.standardise import VERSION, check_policy, standardise, standardise_molecule

PARENT = Standardisation(policy="parent")
PARENT_AS_DRAWN = Standardisation(policy="parent", tautomer=False)
SALT = Standardisation(policy="salt")
NONE = Standardisation(policy="none")

DRUGS = {
    "abacavir": "Nc1nc(NC2CC2)c2ncn([C@H]3C=C[C@@H](CO)C3)c2n1",
    "aciclovir": "Nc1nc2c(ncn2COCCO)c(=O)[nH]1",
    "allopurinol": "O=c1[nH]cnc2[nH]ncc12",
    "amlodipine": "CCOC(=O)C1=C(COCCN)NC(C)=C(C(=O)OC)C1c1ccccc1Cl",
    "amoxicillin": "CC1(C)S[C@@H]2[C@H](NC(=O)[C@H](N)c3ccc(O)cc3)C(=O)N2[C@H]1C(=O)O",
    "aspirin": "CC(=O)Oc1ccccc1C(=O)O",
    "atorvastatin": "CC(C)c1c(C(=O)Nc2ccccc2)c(-c2ccccc2)c(-c2ccc(F)cc2)n1CC[C@@H](O)C[C@@H](O)CC(=O)O",
    "celecoxib": "Cc1ccc(-c2cc(C(F)(F)F)nn2-c2ccc(S(N)(=O)=O)cc2)cc1",
    "chloroquine": "CCN(CC)CCCC(C)Nc1ccnc2cc(Cl)ccc12",
    "ciprofloxacin": "O=C(O)c1cn(C2CC2)c2cc(N3CCNCC3)c(F)cc2c1=O",
    "clavulanic acid": "O=C(O)[C@H]1/C(=C/CO)O[C@@H]2CC(=O)N12",
    "cimetidine": "CN/C(=N/C#N)NCCSCc1nc[nH]c1C",
    "dexamethasone": "C[C@@H]1C[C@H]2[C@@H]3CCC4=CC(=O)C=C[C@]4(C)[C@@]3(F)[C@@H](O)C[C@]2(C)[C@@]1(O)C(=O)CO",
    "diazepam": "CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc21",
    "donepezil": "COc1cc2c(cc1OC)C(=O)C(CC1CCN(Cc3ccccc3)CC1)C2",
    "doxycycline": "C[C@@H]1c2cccc(O)c2C(=O)C2=C(O)[C@]3(O)C(=O)C(C(N)=O)=C(O)[C@@H](N(C)C)[C@@H]3[C@@H](O)[C@@H]21",
    "esomeprazole": "COc1ccc2[nH]c([S@@](=O)Cc3ncc(C)c(OC)c3C)nc2c1",
    "fluconazole": "OC(Cn1cncn1)(Cn1cncn1)c1ccc(F)cc1F",
    "fluoxetine": "CNCCC(Oc1ccc(C(F)(F)F)cc1)c1ccccc1",
    "gabapentin": "NCC1(CC(=O)O)CCCCC1",
    "hydrochlorothiazide": "NS(=O)(=O)c1cc2c(cc1Cl)NCNS2(=O)=O",
    "ibuprofen": "CC(C)Cc1ccc(C(C)C(=O)O)cc1",
    "imatinib": "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1",
    "isoniazid": "NNC(=O)c1ccncc1",
    "lamotrigine": "Nc1nnc(-c2cccc(Cl)c2Cl)c(N)n1",
    "levodopa": "N[C@@H](Cc1ccc(O)c(O)c1)C(=O)O",
    "levothyroxine": "N[C@@H](Cc1cc(I)c(Oc2cc(I)c(O)c(I)c2)c(I)c1)C(=O)O",
    "lidocaine": "CCN(CC)CC(=O)Nc1c(C)cccc1C",
    "losartan": "CCCCc1nc(Cl)c(CO)n1Cc1ccc(-c2ccccc2-c2nnn[nH]2)cc1",
    "metformin": "CN(C)C(=N)NC(=N)N",
    "methotrexate": "CN(Cc1cnc2nc(N)nc(N)c2n1)c1ccc(C(=O)N[C@@H](CCC(=O)O)C(=O)O)cc1",
    "metronidazole": "Cc1ncc([N+](=O)[O-])n1CCO",
    "morphine": "CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5",
    "nifedipine": "COC(=O)C1=C(C)NC(C)=C(C(=O)OC)C1c1ccccc1[N+](=O)[O-]",
    "oseltamivir": "CCOC(=O)C1=C[C@@H](OC(CC)CC)[C@H](NC(C)=O)[C@@H](N)C1",
    "paracetamol": "CC(=O)Nc1ccc(O)cc1",
    "penicillamine": "CC(C)(S)[C@@H](N)C(=O)O",
    "phenytoin": "O=C1NC(=O)C(c2ccccc2)(c2ccccc2)N1",
    "prednisone": "C[C@]12CC(=O)[C@H]3[C@@H](CCC4=CC(=O)C=C[C@@]43C)[C@@H]1CC[C@]2(O)C(=O)CO",
    "propranolol": "CC(C)NCC(O)COc1cccc2ccccc12",
    "quinine": "C=C[C@H]1CN2CC[C@H]1C[C@H]2[C@H](O)c1ccnc2ccc(OC)cc12",
    "ranitidine": "CNC(=C[N+](=O)[O-])NCCSCc1ccc(CN(C)C)o1",
    "sertraline": "CN[C@H]1CC[C@@H](c2ccc(Cl)c(Cl)c2)c2ccccc21",
    "sildenafil": "CCCc1nn(C)c2c1nc(-c1cc(S(=O)(=O)N3CCN(C)CC3)ccc1OCC)[nH]c2=O",
    "simvastatin": "CCC(C)(C)C(=O)O[C@H]1C[C@@H](C)C=C2C=C[C@H](C)[C@H](CC[C@@H]3C[C@@H](O)CC(=O)O3)[C@H]21",
    "sulfamethoxazole": "Cc1cc(NS(=O)(=O)c2ccc(N)cc2)no1",
    "tamoxifen": "CC/C(=C(\\c1ccccc1)c1ccc(OCCN(C)C)cc1)c1ccccc1",
    "thalidomide": "O=C1CCC(N2C(=O)c3ccccc3C2=O)C(=O)N1",
    "tofacitinib": "C[C@@H]1CCN(C(=O)CC#N)C[C@@H]1N(C)c1ncnc2[nH]ccc12",
    "tretinoin": "CC1=C(/C=C/C(C)=C/C=C/C(C)=C/C(=O)O)C(C)(C)CCC1",
    "warfarin": "CC(=O)CC(c1ccccc1)c1c(O)c2ccccc2oc1=O",
    "zidovudine": "Cc1cn([C@H]2C[C@H](N=[N+]=[N-])[C@@H](CO)O2)c(=O)[nH]c1=O",
    "betaine": "C[N+](C)(C)CC(=O)[O-]",
    "neostigmine": "CN(C)C(=O)Oc1cccc([N+](C)(C)C)c1",
    "pralidoxime": "C[n+]1ccccc1/C=N/O",
    "methylene blue": "CN(C)c1ccc2nc3ccc(N(C)C)cc3[s+]c2c1",
}
"""Well-known drugs, with every kind of group that the steps move."""


def _shuffled(molecule: Chem.Mol, seed: int) -> Chem.Mol:
    order = list(range(molecule.GetNumAtoms()))
    random.Random(seed).shuffle(order)
    return Chem.RenumberAtoms(molecule, order)


def _solubility_smiles(reference_data: Path) -> Iterator[str]:
    with (reference_data / "moleculenet" / "delaney-processed.csv").open(newline="") as table:
        yield from (row["smiles"] for row in csv.DictReader(table))


def _nci_smiles(reference_data: Path) -> Iterator[str]:
    for line in (reference_data / "rdkit" / "first_5K.smi").read_text().splitlines():
        text = line.split()[0]
        try:
            parse_smiles(text)
        except SmilesError:
            continue
        yield text


def test_the_reference_pairs_of_workbench_are_repeated(reference_data: Path) -> None:
    pairs = json.loads((reference_data / "workbench" / "ref_standardization.json").read_text())["compounds"]
    assert len(pairs) == 14
    for pair in pairs:
        found = standardise(pair["input_smiles"], PARENT)
        assert found.smiles == pair["expected_smiles"], pair["name"]
        assert found.salt == pair["expected_salt"], pair["name"]
        assert found.undefined_chiral_centers == pair["expected_undefined_chiral_centers"], pair["name"]


def test_the_corner_cases_of_workbench_are_read_or_refused_with_a_reason(reference_data: Path) -> None:
    cases = json.loads((reference_data / "workbench" / "ref_corner_cases.json").read_text())["compounds"]
    for case in cases:
        if case["expected_status"] == "ok":
            assert standardise(case["smiles"], PARENT).smiles
        else:
            with pytest.raises(SmilesError, match=r"invalid_smiles|too_large"):
                standardise(case["smiles"], PARENT)


@pytest.mark.parametrize(
    ("sent", "smiles", "salt"),
    [
        ("[Na+].CC(=O)[O-]", "CC(=O)O", "[Na+]"),
        ("[Na]OC(C)=O", "CC(=O)O", "[Na+]"),  # drawn with a bond
        ("CC(=O)O.CCN", "CCN", "CC(=O)O"),  # of one size
        (  # diatrizoate meglumine: the counterion has more atoms
            "CNC[C@H](O)[C@@H](O)[C@H](O)[C@H](O)CO.CC(=O)Nc1c(I)c(NC(C)=O)c(I)c(C(=O)O)c1I",
            "CC(=O)Nc1c(I)c(NC(C)=O)c(I)c(C(=O)O)c1I",
            "CNC[C@H](O)[C@@H](O)[C@H](O)[C@H](O)CO",
        ),
        (  # methenamine hippurate: the same
            "C1N2CN3CN1CN(C2)C3.O=C(O)CNC(=O)c1ccccc1",
            "C1N2CN3CN1CN(C2)C3",
            "O=C(O)CNC(=O)c1ccccc1",
        ),
        (  # tafamidis meglumine, rdkit#4754
            "CNC[C@@H]([C@H]([C@@H]([C@@H](CO)O)O)O)O.c1cc2c(cc1C(=O)O)oc(n2)c3cc(cc(c3)Cl)Cl",
            "O=C(O)c1ccc2nc(-c3cc(Cl)cc(Cl)c3)oc2c1",
            "CNC[C@H](O)[C@@H](O)[C@H](O)[C@H](O)CO",
        ),
        ("[Na+].[O-]C(=O)c1ccccc1", "O=C(O)c1ccccc1", "[Na+]"),  # both are counterions elsewhere
        (  # piperazine citrate: the same
            "C1CNCCN1.OC(=O)CC(O)(CC(O)=O)C(O)=O",
            "C1CNCCN1",
            "O=C(O)CC(O)(CC(=O)O)C(=O)O",
        ),
        ("C[N+](C)(C)CCO.[O-]C(=O)c1ccccc1O", "O=C(O)c1ccccc1O", "C[N+](C)(C)CCO"),  # choline salicylate
        ("CC(=O)Oc1ccccc1C(=O)[O-].[NH3+]CCCC[C@H](N)C(=O)O", "CC(=O)Oc1ccccc1C(=O)O", "NCCCC[C@H](N)C(=O)O"),
        (
            "CN1CCC[C@H]1c1cccnc1.OC(=O)[C@H](O)[C@@H](O)C(=O)O.O",
            "CN1CCC[C@H]1c1cccnc1",
            "O.O=C(O)[C@H](O)[C@@H](O)C(=O)O",
        ),
        ("[Li+].[Li+].[O-]C(=O)[O-]", "O=C(O)O", "[Li+].[Li+]"),
        ("C[NH2+]CCc1ccccc1.C[NH2+]CCc1ccccc1.[O-]S(=O)(=O)[O-]", "CNCCc1ccccc1", "O=S(=O)(O)O"),  # two of one
        ("Cn1c(=O)c2[nH]cnc2n(C)c1=O.NCCN", "Cn1c(=O)c2[nH]cnc2n(C)c1=O", "NCCN"),  # aminophylline
        ("OC(=O)c1ccccc1O.[2H]CS(=O)C[2H]", "O=C(O)c1ccccc1O", "[2H]C[S+]([O-])C[2H]"),
    ],
)
def test_counterions_and_solvents_are_stripped_and_named(sent: str, smiles: str, salt: str) -> None:
    found = standardise(sent, PARENT)
    assert (found.smiles, found.salt, found.mixture) == (smiles, salt, False)


@pytest.mark.parametrize(
    "sent", ["[Na+].[Cl-]", "O", "[NH4+].[Cl-]", "N[Pt](N)(Cl)Cl", "OP(O)(O)=O", "[O-]S(=O)(=O)[O-].[Mg+2]"]
)
def test_without_carbon_there_is_nothing_to_strip(sent: str) -> None:
    found = standardise(sent, PARENT)
    assert found.smiles == Chem.CanonSmiles(sent)
    assert (found.salt, found.mixture, found.stereo_lost) == (None, False, False)


def test_of_a_mixture_the_largest_compound_is_kept_and_the_others_are_named() -> None:
    aspirin, paracetamol = DRUGS["aspirin"], DRUGS["paracetamol"]
    caffeine = "Cn1c(=O)c2c(ncn2C)n(C)c1=O"
    for parts in itertools.permutations([aspirin, paracetamol, caffeine, "O"]):
        found = standardise(".".join(parts), PARENT)
        assert found.smiles == Chem.CanonSmiles(aspirin)
        assert found.salt == ".".join(sorted(map(Chem.CanonSmiles, [paracetamol, caffeine, "O"])))
        assert found.mixture


def test_two_enantiomers_are_a_mixture_and_two_counterions_are_none() -> None:
    assert standardise("C[C@H](N)c1ccccc1Cl.C[C@@H](N)c1ccccc1Cl", PARENT).mixture
    assert not standardise("OCCN.CCCCCCCCC=CCCCCCCCC(=O)O", PARENT).mixture  # ethanolamine oleate


@pytest.mark.parametrize(
    ("sent", "smiles"),
    [
        ("[O-]c1ccccc1", "Oc1ccccc1"),
        ("[NH3+][C@@H](C)C(=O)[O-]", "C[C@H](N)C(=O)O"),  # a zwitterion whose protons can go back
        ("C[N+](C)(C)CC(=O)[O-]", "C[N+](C)(C)CC(=O)[O-]"),  # betaine: they cannot
        ("C[N+](C)(C)CC(=O)O.[Cl-]", "C[N+](C)(C)CC(=O)[O-]"),  # its hydrochloride
        ("C[N+](C)(C)CC(=O)[OH].[Cl-]", "C[N+](C)(C)CC(=O)[O-]"),
        ("C[N+](C)(C)CCOC(C)=O.[Br-]", "CC(=O)OCC[N+](C)(C)C"),
        ("C[n+]1ccccc1C=NO.[Cl-]", "C[n+]1ccccc1C=NO"),
        ("CS(C)=O", "C[S+](C)[O-]"),
        ("C[S+](C)[O-]", "C[S+](C)[O-]"),
        ("CN(=O)=O", "C[N+](=O)[O-]"),
        ("CN=N#N", "CN=[N+]=[N-]"),
        ("C[N+](C)(C)[O-]", "C[N+](C)(C)[O-]"),
        ("[CH3:1][OH:2]", "CO"),  # labels for atoms are no chemistry
        ("[H]/N=C(/C)N", "CC(=N)N"),
    ],
)
def test_charges_and_groups_are_written_in_one_way(sent: str, smiles: str) -> None:
    assert standardise(sent, PARENT).smiles == smiles


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Oc1ccccn1", "O=c1cccc[nH]1"),
        ("CC(O)=CC(C)=O", "CC(=O)CC(C)=O"),
        ("Cc1nc[nH]c1CC", "Cc1[nH]cnc1CC"),
        ("CCC(C)=Nc1ccccc1", "CC=C(C)Nc1ccccc1"),
        ("N=C(N)NC", "NC(N)=NC"),
        ("Oc1ncnc2[nH]cnc12", "O=c1[nH]cnc2nc[nH]c12"),
        ("SC1=NCCN1", "S=C1NCCN1"),
        ("CC(=O)Nc1ccccc1", "CC(O)=Nc1ccccc1"),
    ],
)
def test_tautomers_are_one_structure_and_stay_two_where_the_policy_says_so(one: str, other: str) -> None:
    assert standardise(one, PARENT).smiles == standardise(other, PARENT).smiles
    assert standardise(one, PARENT_AS_DRAWN).smiles != standardise(other, PARENT_AS_DRAWN).smiles


ENANTIOMERS = {
    "rdkit#9518, acetoin": ("CC(=O)[C@H](C)O", "CC(=O)[C@@H](C)O"),
    "rdkit#3755, serine": ("OC[C@@H](N)C(=O)O", "OC[C@H](N)C(=O)O"),
    "rdkit#5531": ("C[C@@H](C(=O)N)n1ccc2c1cccc2", "C[C@H](C(=O)N)n1ccc2c1cccc2"),
    "ibuprofen": ("C[C@H](C(=O)O)c1ccc(CC(C)C)cc1", "C[C@@H](C(=O)O)c1ccc(CC(C)C)cc1"),
    "butenes": ("C/C=C/C", "C/C=C\\C"),
    "omeprazole": (DRUGS["esomeprazole"], DRUGS["esomeprazole"].replace("[S@@]", "[S@]")),
}


@pytest.mark.parametrize("pair", ENANTIOMERS.values(), ids=ENANTIOMERS)
def test_stereoisomers_stay_two_compounds(pair: tuple[str, str]) -> None:
    one, other = (standardise(smiles, PARENT) for smiles in pair)
    assert one.smiles != other.smiles
    assert not one.stereo_lost
    assert not other.stereo_lost


@pytest.mark.parametrize(
    ("sent", "lost"),
    [
        ("O=C(N1)[C@H](CC(N)=O)CC1=O", True),  # rdkit#7969: the canonical tautomer is an aromatic ring
        ("OCC(=O)[C@@H](O)[C@H](O)[C@H](O)CO", True),  # rdkit#7488: fructose; the ketone moves to carbon 3
        ("C=C(C)[C@@H]1CC[C@@]2(C)CCC(=O)C(C)=C2C1", False),
        ("NC(=O)c1[nH]nc(c1O)[C@@H]2O[C@H](CO)[C@@H](O)[C@H]2O", False),  # rdkit#2363: pyrazofurin
        ("C[C@H](N)C(=O)O", False),
        ("CC(N)C(=O)O", False),
    ],
)
def test_a_configuration_that_is_lost_is_told(sent: str, lost: bool) -> None:
    assert standardise(sent, PARENT).stereo_lost == lost
    assert not standardise(sent, PARENT_AS_DRAWN).stereo_lost


def test_the_tautomer_does_not_depend_on_stereochemistry() -> None:
    """rdkit#7499."""
    stereo = (smiles for smiles in DRUGS.values() if "@" in smiles or "/" in smiles)
    for smiles in ("C=C(C)[C@@H]1CC[C@@]2(C)CCC(=O)C(C)=C2C1", *stereo):
        flat = Chem.MolToSmiles(Chem.MolFromSmiles(smiles), isomericSmiles=False)
        found = standardise(smiles, PARENT)
        assert Chem.MolToSmiles(found.molecule, isomericSmiles=False) == standardise(flat, PARENT).smiles


def test_the_same_molecule_from_smiles_and_from_inchi_is_one_structure() -> None:
    """rdkit#4295, and rdkit#5937 and #9122: the order of the atoms had a say."""
    from_smiles = Chem.MolFromSmiles("CC(C)=CCc1c2c(c(O)c3oc4cc5c(c(O)c4c(=O)c13)C=CC(C)(C)O5)C=CC(C)(C)O2")
    from_inchi = Chem.MolFromInchi(Chem.MolToInchi(from_smiles))
    assert standardise_molecule(from_smiles, PARENT).smiles == standardise_molecule(from_inchi, PARENT).smiles
    for smiles in ("OC1=Nc2ccccc2C1=Cc1ccc[nH]1", *DRUGS.values()):
        molecule = Chem.MolFromSmiles(smiles)
        expected = standardise(smiles, PARENT)
        assert standardise_molecule(_shuffled(molecule, 1), PARENT).smiles == expected.smiles


@pytest.mark.parametrize(
    "sent",
    [
        "O=[N+]([O-])/C=C/c1ccccn1",  # rdkit#7044: an invariant was violated
        "C/C=C\\N=O",  # rdkit#6926: the same
        "CN1C=CC=C/C1=C\\N=O",
        "Cc1nc2n(c(=O)c1CCN1CCC(C3NOc4cc(F)ccc43)CC1)CCCC2",  # rdkit#6020: no Kekulé form
        "CC1=CC(NC(=O)C(F)(F)F)=NC(C)=N1",  # rdkit#5719: the same
    ],
)
def test_what_once_broke_rdkit_is_standardised(sent: str) -> None:
    assert standardise(sent, PARENT).smiles


@pytest.mark.parametrize(
    "sent",
    [
        "[2H]Oc1ccccn1",  # RDKit's tautomer has an oxygen of three bonds
        "[O-]c1c[n+](-c2ccccc2)no1",  # rdkit#9062: two hydrogens more, for mesoionic rings
        "C[n+]1cc([O-])on1",
        "Cn1c[n+](C)nc1[S-]",
        "C[n+]1cc([O-])sc1-c1ccccc1",
    ],
)
def test_no_step_makes_another_compound(sent: str) -> None:
    assert standardise(sent, PARENT).smiles == Chem.CanonSmiles(sent)


@pytest.mark.parametrize(
    "sent",
    [polypeptide("CCCNC(=N)N", 10)]
    + [pytest.param(text, marks=pytest.mark.chemistry) for text in (TANNIC_ACID, VANCOMYCIN, CYCLOSPORIN_ISOMER)],
)
def test_where_there_are_too_many_tautomers_the_structure_stays_as_it_was_drawn(sent: str) -> None:
    as_drawn = standardise(sent, PARENT_AS_DRAWN).smiles
    assert standardise(sent, PARENT).smiles == as_drawn
    assert standardise_molecule(_shuffled(Chem.MolFromSmiles(sent), 1), PARENT).smiles == as_drawn


@pytest.mark.parametrize(
    ("sent", "centres"),
    [
        ("CC(N)C(=O)O", 1),
        ("C[C@H](N)C(=O)O", 0),
        ("CC(N)C(=O)O.C[C@H](O)C(=O)O", 1),  # alanine lactate: of what is kept
        ("OCC1OC(O)C(O)C(O)C1O", 5),
        ("CC1CCC(C)CC1", 2),
        ("NC12CC3CC(CC(C3)C1)C2", 0),  # amantadine
        ("C1N2CN3CN1CN(C2)C3", 0),  # methenamine
        ("C1CC2CCC1C2", 0),  # norbornane
        ("OC1CC2CCC1C2", 3),
        ("CCN(C)C", 0),
        ("CCC[S](=O)C", 1),
        ("C[N+](CC)(CCC)Cc1ccccc1", 1),
        ("CC=CC", 0),
    ],
)
def test_centres_without_a_configuration_are_counted(sent: str, centres: int) -> None:
    assert standardise(sent, PARENT).undefined_chiral_centers == centres


def test_the_salt_policy_keeps_every_fragment() -> None:
    for sent, smiles in {
        "[Na+].CC(=O)[O-]": "CC(=O)[O-].[Na+]",
        "[Na]OC(C)=O": "CC(=O)[O-].[Na+]",
        "CC[NH3+].[Cl-]": "CCN.Cl",
        "Cl.CCN": "CCN.Cl",
        "Oc1ccccn1.O": "O.O=c1cccc[nH]1",
    }.items():
        found = standardise(sent, SALT)
        assert (found.smiles, found.salt, found.mixture) == (smiles, None, False)
        assert Chem.MolToSmiles(found.molecule) == found.smiles
    assert standardise(f"{DRUGS['aspirin']}.{DRUGS['paracetamol']}", SALT).mixture


def test_the_policy_none_changes_nothing_but_the_order() -> None:
    for sent in ("[Na+].CC(=O)[O-]", "Oc1ccccn1", "[NH3+]CC(=O)[O-]", "[H]/N=C(/C)N", "C[S+](C)[O-]"):
        found = standardise(sent, NONE)
        assert found.smiles == Chem.CanonSmiles(sent)
        assert (found.salt, found.stereo_lost, found.mixture) == (None, False, False)


@pytest.mark.parametrize("policy", [PARENT, PARENT_AS_DRAWN, SALT, NONE], ids=["parent", "as drawn", "salt", "none"])
@pytest.mark.parametrize("name", DRUGS)
def test_a_standard_form_is_its_own_standard_form(name: str, policy: Standardisation) -> None:
    _assert_idempotent(DRUGS[name], policy)


def _assert_idempotent(sent: str, policy: Standardisation) -> None:
    once = standardise(sent, policy)
    again = standardise(once.smiles, policy)
    assert (again.smiles, again.stereo_lost) == (once.smiles, False)
    assert policy.policy != "parent" or again.salt is None
    assert Chem.MolToSmiles(once.molecule) == once.smiles


def test_few_drugs_lose_a_configuration_and_those_are_told() -> None:
    told = {name for name, smiles in DRUGS.items() if standardise(smiles, PARENT).stereo_lost}
    assert told == {"cimetidine"}  # on which side of a C=N its cyano group is: the proton moves


BESIDE = sorted(COUNTERIONS | {"[Na+]", "Cl", "[Cl-]", "O", "[Ca+2]", "OS(=O)(=O)O"})


@hypothesis.given(
    drug=st.sampled_from(sorted(DRUGS.keys() - {"betaine"})),  # itself a counterion: of lysine betaine lysine is kept
    beside=st.lists(st.sampled_from(BESIDE), max_size=3),
    seed=st.integers(0, 2**16),
)
def test_a_drug_is_itself_beside_any_counterions_in_any_order_of_fragments_and_atoms(
    drug: str, beside: list[str], seed: int
) -> None:
    parts = [DRUGS[drug], *beside]
    random.Random(seed).shuffle(parts)
    salted = _shuffled(Chem.MolFromSmiles(".".join(parts)), seed)
    alone, found = standardise(DRUGS[drug], PARENT_AS_DRAWN), standardise_molecule(salted, PARENT_AS_DRAWN)
    assert (found.smiles, found.stereo_lost) == (alone.smiles, alone.stereo_lost)
    assert not found.mixture
    assert (found.salt or "").count(".") == max(len(beside) - 1, 0)


def test_counterions_are_listed_once_and_hold_carbon() -> None:
    assert not COUNTERIONS & MEDICINAL_COUNTERIONS
    assert all("C" in smiles or "c" in smiles for smiles in COUNTERIONS | MEDICINAL_COUNTERIONS)
    assert (
        not {Chem.MolToSmiles(Chem.MolFromSmiles(smiles), isomericSmiles=False) for smiles in DRUGS.values()}
        & COUNTERIONS
    )


def test_the_steps_that_are_left_out_would_have_done_nothing() -> None:
    for smiles in DRUGS.values():
        _assert_cleaned_as_rdkit_does(smiles)


def _assert_cleaned_as_rdkit_does(smiles: str) -> None:
    molecule = Chem.MolFromSmiles(smiles)
    assert Chem.MolToSmiles(normalised(molecule)) == Chem.MolToSmiles(rdMolStandardize.Cleanup(molecule)), smiles


def test_the_molecule_that_is_given_stays_as_it_is() -> None:
    molecule = Chem.MolFromSmiles("[CH3:7][C@H]([NH3+])C(=O)[O-].Cl")
    before = molecule.ToBinary()
    standardise_molecule(molecule, PARENT)
    assert molecule.ToBinary() == before


def test_a_policy_of_another_version_is_refused() -> None:
    check_policy(Standardisation(policy="parent", version=VERSION))
    with pytest.raises(BundleError, match=r"standardisation 2, this image carries out 1"):
        check_policy(Standardisation(policy="parent", version="2"))


def test_no_structure_is_written_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    for sent in ("[2H]Oc1ccccn1", "N[Pt](N)(Cl)Cl", "C[n+]1cc([O-])on1", "[CH3:1]O"):
        standardise(sent, PARENT)
    assert capfd.readouterr().err == ""


@pytest.mark.chemistry
def test_public_tables_are_standardised_once_and_for_all_in_any_order(reference_data: Path) -> None:
    every_tenth = itertools.islice(_nci_smiles(reference_data), 0, None, 10)
    for sent in itertools.chain(_solubility_smiles(reference_data), every_tenth):
        molecule = parse_smiles(sent)
        for policy in (PARENT, SALT):
            _assert_idempotent(sent, policy)
            assert standardise_molecule(_shuffled(molecule, 1), policy).smiles == standardise(sent, policy).smiles
        if not binds_transition_metal(molecule):  # those that would be left with an unheard-of charge keep their bonds
            _assert_cleaned_as_rdkit_does(sent)
