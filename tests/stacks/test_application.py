"""The app as a whole: hermetic, reproducible, valid, and clear when it refuses."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
STACKS = ["foundation", "realtime-v1", "async-v1"]


def test_synthesizing_twice_gives_the_same_files(assembly: Any, synthesize: Callable[..., Any]) -> None:
    again = synthesize()
    for path in assembly.folder.iterdir():
        assert path.read_bytes() == (again.folder / path.name).read_bytes(), path.name


def test_no_template_knows_where_it_was_made(assembly: Any) -> None:
    for path in assembly.folder.glob("*.json"):
        assert str(assembly.bundle.parent.parent) not in path.read_text(encoding="utf-8"), path.name


@pytest.mark.parametrize("stack", STACKS)
def test_cfn_lint_finds_nothing(assembly: Any, stack: str) -> None:
    from cfnlint.api import ManualArgs, lint

    text = (assembly.folder / f"ChemEndpoints-{stack}.template.json").read_text(encoding="utf-8")
    matches = lint(text, config=ManualArgs(regions=["us-east-1"]))
    assert [f"{match.rule.id}: {match.message} {match.path}" for match in matches] == []


def test_cdks_own_rules_find_nothing(assembly: Any) -> None:
    report = json.loads((assembly.folder / "validation-report.json").read_text(encoding="utf-8"))
    assert report["pluginReports"] == []


def test_endpoint_stacks_wait_for_the_foundation(assembly: Any) -> None:
    artifacts = json.loads((assembly.folder / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    assert "ChemEndpoints-foundation" in artifacts["ChemEndpoints-async-v1"]["dependencies"]


def test_an_empty_folder_gives_the_foundation_alone(synthesize: Callable[..., Any], tmp_path: Path) -> None:
    empty = synthesize(endpoints=str(tmp_path))
    assert [path.name for path in empty.folder.glob("*.template.json")] == ["ChemEndpoints-foundation.template.json"]


def run_app(folder: Path, out: Path, root: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    """Starts app.py as the CDK CLI does, without any credentials or region around it."""
    keep = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "CDK_", "JSII_"))}
    context = {"CDK_CONTEXT_JSON": f'{{"endpoints": "{folder}"}}', "CDK_OUTDIR": str(out)}
    return subprocess.run(
        [sys.executable, "-W", "error", "app.py"],
        cwd=root,
        env={**keep, **context, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_app_writes_the_assembly_quietly(tmp_path: Path) -> None:
    (tmp_path / "endpoints").mkdir()
    done = run_app(tmp_path / "endpoints", tmp_path / "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "out" / "ChemEndpoints-foundation.template.json").exists()


def test_the_app_says_what_is_wrong_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "endpoints").mkdir()
    (tmp_path / "endpoints" / "x.yaml").write_text("name: X\n", encoding="utf-8")
    done = run_app(tmp_path / "endpoints", tmp_path / "out")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[:3] == [
        "4 mistakes in the declarations:",
        "  endpoints/x.yaml: serving.kind: must be one of realtime, async, serverless, inference_component",
        "  endpoints/x.yaml: name: must be 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either "
        "end (got 'X')",
    ]
    assert len(done.stderr.splitlines()) == 5


@pytest.fixture
def on_a_gpu(tmp_path: Path) -> Path:
    """A folder with one declaration, of the image deep-gpu."""
    folder = tmp_path / "endpoints"
    folder.mkdir()
    model = {"artifact": "s3://models/m.tar.gz", "sha256": "a" * 64, "image": "deep-gpu"}
    serving = {"kind": "realtime", "instance_type": "ml.g5.xlarge"}
    declared = {"name": "deep-v1", "owner": "admet-platform", "model": model, "serving": serving}
    (folder / "deep-v1.yaml").write_text(json.dumps(declared), encoding="utf-8")
    return folder


def test_the_gpu_image_is_synthesized(on_a_gpu: Path, tmp_path: Path) -> None:
    done = run_app(on_a_gpu, tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / "ChemEndpoints-deep-v1.template.json").exists()


def test_a_missing_lock_is_one_clear_line(on_a_gpu: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ("app.py", "stages.yaml"):
        shutil.copy(REPOSITORY / name, clone / name)
    done = run_app(on_a_gpu, tmp_path / "out", root=clone)
    assert done.returncode == 1
    assert done.stderr == (
        "requirements/deep-gpu.lock: no such file, but image deep-gpu installs it; bring it back from git\n"
    )
