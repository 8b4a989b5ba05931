"""Trains the XGBoost family and writes its bundle."""

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import rdkit
import xgboost

from chem_endpoints.wire.bundle import unpack, write_bundle
from chem_endpoints.wire.columns import INTERVAL_HIGH, INTERVAL_LOW, PREDICTION, PREDICTION_ERROR, SMILES
from chem_endpoints.wire.manifest import (
    DescriptorSet,
    Feature,
    GoldenRows,
    Manifest,
    Metrics,
    Output,
    Training,
)
from chem_endpoints.wire.typed_columns import typed
from model_scripts import xgboost_model
from model_scripts.chemistry import rdkit_2d
from model_scripts.training.evaluation import FOLDS, Floats, interval_half_width, metrics, out_of_fold
from model_scripts.training.table import TrainingError, TrainingTable, numeric_features, read_table

TREES = 300
PARAMETERS: dict[str, Any] = {
    "objective": "reg:squarederror",
    "eta": 0.05,
    "max_depth": 3,
    "min_child_weight": 2,
    "subsample": 0.8,
    "colsample_bytree": 0.3,
    "nthread": 1,  # one thread: the same bytes on every run
}
GOLDEN_ROWS = 5
TREE_TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True)
class XGBoostTraining:
    """What to train on and how to name it.

    Attributes:
        data: CSV file with a header line.
        target: column to predict.
        smiles: column of SMILES to compute descriptors from; else ``features`` are used.
        features: numeric columns.
        unit: the target's unit.
        description: what was measured, for the model card.
        seed: of the splits and of the trees.
    """

    data: Path
    target: str
    smiles: str | None = None
    features: tuple[str, ...] = ()
    unit: str | None = None
    description: str = ""
    seed: int = 7


@dataclass(frozen=True, kw_only=True)
class TrainedBundle:
    """What was written."""

    digest: str
    manifest: Manifest
    skipped: dict[int, str]


def train(training: XGBoostTraining, out: Path, progress: Callable[[], object]) -> TrainedBundle:
    """Evaluates by cross-validation, refits on all rows, and writes the bundle to ``out``.

    Raises:
        TrainingError: see `read_table`.
    """
    table = read_table(training.data, target=training.target, smiles=training.smiles, features=training.features)
    evaluation, half_width = _evaluate(table, training.seed, progress)
    booster = _fit(table.matrix, table.target, training.seed)
    progress()
    files = {
        xgboost_model.MODEL_FILE: bytes(booster.save_raw("ubj")),
        xgboost_model.INTERVAL_FILE: json.dumps({"coverage": 0.9, "half_width": half_width}).encode(),
    }
    draft = _manifest(training, table, evaluation, files, golden=GoldenRows(input={}, output={}, relative_tolerance=1))
    golden = _golden_rows(draft, files, table)
    manifest = draft.model_copy(update={"golden": golden})
    digest = write_bundle(out, manifest, files)
    return TrainedBundle(digest=digest, manifest=manifest, skipped=table.skipped)


def _fit(matrix: npt.NDArray[np.float32], target: Floats, seed: int) -> xgboost.Booster:
    return xgboost.train(
        {**PARAMETERS, "seed": seed}, xgboost.DMatrix(matrix, label=target, nthread=1), num_boost_round=TREES
    )


def _evaluate(table: TrainingTable, seed: int, progress: Callable[[], object]) -> tuple[tuple[Metrics, ...], float]:
    def fit_predict(train: npt.NDArray[np.intp], test: npt.NDArray[np.intp]) -> Floats:
        booster = _fit(table.matrix[train], table.target[train], seed)
        return np.asarray(booster.inplace_predict(table.matrix[test]), dtype=np.float64)

    splits = {"random": table.compounds, **({"scaffold": table.scaffolds} if table.scaffolds else {})}
    splits = {name: groups for name, groups in splits.items() if len(set(groups)) >= FOLDS}
    if "random" not in splits:
        raise TrainingError(f"{len(set(table.compounds))} distinct compounds, at least {FOLDS} are needed")
    predicted = {name: out_of_fold(fit_predict, groups, seed, progress) for name, groups in splits.items()}
    evaluation = tuple(metrics(name, table.target, predicted[name], groups, seed) for name, groups in splits.items())
    return evaluation, interval_half_width(table.target, predicted["random"])


