"""Our endpoint of 313 descriptors beside the libraries called one molecule after another.

    .venv/bin/python -m benchmarks.descriptors_2d [--rounds 5] [--molecules 1000]

Side A, in this process: our standardisation, then RDKit's 216 descriptors and Mordred's Calculator of five modules.
Side B: the bundle of ``smiles_to_2d`` behind our server with two workers, asked over HTTP; same standardisation. The
molecules are distinct in every round and made from real drugs. Every number of B is compared with A's. Exit status 1:
a target was missed, or numbers differ.
"""

import argparse
import io
import os
import random
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# Before numpy: both sides have one thread per process.
os.environ.update({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})

import httpx
import numpy as np
import numpy.typing as npt
import pandas as pd
from mordred import AcidBase, Aromatic, Calculator, CarbonTypes, Chi, Constitutional, is_missing
from rdkit import Chem
from rdkit.Chem import BRICS, Descriptors

from benchmarks.figures import Beside, Figures
from benchmarks.peers import process_tree
from benchmarks.served import Served, serving, unpacked
from chem_endpoints.wire import environment
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import Standardisation
from model_scripts.chemistry.descriptors_2d import DESCRIPTORS
from model_scripts.chemistry.standardise import standardise
from model_scripts.feature_bundle import write_feature_bundle

Floats = npt.NDArray[np.float64]

WORKERS = 2
CALLERS = 4
ROWS_PER_REQUEST = 25
LEAST_RATIO = 3.5
AIM = 5.0
RELATIVE = 1e-12
POLICY = Standardisation(policy="parent")
HEAVY_ATOMS = range(20, 36)
LEAST_MEAN_HEAVY_ATOMS = 25
SEED = 20_260_101
MOST_FRAGMENTS = 3
COMPARED = [item.column for item in DESCRIPTORS if item.source in ("rdkit", "mordred")]

DRUGS = """
    CC(=O)Nc1ccc(O)cc1 CC(=O)Oc1ccccc1C(=O)O CC(C)Cc1ccc(cc1)C(C)C(=O)O COc1ccc2cc(ccc2c1)C(C)C(=O)O
    CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc21 CN1CCN(CC1)C1=Nc2cc(Cl)ccc2Nc2ccccc21 CNCCC(Oc1ccc(cc1)C(F)(F)F)c1ccccc1
    CN(C)CCCN1c2ccccc2CCc2ccccc21 CN(C)CCCN1c2ccccc2Sc2ccc(Cl)cc21 OC(CCN1CCCCC1)(c1ccccc1)c1ccccc1
    O=C(CCCN1CCC(O)(CC1)c1ccc(Cl)cc1)c1ccc(F)cc1 CC(C)NCC(O)COc1ccc(CCOC)cc1 CC(C)NCC(O)COc1cccc2ccccc12
    CC(C)(C)NCC(O)c1ccc(O)c(CO)c1 CCOC(=O)C1=C(COCCN)NC(C)=C(C1c1ccccc1Cl)C(=O)OC
    CCCCc1nc(Cl)c(CO)n1Cc1ccc(cc1)-c1ccccc1-c1nnn[nH]1 CCCC(=O)N(Cc1ccc(cc1)-c1ccccc1-c1nnn[nH]1)C(C(C)C)C(=O)O
    CCOC(=O)C(CCc1ccccc1)NC(C)C(=O)N1CCCC1C(=O)O NCCCCC(NC(CCc1ccccc1)C(=O)O)C(=O)N1CCCC1C(=O)O
    CC(C)c1c(C(=O)Nc2ccccc2)c(-c2ccccc2)c(-c2ccc(F)cc2)n1CCC(O)CC(O)CC(=O)O
    CCC(C)(C)C(=O)OC1CC(C)C=C2C=CC(C)C(CCC3CC(O)CC(=O)O3)C12
    CCOc1ccc(cc1S(=O)(=O)N1CCN(C)CC1)-c1nc2c(CCC)nn(C)c2c(=O)[nH]1 COc1ccc2[nH]c(nc2c1)S(=O)Cc1ncc(C)c(OC)c1C
    CNC(=C[N+](=O)[O-])NCCSCc1ccc(CN(C)C)o1 CCN(CC)CC(=O)Nc1c(C)cccc1C COc1cc(Cc2cnc(N)nc2N)cc(OC)c1OC
    Cc1cc(NS(=O)(=O)c2ccc(N)cc2)no1 OC(=O)c1cn(C2CC2)c2cc(N3CCNCC3)c(F)cc2c1=O
    OC(Cn1cncn1)(Cn1cncn1)c1ccc(F)cc1F COc1ccc(cc1)C1Sc2ccccc2N(CCN(C)C)C(=O)C1OC(C)=O
    Cc1ccc(cc1Nc1nccc(n1)-c1cccnc1)NC(=O)c1ccc(CN2CCN(C)CC2)cc1 COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1
    CNC(=O)c1cc(Oc2ccc(NC(=O)Nc3ccc(Cl)c(c3)C(F)(F)F)cc2)ccn1 CN1CCN(CC1)C(=O)OC1c2nccnc2C(=O)N1c1ccc(Cl)cn1
    NC(CC(=O)N1CCn2c(C1)nnc2C(F)(F)F)Cc1cc(F)c(F)cc1F Cc1ccc(cc1)-c1cc(nn1-c1ccc(cc1)S(N)(=O)=O)C(F)(F)F
    CC(C(=O)O)c1ccc(-c2ccccc2)c(F)c1 Clc1ccc(cc1)C(c1ccccc1)N1CCN(CCOCC(=O)O)CC1
    CCOC(=O)N1CCC(=C2c3ccc(Cl)cc3CCc3cccnc32)CC1 CN1CCC(CC1)=C1c2ccccc2CCc2ccccc21
    Cc1nnc2n1-c1ccc(Cl)cc1C(=NC2)c1ccccc1 COc1cc(ccc1O)CC(N)C(=O)O
""".split()
"""Paracetamol, aspirin, ibuprofen, naproxen, diazepam, clozapine and others, without stereochemistry."""


