"""Promise: the wheel alone serves a bundle: what `Endpoint.local` needs is inside, wherever Python runs."""

import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.end_to_end,
    pytest.mark.skipif(
        importlib.util.find_spec("hatchling") is None,
        reason="the build backend is not installed: pip install hatchling",
    ),
]

BUNDLE = "examples/bundles/logs-v1.tar.gz"

USE = """
import json, sys, urllib.request
import chem_endpoints
from chem_endpoints import Endpoint
end = Endpoint.local(sys.argv[1])
out = end.inference(["CCO", "broken("])
print(json.dumps({
    "module": chem_endpoints.__file__,
    "predicted": out["prediction"].notna().tolist(),
    "errors": out["prediction_error"].tolist(),
    "digest": end.last_report()["model_sha256"].tolist(),
    "expected": end.description.digest,
    "page": urllib.request.urlopen(end.url).read().decode(),
}))
"""


def run(command: Sequence[str], *, cwd: Path) -> str:
    """Runs a command that finds nothing through ``PYTHONPATH``; returns what it printed."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys\nfrom hatchling.build import build_wheel\nprint(build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", build, str(folder)], cwd=root, capture_output=True, text=True, check=True
    )
    return folder / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment that holds the wheel; its dependencies are those of this one, nothing is fetched."""
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    venv.create(folder, symlinks=True)
    found = folder / "bin/python"
    install = ["-m", "pip", "--python", str(found), "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    run([sys.executable, *install], cwd=folder)
    packages = next((folder / "lib").glob("python*/site-packages"))
    # A path in a .pth file is searched, but .pth files there (that of this clone among them) are not read.
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return found


def test_an_installed_wheel_serves_a_bundle(python: Path, root: Path, tmp_path: Path) -> None:
    told = json.loads(run([str(python), "-c", USE, str(root / BUNDLE)], cwd=tmp_path))
    assert Path(told["module"]).is_relative_to(python.parents[1])
    assert told["predicted"] == [True, False]
    assert told["errors"][0] == ""
    assert told["errors"][1].startswith("invalid_smiles: ")
    assert told["digest"] == [told["expected"]] * 2
    assert "<title>" in told["page"]


@pytest.mark.parametrize(
    "folder", ["container/server/playground", "chem_endpoints/local/console/page", "chem_endpoints/new/templates"]
)
def test_files_that_are_no_python_are_inside(wheel: Path, root: Path, folder: str) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    files = {path.relative_to(root).as_posix() for path in (root / folder).iterdir() if path.is_file()}
    assert files
    assert files <= inside


def test_the_command_line_is_installed_too(python: Path, tmp_path: Path) -> None:
    assert "predict" in run([str(python.with_name("chem-endpoints")), "--help"], cwd=tmp_path)
