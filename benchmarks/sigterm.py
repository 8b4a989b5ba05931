"""SIGTERM at random moments while clients keep sending: what is owed an answer gets it, and the server is gone in time.

    .venv/bin/python -m benchmarks.sigterm [--times 200] [--from 0] [--seed 1]

Each round starts a server around a script that sleeps, lets clients send requests of 0.05 to 3 s on fresh connections
and sends SIGTERM at a moment drawn by seed and round. In every tenth round one client sends requests of 40 s, which
cannot finish in the 25 s that are left. PASS, in every round:

- a request that was on its way before SIGTERM and can finish within 25 s gets its 200; one that cannot, a 503 (JSON);
- one on a connection made after SIGTERM gets its 200 or a 503, or the connection is refused;
- no answer is cut; the server exits within 27 s, with code 0.

A part of the rounds can be run at a time: ``--from 60 --times 20`` runs rounds 60 to 79.
"""

import asyncio
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import click

from benchmarks.figures import Figures
from benchmarks.served import Served, script_model, serving
from chem_endpoints.wire import environment
from chem_endpoints.wire.manifest import GoldenRows

CLIENTS = 6
WORKERS = 2
SHORT_SECONDS, LONG_SECONDS = (0.05, 3.0), 40.0
LATEST_SIGTERM = 2.5
ROUNDS_PER_LONG_ONE = 10
DRAIN_SECONDS, EXIT_SECONDS = 25.0, 27.0
HANGING_SECONDS = 45.0
"""A client that has no answer by then never gets one."""

SCRIPT = """
import time

def model_fn(model_dir):
    return None

def predict_fn(df, model):
    for text in df["smiles"]:
        time.sleep(float(text))
    return df.assign(prediction=1.0)
"""
GOLDEN = GoldenRows(input={"smiles": ["0"]}, output={"prediction": [1.0]}, relative_tolerance=1e-6)
UNHURRIED = {environment.WORKERS: str(WORKERS), environment.ROW_SECONDS: "60"}


