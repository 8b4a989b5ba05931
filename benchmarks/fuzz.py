"""Does the server keep its memory, its workers and its word under 100 000 strange requests?

    .venv/bin/python -m benchmarks.fuzz [--requests 100000] [--warm-up 20000] [--seed 1]
    .venv/bin/python -m benchmarks.fuzz --schemathesis [--examples 500]

The first sends seeded requests (tests/support/fuzzed_bodies.py) to a real server process with two workers and the
solubility model, over four connections, and compares the resident memory of its processes, summed, after the warm-up
and at the end. The second lets schemathesis read /openapi.json and try to make a liar of it. Exit status 1 on FAIL.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from benchmarks.figures import Figures  # noqa: E402
from chem_endpoints.wire.bundle import unpack  # noqa: E402
from fuzz_campaign import CHECKS, Tally, campaign, run_schemathesis  # noqa: E402
from server_processes import Server, starting  # noqa: E402

BUNDLE = ROOT / "examples/bundles/logs-v1.tar.gz"
MOST_GROWTH_MEGABYTES = 8.0
PART = 5_000
"""Requests between two lines of progress."""


def main() -> int:
    """Runs what the command line asks for; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000, help="requests after the warm-up")
    parser.add_argument("--warm-up", type=int, default=20_000, help="requests before memory is looked at")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--schemathesis", action="store_true", help="run schemathesis instead")
    parser.add_argument("--examples", type=int, default=500, help="of schemathesis, for each operation")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, starting(Path(folder)) as start:
        unpack(BUNDLE, Path(folder) / "model")
        server = start(Path(folder) / "model")
        if arguments.schemathesis:
            told = run_schemathesis(server.port, examples=arguments.examples, seed=arguments.seed, folder=Path(folder))
            print(told.stdout)
            figures = Figures()
            figures.promise(f"schemathesis finds nothing ({CHECKS})", told.returncode == 0)
            return figures.exit_status()
        return fuzz(server, requests=arguments.requests, warm_up=arguments.warm_up, seed=arguments.seed)


def fuzz(server: Server, *, requests: int, warm_up: int, seed: int) -> int:
    """Sends the requests and prints what came of it."""
    before = server.client.get("/health").json()
    sent_in_parts(server, seed=seed, first=0, last=warm_up)
    warm = resident_bytes(server)
    tally = sent_in_parts(server, seed=seed, first=warm_up, last=warm_up + requests)
    growth = resident_bytes(server) - warm
    after = server.client.get("/health").json()
    for status, times in sorted(tally.statuses.items(), key=str):
        print(f"{status}: {times}")
    print(
        f"rows counted in {tally.rows_checked} answers; {warm / 1e6:.0f} MB after the warm-up, {growth / 1e6:+.1f} MB"
    )
    for complaint in tally.complaints[:20]:
        print(complaint)
    same_workers = before["workers"] == after["workers"]
    figures = Figures()
    figures.promise("no 5xx, no request unanswered, no row lost", not tally.complaints, note=f"{requests:,} requests")
    restarts = after["worker_restarts"] - before["worker_restarts"]
    figures.promise("no worker died", same_workers and not restarts)
    figures.at_most("growth of the summed memory after the warm-up", growth / 1e6, MOST_GROWTH_MEGABYTES, unit="MB")
    return figures.exit_status()


def sent_in_parts(server: Server, *, seed: int, first: int, last: int) -> Tally:
    """Sends the requests from ``first`` up to ``last``, with a line of progress for each part."""
    whole, started = Tally(statuses=Counter()), time.monotonic()
    for start in range(first, last, PART):
        part = campaign(server.port, seed=seed, numbers=range(start, min(start + PART, last)))
        whole.statuses += part.statuses
        whole.complaints += part.complaints
        whole.rows_checked += part.rows_checked
        sent, seconds = min(start + PART, last), time.monotonic() - started
        print(f"{sent} sent, {seconds:.0f} s, {resident_bytes(server) / 1e6:.1f} MB", file=sys.stderr)
    return whole


def resident_bytes(server: Server) -> int:
    """Resident memory of the server and all its processes."""
    root = psutil.Process(server.process.pid)
    return sum(process.memory_info().rss for process in [root, *root.children(recursive=True)])


if __name__ == "__main__":
    sys.exit(main())
