"""From SMILES to ChemProp's predictions: our forward pass beside chemprop's own ``Trainer.predict``, in one process.

    .venv/bin/python -m benchmarks.chemprop_forward [--rounds 9]

Same model, one torch thread, warm, rounds interleaved, answers compared. The time of the command ``chemprop predict``
is shown beside; it includes its imports. Exit status 1: a target was missed.
"""

import argparse
import contextlib
import csv
import io
import itertools
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from chemprop.data import MoleculeDatapoint, MoleculeDataset, build_dataloader
from chemprop.models import MPNN, save_model
from chemprop.nn import BondMessagePassing, NormAggregation, RegressionFFN
from chemprop.nn.transforms import UnscaleTransform
from lightning import pytorch as pl
from rdkit import Chem
from rdkit.Chem import BRICS

from benchmarks.figures import Beside, Figures
from model_scripts.chemistry.smiles import parse_smiles
from model_scripts.inputs import Inputs
from model_scripts.mpnn.conversion import from_mpnn

Floats = npt.NDArray[np.float64]
Predict = Callable[[Sequence[str]], Floats]

DRUGS = """
CC(=O)Oc1ccccc1C(=O)O CC(C)Cc1ccc(cc1)C(C)C(=O)O COc1ccc2cc(ccc2c1)C(C)C(=O)O CC(=O)Nc1ccc(O)cc1
CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc21 CCN(CC)CC(=O)Nc1c(C)cccc1C CC(C)NCC(O)COc1cccc2ccccc12
CC(C)NCC(O)COc1ccc(CC(N)=O)cc1 CNCCC(Oc1ccc(C(F)(F)F)cc1)c1ccccc1 CN(C)CCCN1c2ccccc2Sc2ccc(Cl)cc21
O=C(CCCN1CCC(O)(c2ccc(Cl)cc2)CC1)c1ccc(F)cc1 CN1CCN(CC1)C1=Nc2cc(Cl)ccc2Nc2ccccc21
COc1ccc(CCN(C)CCCC(C#N)(C(C)C)c2ccc(OC)c(OC)c2)cc1OC CCOC(=O)C1=C(COCCN)NC(C)=C(C(=O)OC)C1c1ccccc1Cl
CCCc1nn(C)c2c1nc([nH]c2=O)-c1cc(ccc1OCC)S(=O)(=O)N1CCN(C)CC1 CS(=O)(=O)c1ccc(cc1)C1=C(c2ccccc2)C(=O)OC1
Cc1ccc(cc1)-c1cc(nn1-c1ccc(cc1)S(N)(=O)=O)C(F)(F)F NS(=O)(=O)c1cc(C(=O)O)c(NCc2ccco2)cc1Cl
CCCCc1nc(Cl)c(CO)n1Cc1ccc(cc1)-c1ccccc1-c1nn[nH]n1 COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1
CC(C)c1c(C(=O)Nc2ccccc2)c(-c2ccccc2)c(-c2ccc(F)cc2)n1CCC(O)CC(O)CC(=O)O COCCOc1cc2ncnc(Nc3cccc(C#C)c3)c2cc1OCCOC
Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1 O=C(O)c1cn(C2CC2)c2cc(N3CCNCC3)c(F)cc2c1=O
CNC(=O)c1cc(Oc2ccc(NC(=O)Nc3ccc(Cl)c(C(F)(F)F)c3)cc2)ccn1 Cc1cc(NS(=O)(=O)c2ccc(N)cc2)no1
COc1cc(Cc2cnc(N)nc2N)cc(OC)c1OC OC(Cn1cncn1)(Cn1cncn1)c1ccc(F)cc1F COc1ccc2[nH]c(nc2c1)S(=O)Cc1ncc(C)c(OC)c1C
CC(=O)N1CCN(CC1)c1ccc(OCC2COC(Cn3ccnc3)(O2)c2ccc(Cl)cc2Cl)cc1 CN(C)CCc1c[nH]c2ccc(CS(=O)(=O)N3CCCC3)cc12
Cc1nccn1CC1CCc2c(C1=O)c1ccccc1n2C CN1C2CCC1CC(C2)OC(=O)C(CO)c1ccccc1 CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1
CC(C)(C)NCC(O)c1ccc(O)c(CO)c1 CCOC(=O)N1CCC(=C2c3ccc(Cl)cc3CCc3cccnc32)CC1 Clc1ccc(cc1)C(c1ccccc1)N1CCN(CCOCCO)CC1
CC1COc2c(N3CCN(C)CC3)c(F)cc3c(=O)c(C(=O)O)cn1c23 CN1CCC23C4Oc5c2c(CC1C3C=CC4O)ccc5OC CC12CCC3c4ccc(O)cc4CCC3C1CCC2O
""".split()
"""Public drugs, without their stereochemistry."""

