"""Promise: the load test offers what it says, counts what came back, and its exit status tells who failed."""

import itertools
import json
import math
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.load.answers import Outcome, count_rows, judge
from benchmarks.load.engine import offer
from benchmarks.load.payloads import Payload, payloads
from benchmarks.load.schedule import Step, schedule
from benchmarks.load.summary import percentile, summarize
from benchmarks.load.target import Target, find_target
from benchmarks.served import Served, script_model, serving
from chem_endpoints.wire import environment
from chem_endpoints.wire.codec import decode, encode
from chem_endpoints.wire.content_types import CSV, WRITABLE
from chem_endpoints.wire.manifest import GoldenRows

ROOT = Path(__file__).parents[2]
CANARY = "CCOC(=O)CANARY"
SLEEPS = """
import time

def model_fn(model_dir):
    return None

def predict_fn(df, model):
    for text in df["smiles"]:
        time.sleep(0.05 if text == "slow" else 0)
    return df.assign(prediction=1.0)
"""
FROM_503 = "424 from 503 ModelError"
GOLDEN = GoldenRows(input={"smiles": ["C"]}, output={"prediction": [1.0]}, relative_tolerance=1e-6)
STEPS = st.lists(
    st.builds(Step, rate=st.floats(0.01, 500), seconds=st.floats(0.01, 5), counted=st.booleans()),
    min_size=1,
    max_size=5,
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One worker around a script that sleeps on some rows."""
    model = script_model(SLEEPS, tmp_path_factory.mktemp("sleeps"), golden=GOLDEN)
    with serving(model, {environment.WORKERS: "1"}) as running:
        yield running


def load(url: str, *options: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "benchmarks.load", url, *options]
    return subprocess.run(command, cwd=ROOT, env=variables or None, capture_output=True, text=True)


def rows_file(folder: Path, *cells: str) -> str:
    path = folder / "rows.csv"
    path.write_text("\n".join(["smiles", *cells, ""]))
    return str(path)


# The schedule


@given(STEPS)
def test_arrivals_are_evenly_spaced_within_their_step(steps: list[Step]) -> None:
    starts = [0.0, *itertools.accumulate(step.seconds for step in steps)]
    arrivals = list(schedule(steps))
    for number, step in enumerate(steps):
        moments = [arrival.at for arrival in arrivals if arrival.step == number]
        assert len(moments) == step.requests
        assert abs(len(moments) - step.rate * step.seconds) <= 1
        assert moments[0] == pytest.approx(starts[number])
        assert moments[-1] < starts[number + 1] + 1e-6
        gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
        assert gaps == pytest.approx([1 / step.rate] * len(gaps), abs=1e-9)


@given(STEPS)
def test_a_schedule_never_goes_back(steps: list[Step]) -> None:
    moments = [arrival.at for arrival in schedule(steps)]
    assert moments == pytest.approx(sorted(moments), abs=1e-6)


def test_requests_leave_though_none_is_answered() -> None:
    """A closed loop would wait for the first answer, which comes only when all requests are there."""
    requests = 20
    with loopback(together=requests) as stand_in:
        target = Target(url=stand_in.url, headers={"Content-Type": CSV})
        steps = [Step(rate=100, seconds=requests / 100)]
        results = offer(target, [Payload(body=b"smiles\nC\n", rows=1)], steps, seconds_per_request=30)
    assert [result.outcome for result in results] == [Outcome.RIGHT] * requests


# Thresholds and exit status against a real server


def test_kept_thresholds_end_with_status_0(served: Served, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    run = load(
        served.url, "--rate", "10,20", "--seconds", "1", "--warm-up", "0.5", "--p99-ms", "30000", "--json", str(out)
    )
    assert run.returncode == 0, run.stderr
    assert re.findall("PASS|FAIL", run.stdout) == ["PASS"] * 4
    told = json.loads(out.read_text())
    assert told["passed"] is True
    assert [(step["offered"], step["sent"], step["right"]) for step in told["steps"]] == [(10, 10, 10), (20, 20, 20)]


def test_a_broken_threshold_ends_with_status_1(served: Served, tmp_path: Path) -> None:
    run = load(
        served.url, "--payload", rows_file(tmp_path, "slow"), "--seconds", "0.5", "--warm-up", "0", "--p50-ms", "40"
    )
    assert run.returncode == 1
    assert "FAIL  p50 ms" in run.stdout
    assert "PASS  errors %" in run.stdout


def test_refusals_for_overload_are_counted_apart(served: Served, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    options = ["--rate", "200", "--seconds", "1", "--warm-up", "0", "--json", str(out)]
    run = load(served.url, "--payload", rows_file(tmp_path, "slow"), *options)
    (step,) = json.loads(out.read_text())["steps"]
    assert step["refused"] > 0
    assert step["right"] > 0
    assert step["right"] + step["refused"] == step["sent"] == 200
    assert step["errors"] == {}
    assert run.returncode == 1
    assert "FAIL  errors %" in run.stdout


@pytest.mark.parametrize("content_type", WRITABLE)
def test_every_format_is_sent_and_its_answers_counted(served: Served, tmp_path: Path, content_type: str) -> None:
    cells = [f"C{number}" for number in range(7)]
    options = ["--rows", "3", "--content-type", content_type, "--seconds", "0.3", "--warm-up", "0"]
    run = load(served.url, "--payload", rows_file(tmp_path, *cells), *options)
    assert run.returncode == 0, run.stdout + run.stderr


def test_an_answer_without_all_rows_is_an_error() -> None:
    with loopback(answer=b"smiles,prediction\nC,1\n") as stand_in:
        target = Target(url=stand_in.url, headers={"Content-Type": CSV})
        body = Payload(body=b"smiles\nC\nCC\n", rows=2)
        (summary,) = summarize(steps := [Step(rate=5, seconds=1)], offer(target, [body], steps))
    assert (summary.right, summary.errors) == (0, {"200 wrong number of rows": 5})
    assert summary.errors_percent == 100
    assert summary.milliseconds["p50"] == math.inf


def test_a_payload_that_the_model_refuses_is_offered_once(served: Served, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"structure\n{CANARY}\n")
    run = load(served.url, "--payload", str(path))
    assert run.returncode == 1
    assert "the first request failed (422 columns_do_not_match)" in run.stderr
    assert "CANARY" not in run.stdout + run.stderr


def test_no_molecule_is_printed(served: Served, tmp_path: Path) -> None:
    run = load(served.url, "--payload", rows_file(tmp_path, CANARY), "--seconds", "0.2", "--p50-ms", "0")
    assert run.returncode == 1
    assert "CANARY" not in run.stdout + run.stderr


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("localhost:8080", "is no address"),
        ("http://127.0.0.1:9/endpoints/x/invocations", "--payload"),
        ("http://127.0.0.1:9", "is the server up?"),
    ],
)
def test_what_cannot_be_reached_says_what_to_do(address: str, said: str) -> None:
    run = load(address)
    assert run.returncode == 1
    assert said in run.stderr


# Signed requests


def test_sagemaker_requests_carry_a_valid_signature(tmp_path: Path) -> None:
    secret = Credentials("AKIDEXAMPLE", "secret-of-the-test", "token-of-the-test")
    with loopback() as stand_in:
        variables = {
            "AWS_ACCESS_KEY_ID": secret.access_key,
            "AWS_SECRET_ACCESS_KEY": secret.secret_key,
            "AWS_SESSION_TOKEN": str(secret.token),
            "AWS_ENDPOINT_URL": stand_in.base,
        }
        options = ["--payload", rows_file(tmp_path, "C", "CC"), "--seconds", "0.3", "--warm-up", "0"]
        run = load("sagemaker://logs-v1?region=eu-central-1", *options, **variables)
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(stand_in.seen) == 4  # one before the load
    for request in stand_in.seen:
        assert request.path == "/endpoints/logs-v1/invocations"
        assert request.headers["x-amz-security-token"] == secret.token
        assert "authorization" in request.headers
        assert request.headers["authorization"] == expected_authorization(stand_in, request, secret)


def test_the_address_of_sagemaker_itself_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-test")
    url = "https://runtime.sagemaker.eu-west-1.amazonaws.com/endpoints/logs-v1/invocations"
    headers = find_target(url, {"Content-Type": CSV}).headers_for(b"smiles\nC\n")
    assert "/eu-west-1/sagemaker/aws4_request, SignedHeaders=content-type;host;x-amz-date" in headers["Authorization"]


def test_a_server_of_ours_gets_no_signature() -> None:
    target = find_target("http://127.0.0.1:8080", {"Content-Type": CSV})
    assert target.url == "http://127.0.0.1:8080/invocations"
    assert target.headers_for(b"") == {"Content-Type": CSV}


def expected_authorization(stand_in: "StandIn", request: "Seen", secret: Credentials) -> str:
    """What botocore signs, given the same request at the same moment."""
    signed = re.search(r"SignedHeaders=([^,]+)", request.headers["authorization"])
    assert signed is not None
    headers = {name: request.headers[name] for name in signed.group(1).split(";")}
    again = AWSRequest(method="POST", url=stand_in.base + request.path, data=request.body, headers=headers)
    again.context["timestamp"] = request.headers["x-amz-date"]
    auth = SigV4Auth(secret, "sagemaker", "eu-central-1")
    signature = auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)
    scope = auth.scope(again)
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={signed.group(1)}, Signature={signature}"


# What answers amount to


@pytest.mark.parametrize(
    ("status", "headers", "body", "outcome", "error"),
    [
        (429, {}, b'{"code": "overloaded"}', Outcome.REFUSED, ""),
        (424, {}, b'{"OriginalStatusCode": 429}', Outcome.REFUSED, ""),
        (400, {"x-amzn-errortype": "ThrottlingException:http://x"}, b"{}", Outcome.REFUSED, ""),
        (424, {"x-amzn-errortype": "ModelError"}, b'{"OriginalStatusCode": 503}', Outcome.ERROR, FROM_503),
        (422, {}, b'{"code": "columns_do_not_match"}', Outcome.ERROR, "422 columns_do_not_match"),
        (500, {}, b"<html>CCO</html>", Outcome.ERROR, "500"),
        (200, {"content-type": "text/html"}, b"a\nb\n", Outcome.ERROR, "200 wrong number of rows"),
    ],
)  # fmt: skip
def test_answers_are_told_apart(
    status: int, headers: dict[str, str], body: bytes, outcome: Outcome, error: str
) -> None:
    assert judge(status, headers, body, rows=1) == (outcome, error)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1, max_size=20))
def test_rows_are_counted_in_every_format(cells: list[str]) -> None:
    frame = pd.DataFrame({"text": pd.Series(cells, dtype=object)})
    for content_type in WRITABLE:
        assert count_rows(encode(frame, content_type, own_columns=1), content_type) == len(cells)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 6))
def test_no_row_comes_twice_in_a_body(available: int, rows: int, requests: int) -> None:
    frame = pd.DataFrame({"smiles": [f"C{number}" for number in range(available)]})
    made = payloads(frame, rows=rows, requests=requests, content_type=CSV)
    assert 1 <= len(made) <= requests
    for payload in made:
        cells = decode(payload.body, CSV)["smiles"]
        assert len(cells) == payload.rows == rows
        assert cells.nunique() == min(rows, available)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.floats(0.1, 100))
def test_a_percentile_is_the_smallest_value_that_covers_it(values: list[float], percent: float) -> None:
    ordered = sorted(values)
    found = percentile(ordered, percent)
    assert 100 * sum(value <= found for value in values) / len(values) >= percent - 1e-6
    assert 100 * sum(value < found for value in values) / len(values) < percent + 1e-6


# A server of the test


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request that came in; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(kw_only=True)
class StandIn:
    """Answers every request with the same CSV."""

    base: str
    seen: list[Seen] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.base}/invocations"


class loopback:  # noqa: N801 - reads as a function
    """A server on 127.0.0.1 that answers when ``together`` requests are there."""

    def __init__(self, *, together: int = 1, answer: bytes = b"smiles,prediction\nC,1\n") -> None:
        barrier = threading.Barrier(together)
        seen: list[Seen] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                seen.append(Seen(path=self.path, headers={k.lower(): v for k, v in self.headers.items()}, body=body))
                barrier.wait(20)
                self.send_response(200)
                self.send_header("Content-Type", CSV)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._stand_in = StandIn(base=f"http://127.0.0.1:{self._server.server_address[1]}", seen=seen)

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self._stand_in

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
