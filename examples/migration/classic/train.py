"""The training of a classic container: four descriptors, a random forest, a pickle.

python examples/migration/classic/train.py FOLDER

Writes FOLDER/model.pkl, and FOLDER/rows.csv as its callers send rows: descriptors, no header line.
"""

import pickle
import sys
from pathlib import Path

import pandas as pd
from rdkit import Chem
from rdkit.Chem import Descriptors
from sklearn.ensemble import RandomForestRegressor

DESCRIPTORS = ("MolWt", "MolLogP", "TPSA", "NumRotatableBonds")
DATA = Path(__file__).parents[2] / "data"


def described(smiles: "pd.Series[str]") -> pd.DataFrame:
    """One row of descriptors per structure."""
    molecules = [Chem.MolFromSmiles(text) for text in smiles]
    return pd.DataFrame(
        {name: [getattr(Descriptors, name)(molecule) for molecule in molecules] for name in DESCRIPTORS}
    )


def main(folder: Path) -> None:
    """Fits the forest and writes both files."""
    measured = pd.read_csv(DATA / "solubility.csv")
    forest = RandomForestRegressor(n_estimators=20, random_state=0)
    forest.fit(described(measured["smiles"]).to_numpy(), measured["log_s"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.pkl").write_bytes(pickle.dumps(forest))
    unseen = pd.read_csv(DATA / "solubility_unseen.csv")
    described(unseen["smiles"]).to_csv(folder / "rows.csv", header=False, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
