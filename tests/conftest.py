"""What all tests share: the repository's root, the reference data if it is at hand, one trained model."""

import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parents[1]


# `make test` draws the same examples every time; `make soak` draws many others.
hypothesis.settings.register_profile("quick", max_examples=150, derandomize=True, deadline=None)
hypothesis.settings.register_profile("soak", max_examples=20_000, deadline=None)
hypothesis.settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--full-matrix``: minutes instead of seconds for the tests that otherwise take a sample."""
    parser.addoption(
        "--full-matrix",
        action="store_true",
        help="synthesize every legal combination (tests/matrix)",
    )


@pytest.fixture(scope="session")
def root() -> Path:
    """The clone's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Public reference data beside the clone; tests that need it are skipped without."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the public reference data is not beside this clone")
    return folder


@pytest.fixture(scope="session")
def solubility_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's model, trained by the command that users run."""
    out = tmp_path_factory.mktemp("trained") / "solubility.tar.gz"
    command = [sys.executable, "-m", "chem_endpoints.cli", "train", "xgboost"]
    command += ["--target", "log_s", "--smiles", "smiles"]
    command += ["--data", str(ROOT / "examples/data/solubility.csv"), "--unit", "log10(mol/L)", "--id", "name"]
    command += ["--set", "trees=150", "--set", "depth=3", "--set", "learning_rate=0.08", "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return out
