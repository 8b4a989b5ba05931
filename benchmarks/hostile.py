"""A request with 1 % hostile molecules, beside the same request without: what the harm costs, and whom.

    .venv/bin/python -m benchmarks.hostile [--rows 10000] [--rounds 3] [--row-seconds 3] [--row-megabytes 512]
        [--model both]

Two real servers: the built-in solubility model, whose guards refuse the hostile rows, and a script that trusts RDKit,
whose hostile rows hang, crash and fill the memory, so that only the server's isolation saves the request. Clean and
hostile rounds are interleaved. Prints PASS or FAIL for each promise; the exit status is 1 when one fails.
"""

import contextlib
import csv
import io
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import httpx
from rdkit import Chem, RDLogger

from benchmarks.figures import Figures
from benchmarks.memory_sampler import sampling
from benchmarks.peers.process_tree import pss_bytes
from benchmarks.served import ROOT, SOLUBILITY_BUNDLE, SOLUBILITY_DATA, script_model, serving, unpacked
from chem_endpoints.wire import environment, options
from chem_endpoints.wire.columns import PREDICTION, PREDICTION_ERROR, ROW_NUMBER, SMILES
from chem_endpoints.wire.content_types import CSV
from chem_endpoints.wire.manifest import GoldenRows

sys.path.insert(0, str(ROOT / "tests" / "support"))

from hostile_molecules import HostileMolecule, hostile_molecules

BUILT_IN, TRUSTING = "built-in", "trusting"

WORKERS = 2
HOSTILE_SHARE = 100
"""One row in so many."""
LARGEST_HONEST = 40
"""Heavy atoms; the trusting script embeds larger molecules, which takes long for honest ones as well."""
OVERHEAD = 1.5
"""Times the clean run, beside the hostile rows' own limits."""

TRUSTING_SCRIPT = f"""
from chem_endpoints.wire.rows import each_row
from rdkit import Chem, RDLogger
from rdkit.Chem import Descriptors, rdDistGeom, rdFingerprintGenerator

RDLogger.DisableLog("rdApp.*")
MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)

def model_fn(model_dir):
    return None

def predict_fn(df, model):
    return df.assign(prediction=[value(text) for _, text in each_row(enumerate(df["smiles"]))])

def value(text):
    molecule = Chem.MolFromSmiles(text)
    total = float(MORGAN.GetFingerprintAsNumPy(molecule).sum())
    total += Descriptors.MolLogP(molecule) + Descriptors.TPSA(molecule) + Descriptors.BertzCT(molecule)
    total += len(Chem.MolToSmiles(molecule))
    if molecule.GetNumAtoms() > {LARGEST_HONEST}:
        total += rdDistGeom.EmbedMolecule(Chem.AddHs(molecule), randomSeed=7)
    return total
"""
TRUSTING_GOLDEN = GoldenRows(input={SMILES: ["C"]}, output={}, relative_tolerance=1e-6)

NEVER_ENDS = frozenset(
    {
        "chain of 400",
        "chain of 1 000",
        "chain of 30 000",
        "chain of 100 000",
        "chain of 1 000 000",
        "embedding without end",
        "arginine 50",
        "alanine 200",
        "dendrimer of 1 023",
        "macrocycle of 5 000",
        "macrocycle of 10 000",
        "macrocycle of 15 000",
        "random rings of 200",
        "random rings of 1 000",
        "random rings of 5 000",
        "nested branches 1 000 000",
    }
)
"""Molecules on which the trusting script takes more than 12 s of processor time or 1 GB, on any machine of today."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one row may use.

    Attributes:
        seconds: of work on it.
        megabytes: 10^6 bytes beyond the loaded model.
    """

    seconds: float
    megabytes: int


@dataclass(frozen=True, kw_only=True)
class Body:
    """A request: CSV, and the hostile molecule of each row that is not honest."""

    content: bytes
    rows: int
    hostile: dict[int, HostileMolecule] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Run:
    """An answer: one ``(prediction, reason)`` a row as text, seconds, and the peak memory (PSS) in 10^6 bytes."""

    rows: list[tuple[str, str]]
    in_order: bool
    seconds: float
    megabytes: float