class Ending(StrEnum):
    """How a request ended."""

    ANSWERED = "200"
    DRAINED = "503"
    REFUSED = "refused"
    RESET = "reset before any byte of an answer"
    CUT = "cut"
    WRONG = "another answer"
    HANGING = "no answer"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One request; moments are seconds of the monotonic clock.

    Attributes:
        seconds: how long the model sleeps on it.
        moment: when its connection was there, or refused.
        ending: how it ended.
        status: of the answer, if there was one.
    """

    seconds: float
    moment: float
    ending: Ending
    status: str = ""


@dataclass(frozen=True, kw_only=True)
class Round:
    """What one SIGTERM came to.

    Attributes:
        number: of the round.
        terminated: when the signal was sent.
        exit_seconds: from the signal to the exit.
        exit_code: of the server.
        sent: the requests.
    """

    number: int
    terminated: float
    exit_seconds: float
    exit_code: int
    sent: Sequence[Sent]

    def broken_promises(self) -> list[str]:
        """What should not have happened, in words."""
        broken = [told for request in self.sent if (told := broken_promise(request, self.terminated))]
        if self.exit_seconds > EXIT_SECONDS:
            broken.append(f"exit after {self.exit_seconds:.1f} s")
        if self.exit_code != 0:
            broken.append(f"exit code {self.exit_code}")
        return broken


def broken_promise(request: Sent, terminated: float) -> str | None:
    """What is wrong with how a request ended; ``None``: nothing."""
    before = request.moment <= terminated
    if not before:
        allowed = {Ending.ANSWERED, Ending.DRAINED, Ending.REFUSED, Ending.RESET}
    elif request.seconds > DRAIN_SECONDS + LATEST_SIGTERM:
        allowed = {Ending.DRAINED}
    else:
        allowed = {Ending.ANSWERED}
    if request.ending in allowed:
        return None
    return f"{request.seconds:.2f} s, sent {'before' if before else 'after'} SIGTERM: {request.ending} {request.status}"


@click.command()
@click.option("--times", default=200, show_default=True, help="Rounds to run.")
@click.option("--from", "first", default=0, show_default=True, help="Number of the first round.")
@click.option("--seed", default=1, show_default=True)
def main(times: int, first: int, seed: int) -> None:
    """Runs the rounds and prints PASS or FAIL; the exit status is 1 on FAIL."""
    endings: Counter[str] = Counter()
    failures: list[str] = []
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        model = script_model(SCRIPT, Path(folder), golden=GOLDEN)
        for number in range(first, first + times):
            done = _round(model, number, random.Random(f"{seed}-{number}"))  # noqa: S311 - moments, not secrets
            broken = done.broken_promises()
            failures += [f"round {number}: {told}" for told in broken]
            endings.update(request.ending for request in done.sent)
            slowest = max(slowest, done.exit_seconds)
            print(f"round {number}: {len(done.sent)} requests, exit in {done.exit_seconds:.1f} s", file=sys.stderr)
    print(f"{times} x SIGTERM: " + ", ".join(f"{count} x {ending}" for ending, count in endings.most_common()))
    print("\n".join(failures[:20]))
    figures = Figures()
    figures.at_most("broken promises", len(failures), 0, note=f"{times} x SIGTERM, {endings.total()} requests")
    figures.at_most("slowest exit", slowest, EXIT_SECONDS, unit="s")
    sys.exit(figures.exit_status())


def _round(model: Path, number: int, drawn: random.Random) -> Round:
    with serving(model, UNHURRIED) as served:
        return asyncio.run(_terminated(served, number, drawn))


async def _terminated(served: Served, number: int, drawn: random.Random) -> Round:
    """Sends SIGTERM in the midst of requests."""
    long = number % ROUNDS_PER_LONG_ONE == ROUNDS_PER_LONG_ONE - 1
    pace = [random.Random(drawn.random()) for _ in range(CLIENTS)]  # noqa: S311
    clients = [asyncio.create_task(_send_until_refused(served.port, own, long=long and own is pace[0])) for own in pace]
    await asyncio.sleep(drawn.uniform(0.1, LATEST_SIGTERM))
    terminated = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    exit_code = await asyncio.to_thread(_exit_code, served)
    exit_seconds = time.monotonic() - terminated
    sent = [request for each in await asyncio.gather(*clients) for request in each]
    return Round(number=number, terminated=terminated, exit_seconds=exit_seconds, exit_code=exit_code, sent=sent)


def _exit_code(served: Served) -> int:
    try:
        return served.process.wait(HANGING_SECONDS)
    except subprocess.TimeoutExpired:
        served.process.kill()
        return served.process.wait()


async def _send_until_refused(port: int, drawn: random.Random, *, long: bool) -> list[Sent]:
    """Request after request, with pauses, until nobody listens any more."""
    sent: list[Sent] = []
    while not sent or sent[-1].ending is not Ending.REFUSED:
        seconds = LONG_SECONDS if long else drawn.uniform(*SHORT_SECONDS)
        sent.append(await _send(port, seconds))
        await asyncio.sleep(drawn.uniform(0, 0.1))
    return sent


async def _send(port: int, seconds: float) -> Sent:
    body = f"smiles\n{seconds:.3f}\n".encode()
    head = f"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: {len(body)}\r\n"
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return Sent(seconds=seconds, moment=time.monotonic(), ending=Ending.REFUSED)
    connected = time.monotonic()
    received, status = b"", ""
    try:
        async with asyncio.timeout(HANGING_SECONDS):
            writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
            await writer.drain()
            while more := await reader.read(65_536):
                received += more
        ending, status = ending_of(received)
    except TimeoutError:
        ending = Ending.HANGING
    except OSError:
        ending = Ending.CUT if received else Ending.RESET
    finally:
        writer.close()
    return Sent(seconds=seconds, moment=connected, ending=ending, status=status)


def ending_of(received: bytes) -> tuple[Ending, str]:
    """What everything that came on a connection amounts to, now that the server has closed it, and the status."""
    if not received:
        return Ending.RESET, ""
    head, _, body = received.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    status = line.split(" ")[1]
    if f"content-length: {len(body)}" not in map(str.lower, lines):
        return Ending.CUT, status
    if status == "200" and body.count(b"\n") == 2:
        return Ending.ANSWERED, status
    return (Ending.DRAINED if status == "503" and _is_error(body) else Ending.WRONG), status


def _is_error(body: bytes) -> bool:
    try:
        return set(json.loads(body)) >= {"code", "message"}
    except ValueError:
        return False


if __name__ == "__main__":
    main()
