"""Conformers of drugs through the real server: two worker processes beside one.

    .venv/bin/python -m benchmarks.conformers [--rounds 3] [--conformers 20]

Each drug is a request of its own, sent by as many connections as there are workers. Both servers run all the time, and
rounds are interleaved. Prints wall-clock and processor seconds and the ratio; the exit status is 1 when two workers are
less than 1.65 times as fast as one, or answer otherwise.
"""

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
import httpx

from benchmarks.figures import Figures
from benchmarks.peers.process_tree import cpu_seconds
from benchmarks.served import Served, serving, unpacked
from chem_endpoints.wire import environment
from chem_endpoints.wire.content_types import CSV
from chem_endpoints.wire.manifest import Standardisation
from model_scripts.feature_bundle import write_feature_bundle

LEAST_RATIO = 1.65

DRUGS = {
    "aspirin": "CC(=O)Oc1ccccc1C(=O)O",
    "caffeine": "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "ibuprofen": "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "paracetamol": "CC(=O)Nc1ccc(O)cc1",
    "diazepam": "CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc21",
    "warfarin": "CC(=O)CC(c1ccccc1)c1c(O)c2ccccc2oc1=O",
    "propranolol": "CC(C)NCC(O)COc1cccc2ccccc12",
    "fluoxetine": "CNCCC(Oc1ccc(cc1)C(F)(F)F)c1ccccc1",
    "sertraline": "CN[C@H]1CC[C@@H](c2ccc(Cl)c(Cl)c2)c2ccccc12",
    "haloperidol": "O=C(CCCN1CCC(O)(CC1)c1ccc(Cl)cc1)c1ccc(F)cc1",
    "imatinib": "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1",
    "celecoxib": "Cc1ccc(cc1)-c1cc(nn1-c1ccc(cc1)S(N)(=O)=O)C(F)(F)F",
    "omeprazole": "COc1ccc2[nH]c(nc2c1)S(=O)Cc1ncc(C)c(OC)c1C",
    "metoprolol": "COCCc1ccc(OCC(O)CNC(C)C)cc1",
    "lidocaine": "CCN(CC)CC(=O)Nc1c(C)cccc1C",
    "morphine": "CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5",
    "dexamethasone": "C[C@@H]1C[C@H]2[C@@H]3CCC4=CC(=O)C=C[C@]4(C)[C@@]3(F)[C@@H](O)C[C@]2(C)[C@@]1(O)C(=O)CO",
    "penicillin G": "CC1(C)S[C@@H]2[C@H](NC(=O)Cc3ccccc3)C(=O)N2[C@H]1C(=O)O",
    "sildenafil": "CCCc1nn(C)c2c1nc([nH]c2=O)-c1cc(ccc1OCC)S(=O)(=O)N1CCN(C)CC1",
    "loratadine": "CCOC(=O)N1CCC(=C2c3ccc(Cl)cc3CCc3cccnc23)CC1",
}


@dataclass(frozen=True, kw_only=True)
class Round:
    """One pass over all drugs: answers in the order of `DRUGS`, wall-clock and processor seconds."""

    answers: tuple[str, ...]
    seconds: float
    processor_seconds: float


def run(served: Served, connections: int) -> Round:
    """Sends every drug, the longest SMILES first, so that no worker idles long at the end."""
    order = sorted(DRUGS.values(), key=lambda smiles: (-len(smiles), smiles))
    before, started = cpu_seconds([served.process]), time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        answers = dict(zip(order, pool.map(lambda smiles: post(served, smiles), order), strict=True))
    seconds = time.perf_counter() - started
    return Round(
        answers=tuple(answers[smiles] for smiles in DRUGS.values()),
        seconds=seconds,
        processor_seconds=cpu_seconds([served.process]) - before,
    )


def post(served: Served, smiles: str) -> str:
    """The answer to a request of one row."""
    body = f'smiles\n"{smiles}"\n'.encode()
    answer = httpx.post(f"{served.url}/invocations", content=body, headers={"Content-Type": CSV}, timeout=600)
    if answer.status_code != 200:
        raise SystemExit(f"HTTP {answer.status_code}: {answer.text[:300]}")
    return answer.text


@click.command(help=__doc__)
@click.option("--rounds", default=3, show_default=True)
@click.option("--conformers", default=20, show_default=True)
def main(rounds: int, conformers: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle.tar.gz"
        write_feature_bundle("smiles_to_3d", {"conformers": conformers}, Standardisation(policy="parent"), bundle)
        model_dir = unpacked(bundle, Path(folder))
        limits = {environment.ROW_SECONDS: "600", environment.REQUEST_SECONDS: "3500"}
        with (
            serving(model_dir, {**limits, environment.WORKERS: "1"}) as one,
            serving(model_dir, {**limits, environment.WORKERS: "2"}) as two,
        ):
            pairs = [(run(one, 1), run(two, 2)) for _ in range(rounds)]
    sys.exit(judged(pairs))


def judged(pairs: list[tuple[Round, Round]]) -> int:
    """Tells what was seen; returns the exit status."""
    print(f"{len(DRUGS)} drugs        1 worker            2 workers       ratio")
    for single, double in pairs:
        print(
            f"{single.seconds:16.2f} s ({single.processor_seconds:6.2f} CPU)"
            f"{double.seconds:8.2f} s ({double.processor_seconds:6.2f} CPU) {single.seconds / double.seconds:8.2f}"
        )
    ratio = median(single.seconds / double.seconds for single, double in pairs)
    equal = len({each.answers for pair in pairs for each in pair}) == 1
    failed = sum(not answer.rstrip().endswith(",") for answer in pairs[0][0].answers)
    figures = Figures()
    figures.at_least(
        f"conformers of {len(DRUGS)} drugs, two workers against one", ratio, LEAST_RATIO, unit="times faster"
    )
    figures.promise("two workers answer as one does", equal)
    figures.promise("every drug has its conformers", not failed)
    return figures.exit_status()


if __name__ == "__main__":
    main()
