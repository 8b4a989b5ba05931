"""Promise: whatever stands in a smiles column, every script answers soon, in little memory, with a value or a reason,
and never with the value of another compound."""

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from chem_endpoints.wire import environment
from chem_endpoints.wire.bundle import unpack
from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.content_types import JSON
from chem_endpoints.wire.manifest import Standardisation
from hostile_molecules import hostile_molecules
from model_scripts import feature_bundle
from model_scripts.__main__ import FAMILIES, family_class
from model_scripts.training.request import TrainingRequest
from model_scripts.training.train import train
from server_processes import starting

CORPUS = hostile_molecules()

CHILD = """
import importlib, json, os, resource, sys
from pathlib import Path

import pandas as pd
from chem_endpoints.wire.columns import PREDICTION, PREDICTION_ERROR
from hostile_molecules import hostile_molecules

SECONDS, MEGABYTES = 2, 512
script = importlib.import_module("model_scripts." + sys.argv[1])

def limit_processor():
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + SECONDS + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))

def limit_memory():
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    if pages:
        most = pages * os.sysconf("SC_PAGE_SIZE") + MEGABYTES * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

def predict(texts):
    answer = script.predict_fn(pd.DataFrame({"smiles": pd.Series(texts, dtype=object)}), model)
    told = answer[PREDICTION_ERROR].tolist()
    values = answer[PREDICTION].tolist() if PREDICTION in answer else [0.0 if not reason else None for reason in told]
    return list(zip(values, told))

model = script.model_fn(sys.argv[2])
predict(["CCO"])  # allocates what every prediction shares
corpus = [(molecule.name, molecule.text) for molecule in hostile_molecules()]
limit_memory()
for name, text in corpus:
    limit_processor()
    print(json.dumps({"name": name}), flush=True)  # so that the last line names the input that killed the process
    print(json.dumps({"name": name, "alone": predict([text])[0]}), flush=True)
resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
together = predict([text for _, text in corpus])
for (name, _), outcome in zip(corpus, together):
    print(json.dumps({"name": name, "together": outcome}), flush=True)
"""

SCRIPTS = ("xgboost_model", "chemprop_model", "smiles_to_2d", "smiles_to_fingerprints", "standardize")
"""Scripts that answer each of these inputs within two seconds of a processor; conformers take longer, see below."""


def model_folder(script: str, root: Path, folder: Path) -> Path:
    if script in feature_bundle.SCRIPTS:
        feature_bundle.write_feature_bundle(script, {}, Standardisation(policy="parent"), folder / "b.tar.gz")
    elif script == "chemprop_model":
        request = TrainingRequest(
            data=root / "examples/data/solubility.csv", targets=("log_s",), smiles="smiles", folds=2, refits=1
        )
        family = family_class(FAMILIES["chemprop"]).from_settings({"epochs": 1, "hidden": 16})
        train(request, family, folder / "b.tar.gz", lambda: None)
    else:
        shutil.copy(root / "examples/bundles/logs-v1.tar.gz", folder / "b.tar.gz")
    unpack(folder / "b.tar.gz", folder / "model")
    return folder / "model"


@pytest.fixture(scope="module", params=SCRIPTS)
def outcomes(
    request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """Name → outcome of each input, alone and together with all others, in one process with limits."""
    script = request.param
    model_dir = model_folder(script, root, tmp_path_factory.mktemp("hostile"))
    variables = {"PYTHONPATH": f"{root}:{root / 'tests/support'}", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    child = subprocess.run(
        [sys.executable, "-c", CHILD, script, str(model_dir)], cwd=root, env=variables, capture_output=True, text=True
    )
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    assert child.returncode == 0, f"ended by {child.returncode} on {lines[-1] if lines else 'start'}: {child.stderr}"
    assert child.stderr == ""  # RDKit writes structures there
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        found.setdefault(line["name"], {}).update(line)
    return found


def test_the_corpus_is_large_and_holds_every_kind_of_harm() -> None:
    assert len({molecule.text for molecule in CORPUS}) == len({molecule.name for molecule in CORPUS}) == len(CORPUS)
    assert len(CORPUS) >= 120
    assert {molecule.unguarded for molecule in CORPUS} == {"ok", "none", "wrong", "hang", "gigabytes", "crash"}
    assert all(molecule.expected == "reason" for molecule in CORPUS if molecule.unguarded in ("none", "wrong"))


def test_each_input_has_the_answer_that_chemistry_owes_it(outcomes: dict[str, dict[str, Any]]) -> None:
    for molecule in CORPUS:
        value, told = outcomes[molecule.name]["alone"]
        if molecule.expected == "reason":
            assert told.partition(":")[0] in (Reason.INVALID_SMILES, Reason.TOO_LARGE), molecule.name
            assert value is None or math.isnan(value), molecule.name
        elif told:  # a descriptor that no training compound lacked
            assert told.startswith("invalid_value: the descriptor "), (molecule.name, told)
        else:
            assert math.isfinite(value), molecule.name


def test_no_reason_quotes_the_input(outcomes: dict[str, dict[str, Any]]) -> None:
    for molecule in CORPUS:
        text = molecule.text.strip()
        assert len(text) < 6 or text not in outcomes[molecule.name]["alone"][1], molecule.name


def test_the_answers_are_the_same_with_all_of_them_in_one_request(outcomes: dict[str, dict[str, Any]]) -> None:
    for outcome in outcomes.values():
        (alone, told_alone), (together, told_together) = outcome["alone"], outcome["together"]
        assert told_alone == told_together
        assert alone == together or alone != alone or math.isclose(alone, together, rel_tol=1e-6)


@pytest.mark.chemistry
def test_conformers_of_each_input_end_within_the_rows_limit(root: Path, tmp_path: Path) -> None:
    """Through the real server: what hangs inside one call of RDKit is ended with its worker; its row alone pays."""
    settings = {"conformers": 4}
    feature_bundle.write_feature_bundle(
        "smiles_to_3d", settings, Standardisation(policy="parent"), tmp_path / "b.tar.gz"
    )
    unpack(tmp_path / "b.tar.gz", tmp_path / "model")
    variables = {environment.ROW_SECONDS: "5", environment.REQUEST_SECONDS: "900"}
    with starting(tmp_path) as start:
        server = start(tmp_path / "model", **variables)
        corpus = [molecule for molecule in CORPUS if "\ud800" not in molecule.text]
        body = orjson.dumps([{"smiles": molecule.text} for molecule in corpus])
        answer = httpx.post(
            f"http://127.0.0.1:{server.port}/invocations",
            content=body,
            headers={"Content-Type": JSON, "Accept": JSON},
            timeout=900,
        )
    assert answer.status_code == 200
    rows = answer.json()
    assert len(rows) == len(corpus)
    for molecule, row in zip(corpus, rows, strict=True):
        if molecule.expected == "reason":
            assert row["prediction_error"], molecule.name
        if not row["prediction_error"]:
            assert row["desc3d_status"] in ("ok", "partial"), molecule.name