MANY = 1_000
STRIDE = 11
HEAVY_ATOMS = range(20, 46)
TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Target:
    """At least this many times faster than a side, on this many molecules."""

    rows: int
    side: str
    floor: float
    aim: float


TARGETS = (
    Target(rows=1, side="Trainer, its defaults", floor=5.0, aim=5.0),
    Target(rows=1, side="Trainer, reused, no bar", floor=2.5, aim=3.0),
    Target(rows=MANY, side="Trainer, reused, no bar", floor=1.25, aim=1.5),
)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call: seconds on the clock and of the processor."""

    seconds: float
    cpu_seconds: float


def drug_like(count: int) -> list[str]:
    """Distinct molecules: pieces of the drugs on both ends of other pieces, the same each time."""
    pieces = sorted({piece for drug in DRUGS for piece in BRICS.BRICSDecompose(Chem.MolFromSmiles(drug))})
    ends = [piece for piece in pieces if piece.count("*") == 1]
    cores = [piece for piece in pieces if piece.count("*") == 2]
    made: dict[str, None] = {}
    for number, (core, (one, other)) in enumerate(itertools.product(cores, itertools.combinations(ends, 2))):
        if number % STRIDE == 0:  # spread over all cores and ends
            molecule = _joined(core, one, other)
            if molecule is not None and molecule.GetNumHeavyAtoms() in HEAVY_ATOMS:
                made.setdefault(Chem.MolToSmiles(molecule))
    return list(made)[:: max(len(made) // count, 1)][:count]


def _joined(core: str, *ends: str) -> Any:
    parts = [Chem.MolFromSmiles(text) for text in (core, *ends)]
    sites = [atom for atom in parts[0].GetAtoms() if not atom.GetAtomicNum()]
    for number, (site, part) in enumerate(zip(sites, parts[1:], strict=True), start=1):
        end = next(atom for atom in part.GetAtoms() if not atom.GetAtomicNum())
        for atom in (site, end):
            atom.SetIsotope(0)
            atom.SetAtomMapNum(number)
    combined = parts[0]
    for part in parts[1:]:
        combined = Chem.CombineMols(combined, part)
    return Chem.MolFromSmiles(Chem.MolToSmiles(Chem.molzip(combined)))


def model() -> MPNN:
    """Chemprop's default network for a regression; speed does not depend on what the weights are."""
    torch.manual_seed(0)
    head = RegressionFFN(output_transform=UnscaleTransform([-3.0], [2.0]))
    return MPNN(BondMessagePassing(), NormAggregation(), head).eval()


def sides(mpnn: MPNN) -> dict[str, Predict]:
    """What is compared, ours first."""
    member = from_mpnn(mpnn)

    def ours(smiles: Sequence[str]) -> Floats:
        molecules = [parse_smiles(text) for text in smiles]
        matrix = np.empty((len(smiles), 0), dtype=np.float32)
        return member.predict(Inputs(matrix=matrix, columns=(), molecules=molecules))

    def by_trainer(trainer: pl.Trainer, smiles: Sequence[str]) -> Floats:
        data = MoleculeDataset([MoleculeDatapoint.from_smi(text) for text in smiles])
        batches = trainer.predict(mpnn, build_dataloader(data, shuffle=False))
        return np.asarray(torch.cat(batches).numpy(), dtype=np.float64)  # type: ignore[arg-type]

    quiet = pl.Trainer(logger=False, enable_progress_bar=False, enable_checkpointing=False, enable_model_summary=False)
    return {
        "ours": ours,
        "Trainer, reused, no bar": lambda smiles: by_trainer(quiet, smiles),
        "Trainer, its defaults": lambda smiles: by_trainer(pl.Trainer(), smiles),
    }


