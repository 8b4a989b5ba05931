"""Promise: serving needs neither chemprop nor Lightning, and a loaded model leaves one thread, so it can be forked."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from chemprop_models import inputs_of, served_models
from family_tables import stored
from model_scripts.chemprop_model import load_member
from model_scripts.mpnn.conversion import from_mpnn

SERVE = """
import os, sys
from pathlib import Path
from model_scripts.chemprop_model import load_member
members = [load_member(Path(sys.argv[1]), "refit_0") for _ in range(2)]
if not __import__("torch").cuda.is_available():
    assert len(os.listdir("/proc/self/task")) == 1, os.listdir("/proc/self/task")
assert not {"chemprop", "lightning", "lightning_fabric", "sklearn"} & set(sys.modules)
import hashlib
import numpy as np
from model_scripts.chemistry.smiles import parse_smiles
from model_scripts.inputs import Inputs
inputs = Inputs(matrix=np.empty((1, 0), dtype=np.float32), columns=(), molecules=[parse_smiles("CCO")])
print(hashlib.sha256(members[0].files("a")["members/a.safetensors"]).hexdigest(), flush=True)
child = os.fork()
predicted = members[child > 0].predict(inputs)[0, 0].hex()
if child:  # one after the other: lines of two processes may run into each other
    assert os.waitpid(child, 0)[1] == 0
print(predicted, flush=True)
"""


def test_a_worker_forked_after_loading_predicts_and_stores_the_same_bytes(tmp_path: Path) -> None:
    member = from_mpnn(served_models()["regression"]())
    folder = stored(member.files("refit_0"), tmp_path)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
    served = subprocess.run(
        [sys.executable, "-c", SERVE, str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert served.returncode == 0, served.stderr
    expected = float(load_member(folder, "refit_0").predict(inputs_of(["CCO"]))[0, 0]).hex()
    stored_bytes = hashlib.sha256(member.files("refit_0")["members/refit_0.safetensors"]).hexdigest()
    assert served.stdout.split() == [stored_bytes, expected, expected]
