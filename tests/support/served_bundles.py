"""Unpacked bundles of every kind that an image serves, written by the commands that users run."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from chem_endpoints.wire.bundle import unpack
from server_processes import ROOT

COMMITTED = ROOT / "examples/bundles/logs-v1.tar.gz"

_TRAIN = ("--data", "examples/data/solubility.csv", "--target", "log_s", "--smiles", "smiles", "--folds", "0")

COMMANDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "xgboost": (),
        "sklearn": ("train", "sklearn", *_TRAIN, "--set", "estimator=ridge"),
        "smiles_to_2d": ("features", "smiles_to_2d"),
        "chemprop": ("train", "chemprop", *_TRAIN, "--set", "epochs=1"),
    }
)
"""Kind → what writes its bundle; nothing: the committed one is taken."""

ROWS = b"smiles\nCCO\nc1ccccc1O\nCC(=O)Oc1ccccc1C(=O)O\nno structure\nCn1cnc2c1c(=O)n(C)c(=O)n2C\nC[C@H](N)C(=O)O\n"
"""A body that all of them answer; one row of it is no structure."""


def write_served_bundle(kind: str, folder: Path) -> Path:
    """Writes a bundle and unpacks it as SageMaker would; returns that folder."""
    packed = COMMITTED
    if words := COMMANDS[kind]:
        packed = folder / "model.tar.gz"
        command = [sys.executable, "-m", "chem_endpoints.cli", *words, "--out", str(packed)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    unpack(packed, folder / "model")
    return folder / "model"