@dataclass(frozen=True, kw_only=True)
class Target:
    """A running server.

    Attributes:
        guarded: whether its script refuses hostile molecules itself.
        url: its base address.
        process: its first process.
        idle_megabytes: memory before the first request.
    """

    guarded: bool
    url: str
    process: "subprocess.Popen[bytes]"
    idle_megabytes: float

    def post(self, body: Body) -> Run:
        """Sends a body and reads the answer."""
        headers = {"Content-Type": CSV, options.HEADER: f"{options.RETURN_KEY}=added"}
        started = time.perf_counter()
        with sampling(self.process) as peak:
            answer = httpx.post(f"{self.url}/invocations", content=body.content, headers=headers, timeout=3600)
        seconds = time.perf_counter() - started
        if answer.status_code != 200:
            raise SystemExit(f"HTTP {answer.status_code}: {answer.text[:300]}")
        table = list(csv.DictReader(io.StringIO(answer.text, newline="")))
        return Run(
            rows=[(row[PREDICTION], row[PREDICTION_ERROR]) for row in table],
            in_order=[row[ROW_NUMBER] for row in table] == [str(row) for row in range(body.rows)],
            seconds=seconds,
            megabytes=peak.bytes / 1e6,
        )


def honest_molecules(rows: int) -> list[str]:
    """SMILES of ordinary compounds: public reference data beside the clone, else the example data, repeated."""
    reference = ROOT.parent / "shared" / "data" / "rdkit" / "first_5K.smi"
    if reference.is_file():
        texts = [line.split()[0] for line in reference.read_text().splitlines() if line.strip()]
    else:
        with SOLUBILITY_DATA.open() as source:
            texts = [row["smiles"] for row in csv.DictReader(source)]
    molecules = ((text, Chem.MolFromSmiles(text)) for text in texts)
    usable = [text for text, found in molecules if found is not None and found.GetNumAtoms() <= LARGEST_HONEST]
    return [usable[row % len(usable)] for row in range(rows)]


