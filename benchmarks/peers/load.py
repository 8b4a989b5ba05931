"""The load generator: wrk with a script that cycles through distinct bodies and lets the last answers arrive."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.errors import SideError
from benchmarks.peers.payloads import Payload

DRAIN_SECONDS = 3
"""Time after the last question in which its answer is waited for: then no work is left over for the next turn,
and the processor time divides by the requests that it was spent on."""

ERRORS = ("connect", "read", "write", "status", "timeout")
"""What wrk counts, in the order in which the script prints it."""

SCRIPT = """
local ffi = require("ffi")
ffi.cdef "typedef struct {{ long seconds; long microseconds; }} moment; int gettimeofday(moment *, void *);"
local moment = ffi.new("moment")
local function now()
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment.seconds) + tonumber(moment.microseconds) / 1e6
end

local questions, deadline, driver = {{}}, nil, nil
issued = 0

function setup(thread) driver = thread end

function init(arguments)
  local headers = {headers}
  for number = 0, {count} - 1 do
    local file = assert(io.open("{folder}/" .. number, "rb"))
    questions[number] = wrk.format("POST", "/invocations", headers, file:read("*a"))
    file:close()
  end
end

function request()
  issued = issued + 1
  return questions[issued % {count}]
end

function delay()
  deadline = deadline or now() + {seconds}
  return now() < deadline and 0 or 1e9
end

function done(summary, latency)
  local errors = summary.errors
  -- wrk itself asks for one request before the start, to look at it
  print(string.format(
    'RESULT {{"issued": %d, "completed": %d, "p50_ms": %f, "p99_ms": %f, "errors": [%d, %d, %d, %d, %d]}}',
    driver:get("issued") - 1, summary.requests, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
"""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a load saw; every answer had status 200.

    Attributes:
        completed: requests that were answered.
        unanswered: requests that were still open `DRAIN_SECONDS` after the last question.
        per_second: requests per second in which questions were asked.
        p50_ms: median latency.
        p99_ms: the 99th percentile.
    """

    completed: int
    unanswered: int
    per_second: float
    p50_ms: float
    p99_ms: float


def write_bodies(bodies: Sequence[Payload], folder: Path) -> None:
    """Writes the bodies where `apply_load` reads them."""
    folder.mkdir()
    for number, payload in enumerate(bodies):
        (folder / str(number)).write_bytes(payload.body)


def apply_load(port: int, bodies: Sequence[Payload], folder: Path, *, concurrency: int, seconds: float) -> Load:
    """Asks for ``seconds`` over ``concurrency`` connections, and waits for the last answers.

    Raises:
        SideError: a request failed, or none was answered.
    """
    script = folder.with_suffix(".lua")
    headers = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in bodies[0].form.headers.items())
    script.write_text(
        SCRIPT.format(headers=f"{{{headers}}}", count=len(bodies), folder=folder.as_posix(), seconds=seconds)
    )
    duration = f"{round(seconds) + DRAIN_SECONDS}s"
    options = ["--threads", "1", "--connections", str(concurrency), "--duration", duration, "--timeout", "60s"]
    url = f"http://127.0.0.1:{port}"
    output = subprocess.run(["wrk", *options, "--script", script, url], check=True, capture_output=True, text=True)
    line = next(line for line in output.stdout.splitlines() if line.startswith("RESULT "))
    result = json.loads(line.removeprefix("RESULT "))
    completed = result["completed"]
    if any(result["errors"]) or not completed:
        counts = ", ".join(f"{count} {kind}" for kind, count in zip(ERRORS, result["errors"], strict=True))
        raise SideError(f"requests failed under load: {counts}; {completed} completed")
    return Load(
        completed=completed,
        unanswered=result["issued"] - completed,
        per_second=completed / seconds,
        p50_ms=result["p50_ms"],
        p99_ms=result["p99_ms"],
    )