def _manifest(
    training: XGBoostTraining,
    table: TrainingTable,
    evaluation: tuple[Metrics, ...],
    files: dict[str, bytes],
    golden: GoldenRows,
) -> Manifest:
    from_smiles = training.smiles is not None
    target = Output(name=training.target, dtype="float64", unit=training.unit, description=training.description)
    features = (
        (Feature(name=SMILES, dtype="text", description="structure of one compound"),)
        if from_smiles
        else numeric_features(table)
    )
    return Manifest(
        script="xgboost_model",
        framework=f"xgboost {xgboost.__version__}",
        target=target,
        features=features,
        outputs=_outputs(target),
        descriptors=_descriptors() if from_smiles else None,
        standardisation="none: descriptors are computed from the structure as it is sent",
        libraries={module.__name__: module.__version__ for module in _libraries(from_smiles)},
        files=_digests(files),
        training=Training(
            rows=len(table.target),
            data_sha256=table.sha256,
            seed=training.seed,
            metrics=evaluation,
            note=_note(table, evaluation),
        ),
        golden=golden,
    )


def _note(table: TrainingTable, evaluation: tuple[Metrics, ...]) -> str:
    note = "Metrics come from out-of-fold predictions; the served model is refitted on all rows."
    if table.scaffolds and len(evaluation) == 1:
        note += f" There is no scaffold split: the compounds have fewer than {FOLDS} scaffolds."
    return note


def _outputs(target: Output) -> tuple[Output, ...]:
    bound = "bound of the 90 % prediction interval (conformal, from out-of-fold errors of the random split)"
    return (
        Output(name=PREDICTION, dtype="float64", unit=target.unit, description=f"predicted {target.name}"),
        Output(name=INTERVAL_LOW, dtype="float64", unit=target.unit, description=f"lower {bound}"),
        Output(name=INTERVAL_HIGH, dtype="float64", unit=target.unit, description=f"upper {bound}"),
    )


def _descriptors() -> DescriptorSet:
    return DescriptorSet(name=rdkit_2d.NAME, version=rdkit_2d.VERSION, columns=rdkit_2d.COLUMNS)


def _libraries(from_smiles: bool) -> list[ModuleType]:
    return [np, *([rdkit] if from_smiles else []), xgboost]


def _digests(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(contents).hexdigest() for name, contents in sorted(files.items())}


def _golden_rows(draft: Manifest, files: dict[str, bytes], table: TrainingTable) -> GoldenRows:
    """Some training rows, predicted by the bundle as it will be served, from the lowest to the highest target."""
    spread = np.linspace(0, len(table.target) - 1, GOLDEN_ROWS).round().astype(int)
    rows = np.argsort(table.target, kind="stable")[spread]
    columns = {
        feature.name: typed(table.inputs.iloc[rows, position], feature.dtype).values
        for position, feature in enumerate(draft.features)
    }
    frame = pd.DataFrame(columns).reset_index(drop=True)
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "model.tar.gz"
        write_bundle(packed, draft, files)
        unpack(packed, Path(folder) / "model")
        predicted = xgboost_model.predict_fn(frame, xgboost_model.model_fn(str(Path(folder) / "model")))
    outputs = [*(output.name for output in draft.outputs), PREDICTION_ERROR]
    return GoldenRows(
        input={name: frame[name].tolist() for name in frame.columns},
        output={name: predicted[name].tolist() for name in outputs},
        relative_tolerance=TREE_TOLERANCE,
    )