def timed(predict: Predict, smiles: Sequence[str], expected: Floats) -> Call:
    """Calls a side once and checks its answer."""
    wall, cpu = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):  # the progress bar
        predicted = predict(smiles)
    call = Call(seconds=time.perf_counter() - wall, cpu_seconds=time.process_time() - cpu)
    assert predicted.shape == expected.shape
    assert np.max(np.abs(predicted - expected) / np.maximum(1, np.abs(expected))) < TOLERANCE
    return call


def compare(predictors: dict[str, Predict], smiles: list[str], rows: int, rounds: int) -> dict[str, list[Call]]:
    """Calls of each side, in turn; each round has molecules of its own where there are enough."""
    calls: dict[str, list[Call]] = {name: [] for name in predictors}
    for number in range(rounds + 1):
        start = (number * rows) % len(smiles)
        asked = smiles[start : start + rows]
        expected = predictors["ours"](asked)
        for name, predict in predictors.items():
            call = timed(predict, asked, expected)
            if number:  # the first round warms up
                calls[name].append(call)
    return calls


def command_seconds(mpnn: MPNN, smiles: Sequence[str]) -> Call:
    """``chemprop predict``, from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder) / "model.pt", mpnn)
        with (Path(folder) / "molecules.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["smiles"], *([text] for text in smiles)])
        command = [str(Path(sys.executable).with_name("chemprop")), "predict", "--accelerator", "cpu", "-i"]
        command += ["molecules.csv", "--model-paths", "model.pt", "-o", "predicted.csv"]
        wall, before = time.perf_counter(), os.times()
        subprocess.run(command, cwd=folder, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Call(seconds=time.perf_counter() - wall, cpu_seconds=cpu)


def main() -> int:
    """Compares the sides and prints the verdict; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    for library in ("lightning.pytorch", "chemprop"):
        logging.getLogger(library).setLevel(logging.ERROR)
    warnings.simplefilter("ignore")  # Lightning's advice about workers
    smiles, mpnn = drug_like(MANY), model()
    atoms = statistics.mean(Chem.MolFromSmiles(text).GetNumHeavyAtoms() for text in smiles)
    print(f"{len(smiles)} distinct molecules, {atoms:.1f} heavy atoms on average")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):  # a default Trainer writes where it is
        predictors = sides(mpnn)
        calls = {1: compare(predictors, smiles, 1, 5 * rounds), MANY: compare(predictors, smiles, MANY, rounds)}
    for rows, by_side in calls.items():
        for name, each in by_side.items():
            _print(rows, name, each)
    figures = Figures()
    for target in TARGETS:
        _judge(target, calls[target.rows], figures)
    for rows in calls:
        used = command_seconds(mpnn, smiles[:rows]).cpu_seconds
        figures.seen(f"the command chemprop predict, {rows:,} of them, its imports included", used, unit="CPU s")
    return figures.exit_status()


def _print(rows: int, name: str, calls: Sequence[Call]) -> None:
    wall = statistics.median(call.seconds for call in calls) * 1e3
    cpu = statistics.median(call.cpu_seconds for call in calls) * 1e3
    print(f"{rows:>5} molecules  {name:<36}{wall:>10.2f} ms{cpu:>10.2f} CPU ms", flush=True)


def _judge(target: Target, calls: dict[str, list[Call]], figures: Figures) -> None:
    ours, theirs = calls["ours"], calls[target.side]
    pairs = list(zip(ours, theirs, strict=True))
    faster = statistics.median(other.seconds / mine.seconds for mine, other in pairs)
    cheaper = statistics.median(other.cpu_seconds / mine.cpu_seconds for mine, other in pairs)
    mine, other = (statistics.median(call.seconds for call in side) * 1e3 for side in (ours, theirs))
    figures.at_least(
        f"ChemProp, {target.rows:,} molecule{'s' * (target.rows > 1)}, against {target.side}",
        faster,
        target.floor,
        aim=target.aim,
        unit="times faster",
        note=f"{cheaper:.1f} times less processor time",
        beside=Beside(ours=mine, theirs=other, unit="ms", whose=target.side),
    )


if __name__ == "__main__":
    sys.exit(main())
