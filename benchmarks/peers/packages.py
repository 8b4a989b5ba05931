"""Installs the peers' public packages into an environment of their own, at the versions that we use ourselves."""

import hashlib
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / "benchmarks" / ".peers"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def peer_python() -> Path:
    """The peers' interpreter, installed on first use and whenever the requirements have changed.

    Raises:
        SystemExit: a package that both sides have differs in version, so that figures could not be compared.
    """
    _check_same_versions()
    stamp = ENVIRONMENT / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != wanted:
        _install()
        stamp.write_text(wanted)
    return ENVIRONMENT / "bin" / "python"


def _install() -> None:
    uv = Path(sys.executable).parent / "uv"
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, ENVIRONMENT], check=True)
    python = ENVIRONMENT / "bin" / "python"
    options: list[str | Path] = ["--quiet", "--compile-bytecode", "--python", python, "--requirement", REQUIREMENTS]
    subprocess.run([uv, "pip", "install", *options], check=True)


def _check_same_versions() -> None:
    different = []
    for line in REQUIREMENTS.read_text().splitlines():
        name, _, theirs = line.partition("==")
        try:
            ours = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        if ours != theirs:
            different.append(f"{name} {ours} here, {theirs} there")
    if different:
        raise SystemExit(
            f"the peers' versions differ from ours: {'; '.join(different)}. Write them anew:\n"
            "  .venv/bin/uv pip compile benchmarks/peers/requirements.in --constraint requirements/full.lock"
            " --python-version 3.11 --no-header --no-annotate --output-file benchmarks/peers/requirements.txt --upgrade"
        )
