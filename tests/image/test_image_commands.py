"""Promise: `image report` tells at once, in one line, what keeps it from reporting; it exports nothing before.

The engine is a script that answers as docker does and writes down what it was asked.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chem_endpoints.cli.image_commands import image as image_command

FakeDocker = Callable[[str], Path]

WITHOUT_CYCLONEDX = """\
import sys
sys.modules["cyclonedx"] = None
from chem_endpoints.cli.image_commands import image
image(["report", "base", "--engine", "docker"])
"""


@pytest.fixture
def docker(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    """A docker on a PATH with nothing else, whose storage holds one image; returns what it was asked, line by line."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(root)

    def make(stored: str) -> Path:
        asked = tmp_path / "asked"
        program = tmp_path / "docker"
        program.write_text(
            f'#!/bin/sh\necho "$*" >> \'{asked}\'\ncase "$*" in\nversion*) exit 0;;\n'
            f'"image inspect {stored}") echo \'[{{"Config": {{}}}}]\';;\n*) echo "Error: no" >&2; exit 1;;\nesac\n'
        )
        program.chmod(0o755)
        return asked

    return make


def report(*words: str) -> Result:
    return CliRunner().invoke(image_command, ["report", *words, "--engine", "docker", "--offline"])


@pytest.mark.parametrize("named", [["deep-gpu"], ["base", "deep-gpu"]], ids=" ".join)
def test_an_image_that_is_not_built_is_told_with_the_command_that_builds_it(
    docker: FakeDocker, named: list[str], tmp_path: Path
) -> None:
    asked = docker("chem-endpoints:base")
    ended = report(*named, "--output", str(tmp_path / "out"))
    assert (ended.exit_code, ended.output) == (
        1,
        "Error: chem-endpoints:deep-gpu is not built here: chem-endpoints image build deep-gpu\n",
    )
    assert "save" not in asked.read_text()


def test_a_folder_that_cannot_be_made_is_told_before_the_export(docker: FakeDocker, tmp_path: Path) -> None:
    asked = docker("chem-endpoints:base")
    (tmp_path / "file").touch()
    ended = report("base", "--output", str(tmp_path / "file" / "out"))
    assert ended.exit_code == 1
    (line,) = ended.output.splitlines()
    assert line.startswith("Error: ")
    assert str(tmp_path / "file" / "out") in line
    assert "save" not in asked.read_text()


def test_a_folder_that_must_not_be_written_is_told_before_the_export(docker: FakeDocker, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    docker("chem-endpoints:base")
    (tmp_path / "out").mkdir(mode=0o555)
    ended = report("base", "--output", str(tmp_path / "out"))
    assert ended.exit_code == 2
    assert "is not writable" in ended.output


@pytest.mark.parametrize(
    ("in_a_clone", "told"),
    [
        (True, "Error: the report needs cyclonedx, which is not installed: pip install 'chem-endpoints[image]'\n"),
        (False, "Error: run this in a clone of Chem Endpoints: there is no app.py and cdk.json here\n"),
    ],
    ids=["in a clone", "outside of one"],
)
def test_without_the_extra_one_line_says_what_to_install_where_it_could_help(
    docker: FakeDocker, root: Path, tmp_path: Path, in_a_clone: bool, told: str
) -> None:
    asked = docker("chem-endpoints:base")
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_CYCLONEDX],
        cwd=root if in_a_clone else tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (1, told)
    assert not asked.exists()
