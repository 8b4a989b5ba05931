"""Promise: a skops file of ours has the same bytes whenever and wherever it is written, and tells what it lacks."""

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.preprocessing import FunctionTransformer

from chem_endpoints.wire.bundle import BundleError
from model_scripts.lean_skops import skops_io
from model_scripts.skops_file import from_bytes, reproducible, to_bytes, types_beyond

ROOT = Path(__file__).parents[3]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@pytest.mark.chemistry
def test_the_bytes_are_those_of_any_process_whatever_its_hash_seed() -> None:
    rows = [[float(row % 7), row / 3] for row in range(80)]
    here = to_bytes({"a": ExtraTreesRegressor(5, random_state=1).fit(rows, range(80)), "b": set("spam")})
    code = (
        "import hashlib, sys; sys.path[:0] = sys.argv[1:];"
        "from sklearn.ensemble import ExtraTreesRegressor;"
        "from model_scripts.skops_file import to_bytes;"
        "rows = [[float(row % 7), row / 3] for row in range(80)];"
        "fitted = ExtraTreesRegressor(5, random_state=1).fit(rows, range(80));"
        "print(hashlib.sha256(to_bytes({'a': fitted, 'b': set('spam')})).hexdigest())"
    )
    command = [sys.executable, "-c", code, str(ROOT)]
    elsewhere = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**ONE_THREAD, "PYTHONHASHSEED": "1"}
    ).stdout
    assert elsewhere.strip() == hashlib.sha256(here).hexdigest()


def test_unused_bytes_between_the_fields_of_records_are_zero() -> None:
    """Trees are arrays of records with gaps between their fields; numpy stores there what lay in memory."""
    records = np.dtype({"names": ["a", "b"], "formats": ["<i4", "<f8"], "offsets": [0, 8], "itemsize": 24})
    values = np.zeros(5, dtype=records)
    values["a"], values["b"] = np.arange(5), np.arange(5) / 3
    with zipfile.ZipFile(io.BytesIO(skops_io.dumps(values))) as written:
        schema = written.read("schema.json")
        array = next(name for name in written.namelist() if name.endswith(".npy"))
        header = len(written.read(array)) - values.nbytes
        content = written.read(array)[:header] + b"".join(
            record.tobytes()[:4] + b"\xff" * 4 + record.tobytes()[8:16] + b"\xff" * 8 for record in values
        )
    dirty = io.BytesIO()
    with zipfile.ZipFile(dirty, "w") as rewritten:
        rewritten.writestr(array, content)
        rewritten.writestr("schema.json", schema)
    with zipfile.ZipFile(io.BytesIO(reproducible(dirty.getvalue()))) as cleaned:
        assert b"\xff" not in cleaned.read("0.npy")[header:]
    assert from_bytes(reproducible(dirty.getvalue()), trusted=(), source="x.skops").tolist() == values.tolist()


def test_a_module_that_is_not_installed_is_named() -> None:
    data = to_bytes(FunctionTransformer(json.dumps))
    elsewhere = data_with(data, '"__module__":"json"', '"__module__":"no_such_module"')
    with pytest.raises(BundleError, match="'no_such_module', which is not installed"):
        from_bytes(elsewhere, trusted=types_beyond(elsewhere), source="x.skops")


def data_with(data: bytes, old: str, new: str) -> bytes:
    """The skops file with a text of its schema exchanged."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as read, zipfile.ZipFile(written, "w") as write:
        for name in read.namelist():
            content = read.read(name)
            write.writestr(name, content.replace(old.encode(), new.encode()) if name == "schema.json" else content)
    return written.getvalue()
