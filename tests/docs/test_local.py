"""Promise: the page on the local AWS lists what there is, and its commands do what they say, in their order."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "local.md"
TEXT = PAGE.read_text(encoding="utf-8")
needs_moto = pytest.mark.skipif(find_spec("moto") is None, reason="moto is not installed: pip install -e '.[local]'")


@needs_moto
def test_the_types_of_cloudformation_are_those_that_it_makes() -> None:
    from chem_endpoints.local.cfn_types import TYPES

    listed = TEXT[TEXT.index("CloudFormation types that it makes") :]
    assert re.findall(r"`((?:AWS|Custom)::[^`]+)`", listed) == sorted(TYPES)


def test_the_members_of_the_fixture_are_those_that_it_has() -> None:
    from chem_endpoints.local.running import RunningLocalAws

    table = TEXT[TEXT.index("| member |") : TEXT.index("The fixture `local_aws_options`")]
    told = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)", row)}
    assert told == {name for name in vars(RunningLocalAws) if not name.startswith("_")}


def test_the_commands_of_local_are_all_there() -> None:
    from chem_endpoints.cli.main import local

    for name in local.commands:
        assert re.search(rf"`?local {name}\b", TEXT), name


@needs_moto
@pytest.mark.end_to_end
@pytest.mark.thorough
def test_the_commands_do_what_they_say(tmp_path: Path, root: Path) -> None:
    blocks = re.findall(r"^```bash local\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    subprocess.run([sys.executable, "-m", "chem_endpoints.cli", "local", "down"], cwd=tmp_path, check=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "make_bucket: mine" in done.stdout
    assert "service_unavailable" in done.stdout
    assert '"QueueUrl"' in done.stdout.rpartition("; with the state of ")[2]
    assert done.stdout.endswith("forgotten\n")
