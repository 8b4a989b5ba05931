"""Promise: the nearest other training compound is RDKit's nearest, in the smallest id's favour, whatever the batch."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from chem_endpoints.wire import rows as announcements
from model_scripts.chemistry.identity import compound_key
from model_scripts.chemistry.smiles import parse_smiles
from model_scripts.trust import neighbours
from model_scripts.trust.neighbours import TrainingSet, similarity_outside_fold

TRAINING = """
    CCO CCCO CCCCO CCCCCO CC(C)O c1ccccc1 Cc1ccccc1 CCc1ccccc1 Oc1ccccc1 Nc1ccccc1 CC(=O)O CCC(=O)O CCCC(=O)O
    CC(=O)Oc1ccccc1C(=O)O CC(=O)Nc1ccc(O)cc1 CN1C=NC2=C1C(=O)N(C(=O)N2C)C c1ccc2ccccc2c1 C1CCCCC1 CC1CCCCC1 ClCCl
    C[C@H](N)C(=O)O C[C@@H](N)C(=O)O
""".split()
QUERIES = ["CCCCCCO", "Cc1ccccc1C", "CCO", "CC(N)C(=O)O", "[I-].[Na+]", "O=C(O)CCl", "CCCCO", "N#N"]

MOLECULES = [parse_smiles(smiles) for smiles in TRAINING]
KEYS = [compound_key(molecule) for molecule in MOLECULES]
VALUES = np.linspace(-3, 1, len(TRAINING))
IDS = [str(number) for number in range(len(TRAINING), 0, -1)]
ASKED = [parse_smiles(smiles) for smiles in QUERIES]
ASKED_KEYS = [compound_key(molecule) for molecule in ASKED]

REFERENCE = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)


def by_rdkit(query: Chem.Mol, others: list[int]) -> list[float]:
    fingerprint = REFERENCE.GetCountFingerprint(query)
    return [
        DataStructs.TanimotoSimilarity(fingerprint, REFERENCE.GetCountFingerprint(MOLECULES[other])) for other in others
    ]


@pytest.fixture(scope="module")
def training() -> TrainingSet:
    return TrainingSet.build(MOLECULES, IDS, VALUES, KEYS)


def test_the_nearest_is_rdkits_nearest_other_compound(training: TrainingSet) -> None:
    found = training.nearest(ASKED, ASKED_KEYS)
    for row, (query, key) in enumerate(zip(ASKED, ASKED_KEYS, strict=True)):
        others = [position for position in range(len(TRAINING)) if KEYS[position] != key]
        similarities = by_rdkit(query, others)
        best = [other for other, near in zip(others, similarities, strict=True) if near == max(similarities)]
        smallest = min(best, key=lambda position: int(IDS[position]))
        assert found.scores[row] == max(similarities)
        assert found.ids[row] == IDS[smallest]
        assert found.values is not None
        assert found.values[row] == VALUES[smallest]
        assert found.in_training[row] == (key in KEYS)


def test_a_training_compound_is_told_of_another_one_than_itself_or_its_stereoisomer(training: TrainingSet) -> None:
    alanine = QUERIES.index("CC(N)C(=O)O")
    found = training.nearest(ASKED, ASKED_KEYS)
    assert found.in_training[alanine]
    assert TRAINING[IDS.index(found.ids[alanine])] not in ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O")
    assert found.scores[alanine] < 1


@pytest.mark.parametrize(
    ("ids", "first"),
    [(["10", "9"], "9"), (["10", "9", "x"], "10"), (["b", "a"], "a"), (["-2", "-10"], "-10"), (["07", "7"], "07")],
)
def test_ties_go_to_the_smallest_id(ids: list[str], first: str) -> None:
    isomers = [parse_smiles(smiles) for smiles in ("F[C@H](Cl)Br", "F[C@@H](Cl)Br", "CCCCCCCC")[: len(ids)]]
    tied = TrainingSet.build(isomers, ids, None, [f"K{row}" for row in range(len(ids))])
    assert tied.nearest([parse_smiles("FC(Cl)Br")], ["other"]).ids.tolist() == [first]


def test_the_threshold_is_the_lower_5th_percentile_of_the_compounds_own_similarities(training: TrainingSet) -> None:
    own = []
    for position, key in enumerate(KEYS):
        own.append(max(by_rdkit(MOLECULES[position], [other for other in range(len(KEYS)) if KEYS[other] != key])))
    assert training.threshold == sorted(own)[int(0.05 * (len(own) - 1))]
    found = training.nearest(ASKED, ASKED_KEYS)
    assert found.in_domain.tolist() == (found.scores >= training.threshold).tolist()
    assert found.in_domain[QUERIES.index("CCCCCCO")]
    assert not found.in_domain[QUERIES.index("[I-].[Na+]")]


def test_of_many_compounds_a_sample_sets_the_threshold(training: TrainingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MOST_LEFT_OUT", 10)
    one, two = (TrainingSet.build(MOLECULES, IDS, VALUES, KEYS) for _ in range(2))
    assert one.threshold == two.threshold
    assert one.threshold in training.nearest(MOLECULES, KEYS).scores


def test_a_set_of_one_compound_has_no_other() -> None:
    alone = TrainingSet.build(MOLECULES[:1], ["1"], VALUES[:1], KEYS[:1])
    found = alone.nearest(MOLECULES[:2], KEYS[:2])
    assert found.ids.tolist() == [None, "1"]
    assert np.isnan(found.scores).tolist() == [True, False]
    assert found.values is not None
    assert np.isnan(found.values).tolist() == [True, False]
    assert found.in_training.tolist() == [True, False]
    assert found.in_domain.tolist() == [False, False]


def test_no_row_asked_is_no_row_answered(training: TrainingSet) -> None:
    none = training.nearest([], [])
    assert [len(none.scores), len(none.ids), len(none.in_training), len(none.in_domain)] == [0, 0, 0, 0]


@given(st.lists(st.sampled_from(range(len(QUERIES))), min_size=1, max_size=12), st.integers(1, 11))
def test_a_rows_neighbour_is_the_same_in_any_batch(training: TrainingSet, asked: list[int], cut: int) -> None:
    molecules, keys = [ASKED[row] for row in asked], [ASKED_KEYS[row] for row in asked]
    whole = training.nearest(molecules, keys)
    parts = [training.nearest(molecules[part], keys[part]) for part in (slice(cut), slice(cut, None))]
    for name in ("scores", "ids", "values", "in_training", "in_domain"):
        joined = np.concatenate([getattr(part, name) for part in parts])
        assert getattr(whole, name).tolist() == joined.tolist()


def test_the_order_of_training_changes_no_answer(training: TrainingSet) -> None:
    order = np.random.default_rng(1).permutation(len(TRAINING))
    shuffled = TrainingSet.build(
        [MOLECULES[row] for row in order], [IDS[row] for row in order], VALUES[order], [KEYS[row] for row in order]
    )
    assert shuffled.to_bytes() == training.to_bytes()


def test_it_survives_its_file(training: TrainingSet) -> None:
    data = training.to_bytes()
    back = TrainingSet.from_bytes(data)
    assert back.to_bytes() == data
    one, other = training.nearest(ASKED, ASKED_KEYS), back.nearest(ASKED, ASKED_KEYS)
    assert one.ids.tolist() == other.ids.tolist()
    assert one.scores.tobytes() == other.scores.tobytes()
    assert one.in_domain.tolist() == other.in_domain.tolist()


def test_without_values_none_are_told() -> None:
    several = TrainingSet.build(MOLECULES, IDS, None, KEYS)
    assert several.nearest(ASKED, ASKED_KEYS).values is None
    assert TrainingSet.from_bytes(several.to_bytes()).values is None


def test_each_row_is_announced_by_its_place_in_the_request(training: TrainingSet) -> None:
    heard: list[int] = []
    announcements.listen(heard.append)
    try:
        training.nearest(ASKED[:3], ASKED_KEYS[:3], positions=[4, 7, 9])
    finally:
        announcements.listen(None)
    assert heard == [4, 7, 9, announcements.NO_ROW]


def test_similarity_outside_the_fold_passes_over_the_fold() -> None:
    folds = np.arange(len(TRAINING)) % 4
    found = similarity_outside_fold(MOLECULES, folds)
    for row, molecule in enumerate(MOLECULES):
        assert found[row] == max(by_rdkit(molecule, np.flatnonzero(folds != folds[row]).tolist()))


def test_a_thousand_compounds_take_little_room_and_a_twentieth_lies_outside(reference_data: Path) -> None:
    with (reference_data / "moleculenet/delaney-processed.csv").open() as file:
        table = list(csv.DictReader(file))
    molecules = [parse_smiles(row["smiles"]) for row in table]
    keys = [Chem.MolToSmiles(molecule, isomericSmiles=False) for molecule in molecules]  # quicker than InChI
    values = np.array([float(row["measured log solubility in mols per litre"]) for row in table])
    esol = TrainingSet.build(molecules, [row["Compound ID"] for row in table], values, keys)
    assert len(esol.to_bytes()) < 100_000
    assert esol.nearest(molecules, keys).in_domain.mean() == pytest.approx(0.95, abs=0.01)
