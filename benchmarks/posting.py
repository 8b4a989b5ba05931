"""Clients that post one body again and again, in a process of lower priority than the server's.

    nice -n 10 .venv/bin/python -m benchmarks.posting PORT CLIENTS BODY_FILE

is what `posting` starts; it posts until its standard input ends, then writes the number of answers by status as JSON.
"""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
BROKEN = "broken off"
SECONDS_AFTER_REFUSAL = 1.0
"""What Retry-After asks for."""
TIMEOUT_SECONDS = 600


@contextlib.contextmanager
def posting(port: int, *, clients: int, body: Path) -> Iterator[Counter[str]]:
    """Posts as long as the block lasts; the counts by status are there when it has ended.

    Args:
        port: of the server on 127.0.0.1.
        clients: requests under way at any time.
        body: file of a CSV body.
    """
    counts: Counter[str] = Counter()
    command = ["nice", "-n", "10", sys.executable, "-m", "benchmarks.posting", str(port), str(clients), str(body)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield counts
    finally:
        written, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"the clients ended with status {process.returncode}")
    counts.update(json.loads(written))


def main(port: int, clients: int, body: bytes) -> None:
    """Posts until standard input ends; requests that are under way then are given up."""
    counts: Counter[str] = Counter()
    for _ in range(clients):
        threading.Thread(target=_post_for_ever, args=(port, body, counts), daemon=True).start()
    sys.stdin.read()
    json.dump(dict(counts), sys.stdout)
    sys.stdout.flush()
    os._exit(0)


def _post_for_ever(port: int, body: bytes, counts: Counter[str]) -> None:
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", "/invocations", body, {"Content-Type": "text/csv"})
            answer = connection.getresponse()
            while answer.read(2**20):
                pass
            counts[str(answer.status)] += 1
            if answer.status != 200:
                time.sleep(SECONDS_AFTER_REFUSAL)
        except (OSError, http.client.HTTPException):
            counts[BROKEN] += 1
            time.sleep(SECONDS_AFTER_REFUSAL)
        finally:
            connection.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]).read_bytes())
