"""The model that every serving benchmark serves: 500 trees of depth 6 over 100 numbers, trained once, by seed.

    .venv/bin/python -m benchmarks.serving_bundle FOLDER

Written twice around the same booster: for our built-in script, and with a DataFrame script of its own that the
peers run unchanged.
"""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost

from chem_endpoints.wire.bundle import unpack, write_bundle
from chem_endpoints.wire.columns import PREDICTION
from chem_endpoints.wire.manifest import Ensemble, Feature, GoldenRows, Manifest, Output, Training
from container.server.script import OWN_SCRIPT

MEMBER_FILE = "members/refit_0.ubj"
PEERS_FILE = "model.ubj"
"""Where ``peers/inference.py`` looks."""

Floats = npt.NDArray[np.float64]

SEED = 20_260_101
TREES = 500
DEPTH = 6
TRAINING_ROWS = 4_000
GOLDEN_ROWS = 5
FEATURES = tuple(f"Descriptor_{'AbCd'[number % 4]}{number:03d}" for number in range(100))


@dataclass(frozen=True, kw_only=True)
class ServingModels:
    """The trained model, unpacked as SageMaker would.

    Attributes:
        built_in: folder of the bundle for our script ``xgboost_model``.
        own_script: folder of the bundle that brings ``peers/inference.py``; the peers serve this one.
        booster: what both must predict.
    """

    built_in: Path
    own_script: Path
    booster: xgboost.Booster


def write_models(folder: Path) -> ServingModels:
    """Trains the model and writes both bundles below ``folder``."""
    matrix, target = _training_data()
    booster = _train(matrix, target)
    ubj = bytes(booster.save_raw("ubj"))
    golden = GoldenRows(
        input={name: matrix[:GOLDEN_ROWS, column].tolist() for column, name in enumerate(FEATURES)},
        output={PREDICTION: predictions(booster, matrix[:GOLDEN_ROWS]).tolist()},
        relative_tolerance=1e-6,
    )
    script = (Path(__file__).parent / "peers" / "inference.py").read_bytes()
    return ServingModels(
        built_in=_write(folder / "built-in", "xgboost_model", {MEMBER_FILE: ubj}, golden),
        own_script=_write(folder / "own-script", OWN_SCRIPT, {PEERS_FILE: ubj, OWN_SCRIPT: script}, golden),
        booster=booster,
    )


def numbers(rng: np.random.Generator, rows: int) -> Floats:
    """Feature values ``[rows, features]`` of four decimals, as measured descriptors have."""
    return rng.normal(0, 10, (rows, len(FEATURES))).round(4)


def predictions(booster: xgboost.Booster, matrix: Floats) -> Floats:
    """What the model says, float64 ``[rows]``."""
    return np.asarray(booster.inplace_predict(matrix.astype(np.float32)), dtype=np.float64)


def _training_data() -> tuple[Floats, Floats]:
    rng = np.random.default_rng(SEED)
    matrix = numbers(rng, TRAINING_ROWS)
    return matrix, matrix @ rng.normal(0, 0.1, len(FEATURES)) + np.abs(matrix[:, 0]) + rng.normal(0, 1, TRAINING_ROWS)


def _train(matrix: Floats, target: Floats) -> xgboost.Booster:
    parameters: dict[str, Any] = {"max_depth": DEPTH, "eta": 0.05, "seed": SEED, "nthread": 1}
    table = xgboost.DMatrix(matrix.astype(np.float32), label=target, feature_names=list(FEATURES), nthread=1)
    return xgboost.train(parameters, table, num_boost_round=TREES)


def _write(folder: Path, script: str, files: dict[str, bytes], golden: GoldenRows) -> Path:
    manifest = Manifest(
        script=script,
        framework=f"xgboost {xgboost.__version__}",
        targets=(Output(name="target", dtype="float64"),),
        features=tuple(Feature(name=name, dtype="float64") for name in FEATURES),
        outputs=(Output(name=PREDICTION, dtype="float64"),),
        ensemble=Ensemble(refits=1, folds=0),
        libraries={"numpy": np.__version__, "xgboost": xgboost.__version__},
        files={name: hashlib.sha256(contents).hexdigest() for name, contents in files.items()},
        training=Training(rows=TRAINING_ROWS, data_sha256="0" * 64, seed=SEED, metrics=(), notes=("Random numbers.",)),
        golden=golden,
    )
    packed = folder.with_suffix(".tar.gz")
    write_bundle(packed, manifest, files)
    unpack(packed, folder)
    return folder


if __name__ == "__main__":
    written = write_models(Path(sys.argv[1]))
    print(f"{written.built_in}\n{written.own_script}")
