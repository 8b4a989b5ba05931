"""What the solubility demonstration compares itself with."""

from pathlib import Path
from typing import TypedDict

import numpy as np
import pandas as pd
from rdkit.Chem import Descriptors

from model_scripts.chemistry.esol_equation import esol_log_s
from model_scripts.chemistry.identity import compound_key
from model_scripts.chemistry.smiles import parse_smiles

TARGET = "log_s"


class SolubilityReference(TypedDict):
    """Reference figures.

    Keys:
        esol_rmse: error of the fixed ESOL equation on the training compounds, log mol/L.
        weights: molar mass of each unseen compound, g/mol, in the order of the file.
        shared: names of unseen compounds that are among the training compounds, as any salt or stereoisomer.
    """

    esol_rmse: float
    weights: list[float]
    shared: list[str]


def solubility_reference(training: Path, unseen: Path) -> SolubilityReference:
    """Reads two CSV files with ``name``, ``smiles`` and ``log_s``."""
    known, new = pd.read_csv(training), pd.read_csv(unseen)
    known_molecules = [parse_smiles(smiles) for smiles in known["smiles"]]
    new_molecules = [parse_smiles(smiles) for smiles in new["smiles"]]
    known_keys = {compound_key(molecule) for molecule in known_molecules}
    residuals = known[TARGET].to_numpy() - np.array([esol_log_s(molecule) for molecule in known_molecules])
    return {
        "esol_rmse": round(float(np.sqrt(np.mean(residuals**2))), 4),
        "weights": [round(float(Descriptors.MolWt(molecule)), 3) for molecule in new_molecules],
        "shared": [
            name
            for name, molecule in zip(new["name"], new_molecules, strict=True)
            if compound_key(molecule) in known_keys
        ],
    }
