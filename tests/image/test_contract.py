"""Promise: the image keeps the hosting contract, asked of the running container by the public suite."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chem_endpoints.image.container import running
from chem_endpoints.image.engine import Engine
from server_processes import ROOT, write_own_script_bundle
from tests.contract.clauses import CLAUSES, Audience

pytestmark = pytest.mark.image

LEAST_KEPT = 46
"""So that clauses which lose their test, or their audience, are noticed."""


@pytest.fixture(params=["base", "deep"])
def base_url(request: pytest.FixtureRequest, runner: Engine, tmp_path: Path) -> Iterator[str]:
    image = request.getfixturevalue(f"{request.param}_image")
    with running(runner, image, model=write_own_script_bundle(tmp_path)) as container:
        yield container.base_url


def test_the_container_keeps_every_clause_that_binds_it(base_url: str) -> None:
    command = [sys.executable, "-m", "pytest", "tests/contract", "-q", "-p", "no:cacheprovider", "--base-url", base_url]
    asked = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    verdicts = dict(re.findall(r"^(C\d\d) (\w+) ", asked.stdout, re.MULTILINE))
    assert verdicts == {
        number: "skipped" if clause.audience is Audience.PROCESS else "kept" for number, clause in CLAUSES.items()
    }, asked.stdout[-5000:]
    assert list(verdicts.values()).count("kept") >= LEAST_KEPT
    assert asked.returncode == 0
