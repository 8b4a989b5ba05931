"""Makes a bundle of a classic container's pickle, and of what that container answered.

python examples/migration/repack.py FOLDER

Reads model.pkl, rows.csv and old.csv (the container's answers to these rows) in FOLDER; writes FOLDER/model.tar.gz. The
rows and answers become golden rows: the new server replays them at each start and does not serve if one differs.
"""

import hashlib
import pickle
import sys
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from skops.io import dumps

from chem_endpoints.wire.bundle import write_bundle
from chem_endpoints.wire.manifest import Feature, GoldenRows, Manifest, Output

FEATURES = (
    Feature(name="mol_wt", dtype="float64", unit="g/mol"),
    Feature(name="logp", dtype="float64"),
    Feature(name="tpsa", dtype="float64", unit="Å²"),
    Feature(name="rotatable_bonds", dtype="float64"),
)
"""The columns by name, in the order in which the classic container took them without one."""

SOLUBILITY = Output(name="log_s", dtype="float64", unit="log10(mol/L)", description="aqueous solubility")


def golden_rows(folder: Path) -> GoldenRows:
    """What callers sent, and what the classic container said to it."""
    sent = pd.read_csv(folder / "rows.csv", names=[feature.name for feature in FEATURES])
    answered = pd.read_csv(folder / "old.csv", names=["prediction"])
    return GoldenRows(input=sent.to_dict("list"), output=answered.to_dict("list"), relative_tolerance=1e-6)


def main(folder: Path) -> None:
    """Writes the bundle and prints its digest."""
    forest = pickle.loads((folder / "model.pkl").read_bytes())  # noqa: S301 - our own file; the bundle has no pickle
    script = Path(__file__).parent / "code" / "inference.py"
    files = {"model.skops": dumps(forest), "code/inference.py": script.read_bytes()}
    manifest = Manifest(
        script="code/inference.py",
        framework=f"scikit-learn {version('scikit-learn')}",
        targets=(SOLUBILITY,),
        features=FEATURES,
        outputs=(SOLUBILITY.model_copy(update={"name": "prediction"}),),
        libraries={"sklearn": version("scikit-learn"), "skops": version("skops")},
        files={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        golden=golden_rows(folder),
    )
    print("model digest", write_bundle(folder / "model.tar.gz", manifest, files))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
