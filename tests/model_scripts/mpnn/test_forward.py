"""Promise: our forward pass predicts what chemprop's does, and no number of a row depends on the rows beside it."""

import csv
import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from chemprop.data import MoleculeDatapoint, MoleculeDataset, build_dataloader
from chemprop.featurizers import CuikmolmakerMolGraphFeaturizer, SimpleMoleculeMolGraphFeaturizer
from chemprop.models import MPNN
from chemprop.utils.v1_to_v2 import convert_model_dict_v1_to_v2
from hypothesis import given, settings
from hypothesis import strategies as st
from lightning import pytorch as pl

from chemprop_models import COMPOUNDS, DESCRIPTORS, inputs_of, model, regression, served_models
from family_tables import in_pieces
from model_scripts.inputs import Inputs
from model_scripts.member import Floats
from model_scripts.mpnn.conversion import from_mpnn
from model_scripts.mpnn.forward import forward
from model_scripts.mpnn.graphs import canonical_smiles, graphs_of
from model_scripts.mpnn.member import ChempropMember, predict_together

TOLERANCE = 1e-6


def difference(one: Floats, other: Floats) -> float:
    """Relative where numbers are larger than 1."""
    return float(np.max(np.abs(one - other) / np.maximum(1, np.abs(other))))


def by_chemprop(mpnn: MPNN, inputs: Inputs) -> Floats:
    graphs = CuikmolmakerMolGraphFeaturizer()(canonical_smiles(inputs.molecules or []))
    descriptors = torch.from_numpy(inputs.matrix) if inputs.columns else None
    with torch.inference_mode():
        predicted = mpnn(graphs, X_d=descriptors)
    return np.asarray(predicted.reshape(len(inputs), -1).numpy(), dtype=np.float64)


@pytest.mark.parametrize("kind", served_models())
def test_every_kind_predicts_what_chemprop_predicts(kind: str) -> None:
    mpnn = served_models()[kind]()
    ordinary = [text for text in COMPOUNDS if "->" not in text]  # chemprop's two featurisers disagree about these
    inputs = inputs_of(ordinary, DESCRIPTORS if kind.startswith("descriptors") else 0)
    expected = by_chemprop(mpnn, inputs)
    if kind == "two classes":
        expected = np.column_stack([1 - expected, expected])
    predicted = from_mpnn(mpnn).predict(inputs)
    assert predicted.dtype == np.float64
    assert predicted.shape == expected.shape
    assert np.std(predicted, axis=0).min() > 1e-4  # else there would be nothing to compare
    assert difference(predicted, expected) < TOLERANCE


@pytest.fixture(scope="module")
def wide() -> ChempropMember:
    """Its target has a standard deviation of thousands, so that a bit lost anywhere is seen."""
    mpnn = model(regression(1, descriptors=DESCRIPTORS), aggregation=served_models()["regression"]().agg)
    mpnn.predictor.output_transform.scale.fill_(5_000.0)
    return from_mpnn(mpnn)


@settings(max_examples=20)  # each takes 0.1 s
@given(cuts=st.lists(st.integers(0, 3 * len(COMPOUNDS)), max_size=10), seed=st.integers(0, 2**32 - 1))
def test_no_number_of_a_row_depends_on_the_rows_beside_it(wide: ChempropMember, cuts: list[int], seed: int) -> None:
    inputs = inputs_of(COMPOUNDS * 3, DESCRIPTORS)
    together = wide.predict(inputs)
    assert difference(in_pieces(wide, inputs, cuts), together) < TOLERANCE
    order = np.random.default_rng(seed).permutation(len(inputs))
    assert difference(wide.predict(inputs.take(order)), together[order]) < TOLERANCE


def test_each_row_alone_gets_the_number_that_it_gets_among_others(wide: ChempropMember) -> None:
    inputs = inputs_of(COMPOUNDS * 3, DESCRIPTORS)
    alone = in_pieces(wide, inputs, list(range(1, len(inputs))))
    assert difference(alone, wide.predict(inputs)) < TOLERANCE


@pytest.mark.parametrize("head", ["two classes", "four classes"])
def test_probabilities_of_classes_sum_to_1(head: str) -> None:
    predicted = from_mpnn(served_models()[head]()).predict(inputs_of(COMPOUNDS))
    np.testing.assert_allclose(predicted.sum(axis=1), 1.0, atol=1e-12)


