"""A small bundle of every kind that the playground shows, written by the commands that users run."""

import csv
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from chem_endpoints.wire.bundle import unpack
from server_processes import ROOT

DATA = ROOT / "examples/data/solubility.csv"
TABLE = "table.csv"

_TREES = ("train", "xgboost", "--data", TABLE, "--set", "trees=20", "--set", "depth=3", "--id", "name")
_STRUCTURES = ("--smiles", "smiles", "--descriptors", "descriptors_2d")

COMMANDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "classifier": (*_TREES, *_STRUCTURES, "--target", "solubility", "--folds", "2"),
        "several": (*_TREES, *_STRUCTURES, "--target", "log_s,characters", "--folds", "2"),
        "numbers": (*_TREES, "--features", "characters,oxygens", "--categories", "source", "--target", "log_s"),
        "features": ("features", "smiles_to_2d"),
    }
)
"""Kind → what writes its bundle."""


def write_played_bundle(kind: str, folder: Path) -> Path:
    """Writes a bundle and unpacks it as SageMaker would; returns that folder."""
    _write_table(folder / TABLE)
    command = [sys.executable, "-m", "chem_endpoints.cli", *COMMANDS[kind], "--out", str(folder / "model.tar.gz")]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=_environment())
    unpack(folder / "model.tar.gz", folder / "model")
    return folder / "model"


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _write_table(path: Path) -> None:
    """The table with a class and columns of numbers that can be counted in the text."""
    with DATA.open(encoding="utf-8") as source:
        rows = list(csv.DictReader(source))
    for row in rows:
        row["characters"] = str(len(row["smiles"]))
        row["oxygens"] = str(row["smiles"].upper().count("O"))
        row["solubility"] = "good" if float(row["log_s"]) > -2 else "fair" if float(row["log_s"]) > -4 else "poor"
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
