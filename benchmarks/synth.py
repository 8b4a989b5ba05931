"""What it costs to synthesize 1, 10, 50 and 100 declared endpoints, each in a fresh process.

    .venv/bin/python -m benchmarks.synth [COUNT ...]

Runs `app.py` as the CDK CLI does, on mixed kinds; prints wall seconds, CPU seconds (Python and Node.js together), the
peak of both processes' resident memory, and what one more endpoint costs. The bound for 100: 60 s and 1.5 GiB.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from benchmarks.figures import Figures

ROOT = Path(__file__).parents[1]
COUNTS = (1, 10, 50, 100)
BOUND_SECONDS, BOUND_GIB = 60, 1.5
LINKED = (
    "app.py",
    "cdk.json",
    "chem_endpoints",
    "constructs_lib",
    "container",
    "model_scripts",
    "requirements",
    "stacks",
)
SAMPLING_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One run."""

    endpoints: int
    seconds: float
    cpu_seconds: float
    peak_mib: float


def declarations(count: int) -> Iterator[dict[str, Any]]:
    """Endpoints of every kind in turn, with the parts that cost most: scaling, guardrails, capture, schedules."""
    instance = {"instance_type": "ml.c7i.xlarge"}
    hours = [{"name": "opens", "cron": "0 7 ? * MON-FRI *", "timezone": "Europe/Zurich", "min": 2, "max": 4}]
    servings = (
        {
            "kind": "realtime",
            **instance,
            "scaling": {"min": 2, "max": 4, "invocations_per_instance": 600, "schedule": hours},
            "capture": {"percent": 10},
            "deployment": {"strategy": "canary"},
        },
        {"kind": "async", **instance, "scaling": {"max": 4}, "deployment": {"strategy": "linear"}},
        {"kind": "serverless", "provisioned_concurrency": 2, "scaling": {"max": 4}},
        {"kind": "inference_component", **instance, "deployment": {"strategy": "rolling"}},
    )
    model = {"artifact": "s3://models/logs-v1.tar.gz", "sha256": "a" * 64}
    for number in range(count):
        serving = servings[number % len(servings)]
        yield {"name": f"endpoint-{number:03}", "owner": "benchmark", "model": model, "serving": serving}


def clone(folder: Path, count: int) -> None:
    """A repository of ``count`` endpoints, which borrows everything else from this one."""
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    (folder / "app.py").unlink()
    # The app takes the folder that its file lies in for the repository.
    (folder / "app.py").write_bytes((ROOT / "app.py").read_bytes())
    stage = {
        "account": "111122223333",
        "region": "eu-central-1",
        "images": "source",
        "components_reach_zero_instances": True,
    }
    (folder / "stages.yaml").write_text(yaml.safe_dump({"local": stage}), encoding="utf-8")
    (folder / "images.yaml").write_text("{}\n", encoding="utf-8")
    (folder / "endpoints").mkdir()
    for declared in declarations(count):
        (folder / "endpoints" / f"{declared['name']}.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")


def synthesize(count: int) -> Measured:
    """Runs the app once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clone(folder, count)
        settings = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
        variables = {
            **os.environ,
            "CDK_CONTEXT_JSON": json.dumps(settings),
            "CDK_OUTDIR": str(folder / "cdk.out"),
            "PYTHONPATH": str(folder),
        }
        started = time.perf_counter()
        process = psutil.Popen([sys.executable, "app.py"], cwd=folder, env=variables)
        peak, cpu = 0.0, 0.0
        while process.poll() is None:
            resident, used = _now(process)
            peak, cpu = max(peak, resident), max(cpu, used)
            time.sleep(SAMPLING_SECONDS)
        seconds = time.perf_counter() - started
        if process.returncode:
            sys.exit(f"the app failed with status {process.returncode}")
        written = len(list((folder / "cdk.out").glob("ChemEndpoints-endpoint-*.template.json")))
        if written != count:
            sys.exit(f"{written} templates instead of {count}")
    return Measured(endpoints=count, seconds=seconds, cpu_seconds=cpu, peak_mib=peak / 2**20)


def _now(process: psutil.Popen) -> tuple[float, float]:
    """Resident bytes and CPU seconds of the process and its children, at this moment."""
    resident = used = 0.0
    try:
        for each in (process, *process.children(recursive=True)):
            with each.oneshot():
                times = each.cpu_times()
                resident += each.memory_info().rss
                used += times.user + times.system
    except psutil.NoSuchProcess:
        return 0.0, 0.0
    return resident, used


def main(counts: tuple[int, ...]) -> int:
    """Measures and prints the table; returns the exit status."""
    runs = [synthesize(count) for count in counts]
    print(
        "| endpoints | seconds | CPU seconds | peak MiB | CPU seconds per further endpoint | MiB per further endpoint |"
    )
    print("|---:|---:|---:|---:|---:|---:|")
    for before, run in zip([None, *runs], runs, strict=False):
        more = run.endpoints - before.endpoints if before else 0
        slope = f"{(run.cpu_seconds - before.cpu_seconds) / more:.2f}" if before and more else ""
        memory = f"{(run.peak_mib - before.peak_mib) / more:.1f}" if before and more else ""
        print(
            f"| {run.endpoints} | {run.seconds:.1f} | {run.cpu_seconds:.1f} | {run.peak_mib:.0f} | {slope} | {memory} |"
        )
    largest = runs[-1]
    figures = Figures()
    what = f"synthesis of {largest.endpoints} endpoints"
    figures.at_most(f"{what}: time", largest.seconds, BOUND_SECONDS, unit="s", note=f"{largest.cpu_seconds:.0f} CPU s")
    figures.at_most(f"{what}: peak memory of both processes", largest.peak_mib / 1024, BOUND_GIB, unit="GiB")
    return figures.exit_status()


if __name__ == "__main__":
    sys.exit(main(tuple(map(int, sys.argv[1:])) or COUNTS))