def test_members_asked_together_predict_what_each_predicts_alone(wide: ChempropMember) -> None:
    other = from_mpnn(served_models()["descriptors, not scaled"]())
    inputs = inputs_of(COMPOUNDS * 3, DESCRIPTORS)
    together = predict_together([wide, other, wide], inputs)
    for number, member in enumerate([wide, other, wide]):
        assert difference(together[number], member.predict(inputs)) < TOLERANCE
    with pytest.raises(ValueError, match="not of one kind"):
        predict_together([wide, from_mpnn(served_models()["four classes"]())], inputs)


def test_no_rows_are_no_predictions() -> None:
    for name, outputs in (("twelve targets", 12), ("two classes", 2), ("four classes", 4)):
        assert from_mpnn(served_models()[name]()).predict(inputs_of([])).shape == (0, outputs)


def test_a_row_that_lacks_a_descriptor_is_nan_and_the_others_keep_their_numbers() -> None:
    member = from_mpnn(served_models()["descriptors"]())
    inputs = inputs_of(COMPOUNDS, DESCRIPTORS)
    before = member.predict(inputs)
    inputs.matrix[[2, 5], [0, 1]] = np.nan
    after = member.predict(inputs)
    assert np.isnan(after[[2, 5]]).all()
    others = np.setdiff1d(np.arange(len(inputs)), [2, 5])
    assert difference(after[others], before[others]) < TOLERANCE


def test_other_columns_than_those_of_training_are_refused() -> None:
    member = from_mpnn(served_models()["descriptors"]())
    assert member.predict(inputs_of([], DESCRIPTORS)).shape == (0, 2)
    with pytest.raises(ValueError, match="2 descriptor columns, the model reads 3"):
        member.predict(inputs_of(COMPOUNDS, 2))
    no_structures = Inputs(matrix=np.zeros((1, 3), dtype=np.float32), columns=inputs_of([], 3).columns)
    with pytest.raises(ValueError, match="reads structures"):
        member.predict(no_structures)


def stored_model_of_version_1(folder: Path) -> MPNN:
    """Chemprop's own test model, converted by chemprop's own converter."""
    version_1 = torch.load(folder / "example_model_v1_regression_mol.pt", map_location="cpu", weights_only=False)
    version_2 = convert_model_dict_v1_to_v2(version_1)
    hyperparameters = version_2["hyper_parameters"]
    parts = {name: hyperparameters.pop(name).copy() for name in ("message_passing", "agg", "predictor")}
    mpnn = MPNN(**{name: part.pop("cls")(**part) for name, part in parts.items()}, **hyperparameters)
    mpnn.load_state_dict(version_2["state_dict"], strict=False)  # metrics are not in the file of version 1
    return mpnn.eval()


def test_the_50_predictions_that_chemprop_1_has_published_are_repeated(reference_data: Path) -> None:
    folder = reference_data / "chemprop"
    member = from_mpnn(stored_model_of_version_1(folder), atom_features="V1")
    with (folder / "example_model_v1_regression_mol_prediction.csv").open() as file:
        rows = list(csv.DictReader(file))
    published = np.array([[float(row["logSolubility"])] for row in rows])
    assert len(published) == 50
    assert difference(member.predict(inputs_of([row["smiles"] for row in rows])), published) < TOLERANCE
    as_written = forward(member.network, graphs_of([row["smiles"] for row in rows], "V1"))
    assert difference(as_written.numpy(), published) < TOLERANCE


@pytest.mark.chemistry
@pytest.mark.filterwarnings("ignore")  # Lightning's advice about workers and progress bars
@pytest.mark.parametrize(
    ("file", "table"),
    [
        ("example_model_v2_regression_mol.pt", "regression.csv"),
        ("example_model_v2_regression_mol_multitask.pt", "mol_multitask.csv"),
    ],
)
def test_a_chemprop_2_file_predicts_what_its_trainer_predicts(reference_data: Path, file: str, table: str) -> None:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    mpnn = MPNN.load_from_file(reference_data / "chemprop" / file, map_location="cpu")
    with (reference_data / "chemprop" / table).open() as rows:
        smiles = canonical_smiles(inputs_of([row["smiles"] for row in csv.DictReader(rows)]).molecules or [])
    data = MoleculeDataset([MoleculeDatapoint.from_smi(text) for text in smiles], SimpleMoleculeMolGraphFeaturizer())
    trainer = pl.Trainer(logger=False, enable_progress_bar=False, accelerator="cpu", enable_checkpointing=False)
    batches = trainer.predict(mpnn, build_dataloader(data, shuffle=False))
    assert batches is not None
    expected = torch.cat(batches).numpy().astype(np.float64)  # type: ignore[arg-type]
    assert difference(from_mpnn(mpnn.eval()).predict(inputs_of(smiles)), expected) < TOLERANCE
