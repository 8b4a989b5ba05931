"""What all tests share: the repository's root, the reference data if it is at hand, one trained model."""

import signal
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


def pytest_configure() -> None:
    """A background job of a script ignores Ctrl-C, and so would every process that is started here and told to end."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many fences of the documentation were run, and how many that need an account were parsed."""
    counted = {"local_fences": 0, "aws_fences": 0}
    for report in terminalreporter.getreports("passed"):
        for name, count in report.user_properties:
            if name in counted and report.when == "call":
                counted[name] += count
    if any(counted.values()):
        terminalreporter.write_line(
            f"docs: {counted['local_fences']} local fences run, {counted['aws_fences']} aws fences parsed"
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