def drug_like(count: int) -> list[str]:
    """Distinct SMILES of `HEAVY_ATOMS` heavy atoms, put together from fragments of the drugs; always the same.

    Bonds are cut, and fragments joined again, by the rules of M. Degen et al., ChemMedChem 2008, 3, 1503 (BRICS).
    """
    pieces = sorted({piece for drug in DRUGS for piece in BRICS.BRICSDecompose(Chem.MolFromSmiles(drug))})
    ends = [end for piece in pieces for end in _open_ends(Chem.MolFromSmiles(piece))]
    choice = random.Random(SEED)  # noqa: S311 - no secret
    found: dict[str, None] = {}
    while len(found) < count:
        molecule = _grown(choice.choice(ends).fragment, ends, choice)
        if molecule is not None and molecule.GetNumHeavyAtoms() in HEAVY_ATOMS:
            found[Chem.MolToSmiles(molecule)] = None
    return list(found)


@dataclass(frozen=True, kw_only=True)
class OpenEnd:
    """Where a fragment was cut: the dummy atom, the kind of cut, and how many the fragment has."""

    fragment: Chem.Mol
    atom: int
    kind: int
    of: int


def _open_ends(fragment: Chem.Mol) -> list[OpenEnd]:
    dummies = [atom for atom in fragment.GetAtoms() if atom.GetAtomicNum() == 0]
    return [OpenEnd(fragment=fragment, atom=atom.GetIdx(), kind=atom.GetIsotope(), of=len(dummies)) for atom in dummies]


JOINABLE = {
    frozenset((int(one), int(other))) for group in BRICS.reactionDefs for one, other, bond in group if bond == "-"
}


def _grown(molecule: Chem.Mol, ends: Sequence[OpenEnd], choice: random.Random) -> Chem.Mol | None:
    """A molecule without open ends: after `MOST_FRAGMENTS`, only fragments with one end are added."""
    joined = 1
    while here := _open_ends(molecule):
        kinds = {kind for kind in range(17) if frozenset((kind, here[0].kind)) in JOINABLE}
        fitting = [end for end in ends if end.kind in kinds and (joined < MOST_FRAGMENTS or end.of == 1)]
        if not fitting:
            return None
        chosen = choice.choice(fitting)
        molecule = _joined(molecule, here[0].atom, chosen.fragment, chosen.atom)
        joined += 1
    return Chem.MolFromSmiles(Chem.MolToSmiles(molecule))


def _joined(one: Chem.Mol, end: int, other: Chem.Mol, other_end: int) -> Chem.Mol:
    both = Chem.RWMol(Chem.CombineMols(one, other))
    ends = (end, one.GetNumAtoms() + other_end)
    both.AddBond(*(both.GetAtomWithIdx(at).GetNeighbors()[0].GetIdx() for at in ends), Chem.BondType.SINGLE)
    for at in sorted(ends, reverse=True):
        both.RemoveAtom(at)
    molecule = both.GetMol()
    Chem.SanitizeMol(molecule)
    return molecule


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What one side needed for its molecules, in seconds, and what it computed."""

    wall: float
    cpu: float
    values: Floats


def libraries(smiles: Sequence[str], calculator: Calculator) -> Turn:
    """Side A: one molecule after another."""
    wall, cpu = time.perf_counter(), time.process_time()
    values = np.array([_row(text, calculator) for text in smiles])
    return Turn(wall=time.perf_counter() - wall, cpu=time.process_time() - cpu, values=values)


def _row(text: str, calculator: Calculator) -> list[float]:
    molecule = standardise(text, POLICY).molecule
    by_rdkit = [_value(name, molecule) for name in RDKIT]
    return by_rdkit + [np.nan if is_missing(value) else float(value) for value in calculator(molecule)]


RDKIT = {name: function for name, function in Descriptors.descList if name != "Ipc"}


def _value(name: str, molecule: Chem.Mol) -> float:
    try:
        return float(RDKIT[name](molecule))
    except (ValueError, RuntimeError, ArithmeticError):
        return np.nan


def endpoint(smiles: Sequence[str], served: Served) -> Turn:
    """Side B: requests of `ROWS_PER_REQUEST` rows, `CALLERS` at a time; the processor time is the server's."""
    requests = [smiles[start : start + ROWS_PER_REQUEST] for start in range(0, len(smiles), ROWS_PER_REQUEST)]
    roots = [served.process]
    wall, cpu = time.perf_counter(), process_tree.cpu_seconds(roots)
    with httpx.Client(base_url=served.url, timeout=600) as client, ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(lambda rows: _ask(client, rows), requests))
    wall, cpu = time.perf_counter() - wall, process_tree.cpu_seconds(roots) - cpu
    table = pd.concat([_read(answer) for answer in answers])
    if table[PREDICTION_ERROR].any():
        raise RuntimeError(f"rows without descriptors: {table[PREDICTION_ERROR].unique().tolist()}")
    return Turn(wall=wall, cpu=cpu, values=table[COMPARED].to_numpy(np.float64))


