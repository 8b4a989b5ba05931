"""Morgan counts of radius 2, folded to 4 096: molecules per second and core.

    .venv/bin/python -m benchmarks.fingerprints [--rounds 7] [--molecules 1000]

Interleaved in one process with one thread: RDKit's generator molecule by molecule into numpy, as scripts usually have
it, beside our bulk function; each from SMILES and from parsed molecules. Figures are of processor time, and counts are
compared.
Exit status 1: a target was missed, or counts differ.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

os.environ.update({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})

import numpy as np
import numpy.typing as npt
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from benchmarks.descriptors_2d import drug_like
from benchmarks.figures import Beside, Figures
from model_scripts.chemistry.fingerprints import MOST, morgan_counts

Counts = npt.NDArray[np.uint8]

LEAST_FROM_SMILES = 8_000
LEAST_FROM_MOLECULES = 25_000
ONE_BY_ONE = "RDKit, one by one"
BULK = "ours, in bulk"


def one_by_one(molecules: Sequence[Chem.Mol]) -> Counts:
    """RDKit's own conversion to numpy, clamped to a byte."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=4096)
    rows = [np.minimum(generator.GetCountFingerprintAsNumPy(molecule), MOST) for molecule in molecules]
    return np.array(rows, dtype=np.uint8)


def per_second(count: int, work: Callable[[], Any]) -> float:
    """Molecules per second of processor time."""
    start = time.process_time()
    work()
    return count / (time.process_time() - start)


def main() -> int:
    """Plays the rounds and prints the medians; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--molecules", type=int, default=1000)
    arguments = parser.parse_args()
    smiles = drug_like(arguments.molecules)
    molecules = [Chem.MolFromSmiles(text) for text in smiles]
    same = bool((one_by_one(molecules) == morgan_counts(molecules)).all())
    sides: dict[str, Callable[[Sequence[Chem.Mol]], Counts]] = {ONE_BY_ONE: one_by_one, BULK: morgan_counts}
    seen: dict[tuple[str, str], list[float]] = {}
    for _ in range(arguments.rounds):
        for name, compute in sides.items():
            parsed = per_second(len(smiles), lambda compute=compute: compute(molecules))
            text = per_second(len(smiles), lambda compute=compute: compute([Chem.MolFromSmiles(t) for t in smiles]))
            seen.setdefault((name, "from molecules"), []).append(parsed)
            seen.setdefault((name, "from SMILES"), []).append(text)
    for (name, start), figures in seen.items():
        print(f"{name:<20}{start:<16}{statistics.median(figures):>10.0f} molecules per CPU second")
    return _judge(seen, same)


def _judge(seen: dict[tuple[str, str], list[float]], same: bool) -> int:
    figures = Figures()
    figures.promise("counts equal to RDKit's own", same)
    for start, least in (("from SMILES", LEAST_FROM_SMILES), ("from molecules", LEAST_FROM_MOLECULES)):
        ratios = [ours / other for ours, other in zip(seen[BULK, start], seen[ONE_BY_ONE, start], strict=True)]
        found = statistics.median(seen[BULK, start])
        figures.at_least(f"Morgan counts {start}", found, least, unit="molecules per CPU second")
        figures.seen(
            f"Morgan counts {start}, against {ONE_BY_ONE}",
            statistics.median(ratios),
            unit="times faster",
            beside=Beside(
                ours=1e6 / found,
                theirs=1e6 / statistics.median(seen[ONE_BY_ONE, start]),
                unit="CPU µs a molecule",
                whose=ONE_BY_ONE,
            ),
        )
    return figures.exit_status()


if __name__ == "__main__":
    sys.exit(main())