def bodies(rows: int, seed: int) -> tuple[Body, Body]:
    """The clean request, and the same with a hostile molecule at one place in `HOSTILE_SHARE`."""
    draw = random.Random(seed)  # noqa: S311 - a reproducible sample
    honest = honest_molecules(rows)
    usable = [molecule for molecule in hostile_molecules() if _has_utf8(molecule.text)]
    draw.shuffle(usable)
    places = sorted(draw.sample(range(rows), max(1, rows // HOSTILE_SHARE)))
    hostile = {place: usable[number % len(usable)] for number, place in enumerate(places)}
    mixed = [hostile[row].text if row in hostile else text for row, text in enumerate(honest)]
    return Body(content=as_csv(honest), rows=rows), Body(content=as_csv(mixed), rows=rows, hostile=hostile)


def _has_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_csv(smiles: list[str]) -> bytes:
    """A CSV body; every cell is quoted, as some hold line ends."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([ROW_NUMBER, SMILES])
    writer.writerows(enumerate(smiles))
    return text.getvalue().encode()


@contextlib.contextmanager
def target(model_dir: Path, limits: Limits, *, guarded: bool) -> Iterator[Target]:
    """Runs a server around a bundle."""
    variables = {
        environment.WORKERS: str(WORKERS),
        environment.REQUEST_SECONDS: "3500",
        environment.ROW_SECONDS: str(limits.seconds),
        environment.ROW_MEMORY_MEGABYTES: str(limits.megabytes),
    }
    with serving(model_dir, variables) as served:
        idle = pss_bytes([served.process]) / 1e6
        yield Target(guarded=guarded, url=served.url, process=served.process, idle_megabytes=idle)


def must_fail(molecule: HostileMolecule, *, guarded: bool) -> bool:
    """Whether a row of this molecule has to come back with a reason."""
    if guarded:
        return molecule.expected == "reason"
    return molecule.unguarded == "none" or molecule.name in NEVER_ENDS


def judge(served: Target, body: Body, clean: Run, hostile: Run, limits: Limits) -> dict[str, bool]:
    """Promise → whether it was kept."""
    honest = [row for row in range(body.rows) if row not in body.hostile]
    failing = [row for row, molecule in body.hostile.items() if must_fail(molecule, guarded=served.guarded)]
    most_seconds = OVERHEAD * clean.seconds + (0 if served.guarded else limits.seconds * harmful(body))
    most_megabytes = served.idle_megabytes + WORKERS * limits.megabytes
    report("clean", clean)
    report("hostile", hostile)
    print(f"    at most {most_seconds:.1f} s, {most_megabytes:.0f} MB; reasons of the hostile rows:", end=" ")
    print(counted([hostile.rows[row][1] for row in body.hostile]))
    return {
        f"{body.rows} rows back, in order": clean.in_order and hostile.in_order,
        "no honest row has a reason": all(run.rows[row][1] == "" for run in (clean, hostile) for row in honest),
        "honest values as in the clean run, byte for byte": all(clean.rows[row] == hostile.rows[row] for row in honest),
        f"each of the {len(failing)} rows that must fail has a reason": all(hostile.rows[row][1] for row in failing),
        "memory under the configured cap": max(clean.megabytes, hostile.megabytes) <= most_megabytes,
        f"no longer than {OVERHEAD} x clean + the hostile rows' limits": hostile.seconds <= most_seconds,
    }


def harmful(body: Body) -> int:
    """Rows that may use up their limit."""
    return sum(molecule.unguarded in ("hang", "gigabytes", "crash") for molecule in body.hostile.values())


def report(name: str, run: Run) -> None:
    """Prints what a run took."""
    print(f"    {name:<8}{run.seconds:>8.2f} s {run.megabytes:>7.0f} MB")


def counted(reasons: list[str]) -> str:
    """How often each first word came."""
    words = [reason.partition(":")[0] or "none" for reason in reasons]
    return ", ".join(f"{word} {words.count(word)}" for word in sorted(set(words)))


@click.command(help=__doc__)
@click.option("--rows", default=10_000, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--row-seconds", default=3.0, show_default=True)
@click.option("--row-megabytes", default=512, show_default=True)
@click.option("--model", type=click.Choice([BUILT_IN, TRUSTING, "both"]), default="both", show_default=True)
def main(rows: int, rounds: int, row_seconds: float, row_megabytes: int, model: str) -> None:
    """Runs the rounds, prints a line for each promise."""
    limits = Limits(seconds=row_seconds, megabytes=row_megabytes)
    figures = Figures()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        models = {
            BUILT_IN: unpacked(SOLUBILITY_BUNDLE, folder / BUILT_IN),
            TRUSTING: script_model(TRUSTING_SCRIPT, folder / TRUSTING, golden=TRUSTING_GOLDEN),
        }
        targets = {
            name: stack.enter_context(target(model_dir, limits, guarded=name == BUILT_IN))
            for name, model_dir in models.items()
            if model in (name, "both")
        }
        for number in range(rounds):
            clean_body, hostile_body = bodies(rows, seed=number)
            for name, served in targets.items():
                print(f"round {number}, {name}: {len(hostile_body.hostile)} hostile rows of {rows}")
                clean, hostile = served.post(clean_body), served.post(hostile_body)
                for promise, kept in judge(served, hostile_body, clean, hostile, limits).items():
                    figures.promise(f"round {number}, {name}: {promise}", kept)
                took = f"clean {clean.seconds:.1f} s, {clean.megabytes:.0f} MB; hostile {hostile.megabytes:.0f} MB"
                figures.seen(f"round {number}, {name}: the hostile request", hostile.seconds, unit="s", note=took)
    sys.exit(figures.exit_status())


if __name__ == "__main__":
    csv.field_size_limit(10**8)
    RDLogger.DisableLog("rdApp.*")
    main()
