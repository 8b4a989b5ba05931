"""Promise: whatever stands in a smiles column, the built-in model answers soon, in little memory, with a value or a
reason, and never with the value of another compound."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.wire.bundle import unpack
from chem_endpoints.wire.columns import Reason
from hostile_molecules import HostileMolecule, hostile_molecules

CORPUS = hostile_molecules()

CHILD = """
import json, os, resource, sys
from pathlib import Path

import pandas as pd
from chem_endpoints.wire.columns import PREDICTION, PREDICTION_ERROR
from hostile_molecules import hostile_molecules
from model_scripts.xgboost_model import model_fn, predict_fn

SECONDS, MEGABYTES = 2, 512

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
    answer = predict_fn(pd.DataFrame({"smiles": pd.Series(texts, dtype=object)}), model)
    return list(zip(answer[PREDICTION].tolist(), answer[PREDICTION_ERROR].tolist()))

model = model_fn(sys.argv[1])
predict(["CCO"])  # allocates what every prediction shares
corpus = [(molecule.name, molecule.text) for molecule in hostile_molecules()]
limit_memory()
for name, text in corpus:
    limit_processor()
    print(json.dumps({"name": name}), flush=True)  # so that the last line names the input that killed the process
    print(json.dumps({"name": name, "alone": predict([text])[0]}), flush=True)
together = predict([text for _, text in corpus])
for (name, _), outcome in zip(corpus, together):
    print(json.dumps({"name": name, "together": outcome}), flush=True)
"""


@pytest.fixture(scope="module")
def outcomes(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Name → outcome of each input, alone and together with all others, in one process with limits."""
    model_dir = tmp_path_factory.mktemp("hostile") / "model"
    unpack(root / "examples/bundles/logs-v1.tar.gz", model_dir)
    variables = {"PYTHONPATH": f"{root}:{root / 'tests/support'}", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(model_dir)], cwd=root, env=variables, capture_output=True, text=True
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


@pytest.mark.parametrize("molecule", CORPUS, ids=lambda molecule: molecule.name)
def test_each_input_has_the_answer_that_chemistry_owes_it(
    molecule: HostileMolecule, outcomes: dict[str, dict[str, Any]]
) -> None:
    prediction, told = outcomes[molecule.name]["alone"]
    if molecule.expected == "value":
        assert told == ""
        assert math.isfinite(prediction)
    else:
        assert told.partition(":")[0] in (Reason.INVALID_SMILES, Reason.TOO_LARGE)
        assert math.isnan(prediction)


@pytest.mark.parametrize("molecule", CORPUS, ids=lambda molecule: molecule.name)
def test_no_reason_quotes_the_input(molecule: HostileMolecule, outcomes: dict[str, dict[str, Any]]) -> None:
    text = molecule.text.strip()
    assert len(text) < 6 or text not in outcomes[molecule.name]["alone"][1]


def test_the_answers_are_the_same_with_all_of_them_in_one_request(outcomes: dict[str, dict[str, Any]]) -> None:
    for outcome in outcomes.values():
        (alone, told_alone), (together, told_together) = outcome["alone"], outcome["together"]
        assert told_alone == told_together
        assert alone == together or (math.isnan(alone) and math.isnan(together))
