"""Promise: a row that takes all the memory of the container costs that row and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from chem_endpoints.image.container import Container, running
from chem_endpoints.image.engine import Engine
from chem_endpoints.wire.environment import ROW_MEMORY_MEGABYTES
from server_processes import write_own_script_bundle

pytestmark = pytest.mark.image

MEMORY = "600m"
ROW_MEGABYTES = 100
SCRIPT = '''
"""Predicts the length of a text. Two texts take memory: private, which a row's budget counts, and shared."""
import mmap
import numpy as np
from chem_endpoints.wire.rows import each_row

def model_fn(model_dir):
    return None

def predict_fn(df, model):
    lengths = []
    for _, text in each_row(enumerate(df["smiles"])):
        if text == "allocates":
            kept = [bytearray(10**7) for _ in range(100)]
        if text == "maps":
            pages = mmap.mmap(-1, 2 * 10**9)
            for start in range(0, len(pages), mmap.PAGESIZE):
                pages[start] = 1
        lengths.append(float(len(text)))
    return df.assign(prediction=np.array(lengths))
'''


@pytest.fixture(scope="module")
def container(runner: Engine, base_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    model = write_own_script_bundle(tmp_path_factory.mktemp("bundle"), SCRIPT)
    budget = {ROW_MEMORY_MEGABYTES: str(ROW_MEGABYTES)}
    with running(runner, base_image, model=model, memory=MEMORY, environment=budget) as served:
        yield served


def rows(container: Container, *texts: str) -> list[str]:
    body = "\n".join(["smiles", *texts, ""])
    headers = {"Content-Type": "text/csv"}
    answer = httpx.post(f"{container.base_url}/invocations", content=body, headers=headers, timeout=60)
    assert answer.status_code == 200
    return answer.text.splitlines()[1:]


@pytest.mark.parametrize(("text", "reason"), [("allocates", "too_large"), ("maps", "worker_crashed")])
def test_a_row_that_takes_too_much_costs_itself_alone(container: Container, text: str, reason: str) -> None:
    first, greedy, last = rows(container, "CCO", text, "CCCC")
    assert (first, last) == ("CCO,3.0,", "CCCC,4.0,")
    assert greedy.startswith(f"{text},N/A,{reason}:")
    assert container.ping()
    assert container.exit_status() is None
    assert rows(container, "CC") == ["CC,2.0,"]


def test_a_container_out_of_memory_leaves_no_file_where_it_was_started(
    container: Container, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bundle").mkdir()
    model = write_own_script_bundle(tmp_path / "bundle", SCRIPT)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    budget = {ROW_MEMORY_MEGABYTES: str(ROW_MEGABYTES)}
    with running(container.engine, container.reference, model=model, memory=MEMORY, environment=budget) as served:
        rows(served, "maps")
    assert list((tmp_path / "here").iterdir()) == []
