"""Promise: a classic container's model moves here with its numbers; the page says how callers' answers change.

`tests/docs/test_pages.py` follows the page itself: the container and the new bundle answer the same rows."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from skops.io import dumps

from chem_endpoints.client.local_server import LocalServer
from chem_endpoints.client.local_transport import LocalTransport
from chem_endpoints.client.steps import finish
from chem_endpoints.client.transport import Invocation, Reply
from chem_endpoints.wire.content_types import CSV
from container.server.refusal import CODES
from page_fences import ROOT, page

EXAMPLE = ROOT / "examples/migration"
PAGE = page("docs/migration.md").text


def loaded(path: Path) -> ModuleType:
    """A script of the example as a module."""
    spec = importlib.util.spec_from_file_location(f"migration_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Classic:
    """The classic container's application with its trained model."""

    def __init__(self, folder: Path) -> None:
        self.rows = (folder / "rows.csv").read_bytes()
        predictor = loaded(EXAMPLE / "classic/predictor.py")
        self._app, self.model = predictor.app, predictor.model

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """Status and body, as the container answers a CSV."""
        said = self._app.test_client().post("/invocations", data=body, content_type=CSV)
        return said.status_code, said.data


@pytest.fixture(scope="module")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Classic]:
    pytest.importorskip("flask", reason="flask comes with moto: pip install -e '.[local]'")
    folder = tmp_path_factory.mktemp("classic")
    subprocess.run([sys.executable, str(EXAMPLE / "classic/train.py"), str(folder)], cwd=ROOT, check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SM_MODEL_DIR", str(folder))
        yield Classic(folder)


@pytest.fixture(scope="module")
def unchanged(classic: Classic, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTransport]:
    """The same forest as the page packs it for callers who change nothing: no manifest, rows without names."""
    folder = tmp_path_factory.mktemp("unchanged")
    (folder / "model.skops").write_bytes(dumps(classic.model))
    (folder / "code").mkdir()
    script = (EXAMPLE / "code/inference.py").read_text(encoding="utf-8")
    of_frames = "return df.assign(prediction=model.predict(df.to_numpy(dtype=float)))"
    assert of_frames in script
    (folder / "code/inference.py").write_text(script.replace(of_frames, "return model.predict(df)"), encoding="utf-8")
    with LocalServer(folder, workers=1) as server:
        yield LocalTransport(server)


def ask(transport: LocalTransport, body: bytes) -> Reply:
    return finish(transport.invoke(Invocation(body=body, content_type=CSV, accept=CSV, attributes="")))


@pytest.mark.end_to_end
def test_callers_who_change_nothing_get_the_same_numbers(classic: Classic, unchanged: LocalTransport) -> None:
    status, old = classic.answer(classic.rows)
    new = ask(unchanged, classic.rows).body
    assert status == 200
    numbers = [np.array(body.split(), dtype=float) for body in (old, new)]
    assert len(numbers[0]) == classic.rows.count(b"\n")
    assert (numbers[0] == numbers[1]).all()


@pytest.mark.end_to_end
def test_a_word_among_numbers_costs_a_classic_request_and_one_row_here(
    classic: Classic, unchanged: LocalTransport
) -> None:
    body = b"180,1.2,63,3\n150,high,20,1\n"
    assert classic.answer(body)[0] == 500
    good, bad = ask(unchanged, body).body.decode().splitlines()
    assert float(good) == classic.model.predict([[180, 1.2, 63, 3]])[0]
    assert bad in ("", '""')


@pytest.mark.end_to_end
def test_repacking_keeps_what_the_container_answered(classic: Classic, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_bytes(classic.rows)
    (tmp_path / "old.csv").write_bytes(classic.answer(classic.rows)[1])
    golden = loaded(EXAMPLE / "repack.py").golden_rows(tmp_path)
    assert golden.output["prediction"] == pd.read_csv(tmp_path / "old.csv", header=None)[0].tolist()
    assert list(golden.input) == ["mol_wt", "logp", "tpsa", "rotatable_bonds"]
    assert len(golden.input["logp"]) == len(golden.output["prediction"]) > 1


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("a missing column", "columns_do_not_match"),
        ("a body that cannot be read", "malformed_body"),
        ("more requests than it can take", "overloaded"),
        ("unknown `Accept`, `Content-Type`", "not_acceptable"),
        ("unknown `Accept`, `Content-Type`", "unsupported_content_type"),
    ],
)
def test_the_status_that_the_page_tells_is_the_servers(asked: str, code: str) -> None:
    (here,) = re.findall(rf"^\| {re.escape(asked)} \|.*\| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert str(CODES[code][0]) in here