def _ask(client: httpx.Client, rows: Sequence[str]) -> bytes:
    body = "\n".join(["smiles", *rows]) + "\n"
    headers = {"Content-Type": "text/csv", "Accept": "text/csv"}
    return client.post("/invocations", content=body, headers=headers).raise_for_status().content


def _read(answer: bytes) -> pd.DataFrame:
    return pd.read_csv(
        io.BytesIO(answer), float_precision="round_trip", na_values=["N/A", "__NA__"], keep_default_na=False
    )


def equal(ours: Floats, theirs: Floats) -> bool:
    """Whether all numbers agree, and are undefined in the same cells."""
    theirs = np.where(np.isfinite(theirs), theirs, np.nan)
    return bool(np.isclose(ours, theirs, rtol=RELATIVE, atol=0, equal_nan=True).all())


def main() -> int:
    """Plays the rounds and prints the ratios; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--molecules", type=int, default=1000, help="in all rounds together")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # Mordred's
    corpus = drug_like(arguments.molecules)
    heavy = statistics.mean(Chem.MolFromSmiles(text).GetNumHeavyAtoms() for text in corpus)
    print(
        f"{len(corpus)} distinct molecules, {heavy:.1f} heavy atoms on average, {arguments.rounds} rounds", flush=True
    )
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "smiles-to-2d.tar.gz"
        write_feature_bundle("smiles_to_2d", {}, POLICY, bundle)
        with serving(unpacked(bundle, Path(folder)), {environment.WORKERS: str(WORKERS)}) as served:
            rounds = _play([corpus[start :: arguments.rounds] for start in range(arguments.rounds)], served)
    return _judge(rounds, heavy)


def _play(parts: Sequence[Sequence[str]], served: Served) -> list[tuple[Turn, Turn]]:
    calculator = Calculator()
    for module in (AcidBase, Aromatic, Constitutional, Chi, CarbonTypes):
        calculator.register(module)
    warm = DRUGS[: ROWS_PER_REQUEST * WORKERS]
    libraries(warm[:5], calculator), endpoint(warm, served)
    rounds = []
    for number, part in enumerate(parts):
        turns = libraries(part, calculator), endpoint(part, served)
        rounds.append(turns)
        told = "  ".join(
            f"{side}: {len(part) / turn.wall:6.1f} mol/s, {turn.cpu / len(part) * 1e3:5.1f} CPU ms/mol"
            for side, turn in zip("AB", turns, strict=True)
        )
        print(f"round {number}  {told}  ratio {turns[0].wall / turns[1].wall:.2f}", flush=True)
    return rounds


def _judge(rounds: Sequence[tuple[Turn, Turn]], heavy: float) -> int:
    wall = statistics.median(a.wall / b.wall for a, b in rounds)
    cpu = statistics.median(a.cpu / b.cpu for a, b in rounds)
    same = all(equal(b.values, a.values) for a, b in rounds)
    count = sum(len(a.values) for a, _ in rounds)
    figures = Figures()
    figures.promise(f"numbers equal to {RELATIVE:g}", same)
    figures.at_least(
        "mean size of the molecules", heavy, LEAST_MEAN_HEAVY_ATOMS, unit="heavy atoms", note=f"{count} distinct ones"
    )
    figures.at_least(
        "313 descriptors, the served endpoint with two workers",
        wall,
        LEAST_RATIO,
        aim=AIM,
        unit="times faster",
        beside=_beside(rounds, "wall"),
    )
    figures.seen("313 descriptors, processor time", cpu, unit="times less", beside=_beside(rounds, "cpu"))
    return figures.exit_status()


def _beside(rounds: Sequence[tuple[Turn, Turn]], field: Literal["wall", "cpu"]) -> Beside:
    theirs, ours = (
        statistics.median(getattr(turns[side], field) / len(turns[side].values) * 1e3 for turns in rounds)
        for side in (0, 1)
    )
    return Beside(ours=ours, theirs=theirs, unit="ms a molecule", whose="RDKit and Mordred, one by one")


if __name__ == "__main__":
    sys.exit(main())
