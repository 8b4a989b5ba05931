"""The benchmarks: what each measures, for whom, with which arguments, and what it needs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shutil import which
from types import MappingProxyType

ROOT = Path(__file__).parents[2]


class Reader(StrEnum):
    """Whom a figure is for; also the sections of the page, in this order."""

    PLATFORM = "platform engineers"
    CHEMIST = "chemists"
    MAINTAINER = "maintainers"


class Need(StrEnum):
    """What has to be there beside this repository's environment."""

    PEERS = "a package index on the first run, for the peers' packages"
    WRK = "wrk; nginx for side (a)"
    CDK = "the CDK CLI (make setup)"
    IMAGES = "podman and the built images (make image)"
    TABLE = "a table of measured values: make bench TABLE=FILE"


PRESENT: Mapping[Need, Callable[[], bool]] = MappingProxyType(
    {
        Need.WRK: lambda: which("wrk") is not None,
        Need.CDK: lambda: (ROOT / "node_modules" / ".bin" / "cdk").exists(),
        Need.IMAGES: lambda: which("podman") is not None or which("docker") is not None,
    }
)
"""Need → whether it is there. What is not listed shows only in the run."""


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One benchmark.

    Attributes:
        key: its name for ``make bench ONLY=…``, and of its file of results.
        module: run with ``python -m``.
        full, quick: arguments; the quick ones show that everything runs, and give rougher figures.
        measures: in words.
        reader: whom it is for.
        minutes: that a full run takes on two idle cores.
        needs: what must be there.
    """

    key: str
    module: str
    measures: str
    reader: Reader
    minutes: int
    full: Sequence[str] = ()
    quick: Sequence[str] = ()
    needs: Sequence[Need] = ()

    def missing(self, table: Path | None) -> list[Need]:
        """Needs that are not met.

        Args:
            table: of measured values, if there is one.
        """
        absent = [need for need in self.needs if need in PRESENT and not PRESENT[need]()]
        return [*absent, Need.TABLE] if Need.TABLE in self.needs and table is None else absent


ACCURACY = ("--smiles", "smiles", "--target", "measured log solubility in mols per litre")
"""Columns of the ESOL table (J. S. Delaney, J. Chem. Inf. Comput. Sci. 2004, 44, 1000) as MoleculeNet hands it out."""

BENCHMARKS = (
    Benchmark(
        key="throughput",
        module="benchmarks.throughput",
        measures="requests per second, latency and processor time a request, beside the usual stacks",
        reader=Reader.PLATFORM,
        minutes=25,
        quick=("--quick",),
        needs=(Need.PEERS, Need.WRK),
    ),
    Benchmark(
        key="memory",
        module="benchmarks.memory",
        measures="idle memory with one worker and with two, beside one uvicorn worker",
        reader=Reader.PLATFORM,
        minutes=2,
        quick=("--rounds", "1"),
        needs=(Need.PEERS,),
    ),
    Benchmark(
        key="cold_start",
        module="benchmarks.cold_start",
        measures="process start to the first 200 of `/ping`",
        reader=Reader.PLATFORM,
        minutes=3,
        quick=("--rounds", "3"),
        needs=(Need.PEERS,),
    ),
    Benchmark(
        key="image_start",
        module="benchmarks.image_start",
        measures="the same of a container, from the engine's run command",
        reader=Reader.PLATFORM,
        minutes=5,
        quick=("--rounds", "3"),
        needs=(Need.IMAGES,),
    ),
    Benchmark(
        key="overload",
        module="benchmarks.overload",
        measures="goodput and refusals when ten times more is asked than the server can do",
        reader=Reader.PLATFORM,
        minutes=4,
        quick=("--rounds", "1", "--seconds", "10", "--ramp-seconds", "5"),
    ),
    Benchmark(
        key="ping",
        module="benchmarks.ping_under_bodies",
        measures="`/ping` while every worker predicts, and while large bodies pour in",
        reader=Reader.PLATFORM,
        minutes=5,
        quick=("--pings", "1000", "--clients", "16"),
    ),
    Benchmark(
        key="large_csv",
        module="benchmarks.large_csv",
        measures="memory and order of the rows of a CSV of 1 GB",
        reader=Reader.PLATFORM,
        minutes=2,
        quick=("--megabytes", "100"),
    ),
    Benchmark(
        key="local_aws",
        module="benchmarks.local_aws",
        measures="what the local AWS costs: a deployment, an invocation, 200 at once, memory",
        reader=Reader.PLATFORM,
        minutes=3,
        quick=("--rounds", "100"),
        needs=(Need.CDK,),
    ),
    Benchmark(
        key="synth",
        module="benchmarks.synth",
        measures="time and memory of synthesizing up to 100 declared endpoints",
        reader=Reader.PLATFORM,
        minutes=3,
        quick=("1", "10"),
        needs=(Need.CDK,),
    ),
    Benchmark(
        key="client",
        module="benchmarks.client",
        measures="rows per second beside 100-row requests over 20 ms a round trip, one warm row, the import",
        reader=Reader.CHEMIST,
        minutes=4,
        quick=("--rounds", "1"),
    ),
    Benchmark(
        key="client_batch",
        module="benchmarks.client_batch",
        measures="`Endpoint.batch` over 1 000 000 rows of 100 columns: peak memory, rows per second",
        reader=Reader.CHEMIST,
        minutes=5,
        quick=("--rows", "200000"),
    ),
    Benchmark(
        key="isolation",
        module="benchmarks.isolation",
        measures="calls and time of the search for rows that break a request, in simulated time",
        reader=Reader.CHEMIST,
        minutes=1,
        quick=("--placements", "20"),
    ),
    Benchmark(
        key="descriptors_2d",
        module="benchmarks.descriptors_2d",
        measures="the served 2D endpoint with two workers beside the libraries called one molecule after another",
        reader=Reader.CHEMIST,
        minutes=1,
        quick=("--rounds", "3", "--molecules", "300"),
    ),
    Benchmark(
        key="conformers",
        module="benchmarks.conformers",
        measures="3D embedding, one worker beside two",
        reader=Reader.CHEMIST,
        minutes=2,
        quick=("--rounds", "1", "--conformers", "5"),
    ),
    Benchmark(
        key="fingerprints",
        module="benchmarks.fingerprints",
        measures="Morgan counts per second of a core",
        reader=Reader.CHEMIST,
        minutes=1,
        quick=("--rounds", "3"),
    ),
    Benchmark(
        key="chemprop_forward",
        module="benchmarks.chemprop_forward",
        measures="ChemProp without the Trainer beside the Trainer",
        reader=Reader.CHEMIST,
        minutes=2,
        quick=("--rounds", "3"),
    ),
    Benchmark(
        key="accuracy_xgboost",
        module="benchmarks.accuracy",
        measures="errors of XGBoost on compounds held out, at random and by scaffold, and how often the interval holds",
        reader=Reader.CHEMIST,
        minutes=15,
        full=(
            *ACCURACY,
            "--most-rmse",
            "random",
            "0.64",
            "--most-rmse",
            "scaffold",
            "0.95",
            "--coverage",
            "0.87",
            "0.94",
            "--most-width",
            "2.4",
        ),
        quick=(*ACCURACY, "--seeds", "1"),
        needs=(Need.TABLE,),
    ),
    Benchmark(
        key="accuracy_chemprop",
        module="benchmarks.accuracy",
        measures="the same of ChemProp, an ensemble of three",
        reader=Reader.CHEMIST,
        minutes=60,
        full=(*ACCURACY, "--family", "chemprop", "--most-rmse", "random", "0.70"),
        quick=(*ACCURACY, "--family", "chemprop", "--seeds", "1", "--members", "1", "--folds", "0"),
        needs=(Need.TABLE,),
    ),
    Benchmark(
        key="hostile",
        module="benchmarks.hostile",
        measures="10 000 rows with 1 % hostile molecules beside the same without",
        reader=Reader.MAINTAINER,
        minutes=10,
        quick=("--rows", "1000", "--rounds", "1"),
    ),
    Benchmark(
        key="fuzz",
        module="benchmarks.fuzz",
        measures="memory, workers and answers under 100 000 strange requests",
        reader=Reader.MAINTAINER,
        minutes=25,
        quick=("--requests", "5000", "--warm-up", "2000"),
    ),
    Benchmark(
        key="sigterm",
        module="benchmarks.sigterm",
        measures="SIGTERM at random moments while clients keep sending",
        reader=Reader.MAINTAINER,
        minutes=30,
        quick=("--times", "10"),
    ),
    Benchmark(
        key="job_kills_async",
        module="benchmarks.job_kills",
        measures="kill -9 at random points of an async job of 100 000 rows, then resume",
        reader=Reader.MAINTAINER,
        minutes=50,
        quick=("--times", "5"),
    ),
    Benchmark(
        key="job_kills_realtime",
        module="benchmarks.job_kills",
        measures="the same on a real-time endpoint",
        reader=Reader.MAINTAINER,
        minutes=50,
        full=("--kind", "realtime"),
        quick=("--times", "5", "--kind", "realtime"),
    ),
)
BY_KEY: Mapping[str, Benchmark] = MappingProxyType({benchmark.key: benchmark for benchmark in BENCHMARKS})
