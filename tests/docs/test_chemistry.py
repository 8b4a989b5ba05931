"""Promise: the commands of docs/chemistry.md run as they are written, and its tables are those of the code."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from chem_endpoints.cli.train_commands import FAMILIES
from chem_endpoints.wire.bundle import verify_archive
from chem_endpoints.wire.columns import INTERVALS
from model_scripts.feature_bundle import SCRIPTS
from model_scripts.training.sklearn_pipelines import SklearnSettings

PAGE = Path(__file__).parents[2] / "docs" / "chemistry.md"
COMMANDS = [
    line
    for block in re.findall(r"^```bash local\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.split()[1:3]))
def test_each_command_writes_its_bundle(command: str, root: Path, tmp_path: Path) -> None:
    words = shlex.split(command.replace(".demo/chemistry", str(tmp_path)))
    env = {**os.environ, "PATH": f"{root / '.venv/bin'}:{os.environ['PATH']}"}
    told = subprocess.run(words, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    digest = verify_archive(Path(words[words.index("--out") + 1])).digest
    assert told.stdout.strip().endswith(f"model digest {digest}")


def test_the_page_names_every_family_script_estimator_and_bound() -> None:
    text = PAGE.read_text()
    estimators = TypeAdapter(SklearnSettings).json_schema()["properties"]["estimator"]["enum"]
    missing = [name for name in (*FAMILIES, *SCRIPTS, *estimators) if name not in text]
    assert not missing
    assert {"q_025", "q_975"} <= {name for bounds in INTERVALS.values() for name in bounds}
    for family, image in FAMILIES.items():
        assert re.search(rf"^\| `{family}` .*\| {image} \|", text, re.MULTILINE), family
