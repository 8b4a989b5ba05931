"""What the local AWS costs: a deployment, a warm invocation, two hundred at once, and its memory after all of it.

    .venv/bin/python -m benchmarks.local_aws [--rounds 400]

The app is synthesized first; then the CDK CLI bootstraps and deploys it, the timed deployment is that of one endpoint.
Invocations go to a second endpoint, whose model costs next to nothing and whose server lets 400 requests wait: of a
real model two hundred at once find the queue full, and get the 429 that the server means. Warm invocations of one row
go in turn to the model server itself, through the local AWS by plain HTTP, and by boto3: what is added is the
difference of the medians. boto3's own work (signing, parsing) is measured beside it, against a server that answers at
once, and is no cost of the local AWS. Exit status 1: a target was missed.
"""

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from benchmarks.figures import Figures  # noqa: E402
from cdk_cli import CDK, MISSING, CdkCli, with_node  # noqa: E402
from chem_endpoints.local.address import ACCOUNT, FOLDER_VARIABLE, REGION, environment  # noqa: E402
from chem_endpoints.spec.image_source import image_reference  # noqa: E402
from chem_endpoints.wire.bundle import write_bundle  # noqa: E402
from chem_endpoints.wire.environment import BIND_PORT, MAX_WAITING  # noqa: E402
from chem_endpoints.wire.manifest import GoldenRows  # noqa: E402
from manifests import small_manifest  # noqa: E402

STACK = "ChemEndpoints-logs-v1"
ENDPOINT = "light"
BUCKET = "benchmark"
SCRIPT = b"""
def model_fn(model_dir):
    return None

def predict_fn(df, model):
    return df.assign(prediction=1.0)
"""
GOLDEN = GoldenRows(input={"smiles": ["C"]}, output={"prediction": [1.0]}, relative_tolerance=1e-6)
BODY = b"smiles\nCCO\n"
CALLERS, TURNS = 200, 3
WAITING = "400"
DEPLOY_SECONDS, OWN_SECONDS, ADDED_MS, MEGABYTES = 8.0, 1.5, 3.0, 300.0
_ENDPOINT_TYPE = "AWS::SageMaker::Endpoint"
_LOGGED = re.compile(r" (\d+) ms$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class LocalAws:
    """A local AWS of the benchmark's own.

    Attributes:
        process: the service.
        port: where it listens.
        folder: its working folder; ``service.log`` is what it writes.
        variables: the environment of its clients.
    """

    process: psutil.Popen
    port: int
    folder: Path
    variables: Mapping[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return client(service, f"http://localhost:{self.port}")

    def server_port(self) -> int:
        """Port of the model server behind the light endpoint."""
        for child in self.process.children():
            variables = child.environ()
            if variables.get(MAX_WAITING) == WAITING:
                return int(variables[BIND_PORT])
        raise RuntimeError("the model server of the light endpoint does not run")

    def handled_seconds(self) -> float:
        """Time that it has spent on its callers' requests, by its log."""
        return sum(map(int, _LOGGED.findall((self.folder / "service.log").read_text()))) / 1000


def client(service: str, url: str) -> Any:
    """A boto3 client without retries."""
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)  # noqa: S106
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=CALLERS)
    return session.client(service, endpoint_url=url, config=config)  # type: ignore[call-overload]


@contextmanager
def local_aws(folder: Path) -> Iterator[LocalAws]:
    """Starts it and stops it."""
    inherited = {**os.environ, FOLDER_VARIABLE: str(folder)}
    command = [sys.executable, "-m", "chem_endpoints.local", "--root", str(ROOT), "--port", "0"]
    with (folder / "service.log").open("w") as log:
        process = psutil.Popen(command, cwd=ROOT, env=inherited, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        line = process.stdout.readline()
        found = re.search(r"localhost:(\d+)", line)
        if found is None:
            raise RuntimeError(f"the local AWS did not start: {(folder / 'service.log').read_text()}")
        port = int(found.group(1))
        yield LocalAws(process=process, port=port, folder=folder, variables=environment(port, ROOT, inherited))
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def synthesize(folder: Path, variables: Mapping[str, str]) -> Path:
    """The cloud assembly of the app as it is in this clone."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    settings = {"CDK_CONTEXT_JSON": json.dumps(context), "CDK_OUTDIR": str(folder)}
    subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=with_node({**variables, **settings}), check=True)
    return folder


def measure_deployment(aws: LocalAws, assembly: Path, figures: Figures) -> None:
    """Deploys one endpoint's stack, all others being there."""
    cdk = CdkCli(aws.folder, aws.variables)
    cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}")
    others = [name for name in cdk("list", "--app", assembly).stdout.split() if name != STACK]
    cdk.deploy(assembly, *others, "--concurrency", "3")
    handled, started = aws.handled_seconds(), time.perf_counter()
    cdk.deploy(assembly, STACK, "--exclusively")
    seconds = time.perf_counter() - started
    handled = aws.handled_seconds() - handled
    (endpoint,) = {event["LogicalResourceId"] for event in _events(aws) if event["ResourceType"] == _ENDPOINT_TYPE}
    waited = _seconds(aws, endpoint)  # Its server starts; to watch that is the emulation's work, to wait is not.
    applied = _seconds(aws, STACK) - waited
    figures.at_most("deployment of a synthesized stack", seconds, DEPLOY_SECONDS, unit="s")
    figures.at_most("of it the emulation (requests, resources)", handled + applied, OWN_SECONDS, unit="s")
    print(f"      requests {handled:.2f} s, resources {applied:.2f} s, start of the model server {waited:.2f} s")


def _events(aws: LocalAws) -> list[dict[str, Any]]:
    found = aws.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    return list(found)


def _seconds(aws: LocalAws, logical_id: str) -> float:
    """From the first to the last event of a resource, or of the stack itself."""
    times = [event["Timestamp"] for event in _events(aws) if event["LogicalResourceId"] == logical_id]
    return float((max(times) - min(times)).total_seconds())


def create_light_endpoint(aws: LocalAws) -> None:
    """An endpoint of a model that costs next to nothing, by plain boto3."""
    files = {"code/inference.py": SCRIPT}
    bundle = aws.folder / "light.tar.gz"
    write_bundle(bundle, small_manifest(files, script="code/inference.py", golden=GOLDEN), files)
    aws.client("s3").create_bucket(Bucket=BUCKET)
    aws.client("s3").upload_file(str(bundle), BUCKET, bundle.name)
    container = {
        "Image": image_reference(root=ROOT, image="base", account=ACCOUNT, region=REGION),
        "ModelDataUrl": f"s3://{BUCKET}/{bundle.name}",
        "Environment": {MAX_WAITING: WAITING},
    }
    role = f"arn:aws:iam::{ACCOUNT}:role/benchmark"
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": ENDPOINT,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.c7i.large",
    }
    sagemaker = aws.client("sagemaker")
    sagemaker.create_model(ModelName=ENDPOINT, PrimaryContainer=container, ExecutionRoleArn=role)
    sagemaker.create_endpoint_config(EndpointConfigName=ENDPOINT, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=ENDPOINT)
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=ENDPOINT, WaiterConfig={"Delay": 1})


def plain(port: int, path: str) -> Callable[[], bytes]:
    """One row by HTTP, on a connection that stays open."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call() -> bytes:
        connection.request("POST", path, BODY, {"Content-Type": "text/csv"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"HTTP {answer.status}: {body[:500].decode(errors='replace')}")
        return body

    return call


def by_boto3(runtime: Any) -> Callable[[], bytes]:
    """One row by boto3."""

    def call() -> bytes:
        answer = runtime.invoke_endpoint(EndpointName=ENDPOINT, Body=BODY, ContentType="text/csv")
        return bytes(answer["Body"].read())

    return call


class _Immediate(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # the head and the body are two writes, and the second would wait for the first

    def do_POST(self) -> None:
        """Answers at once."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Writes nothing."""


@contextmanager
def immediate() -> Iterator[int]:
    """Port of a server that answers at once."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Immediate)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def medians(calls: Mapping[str, Callable[[], bytes]], rounds: int) -> dict[str, float]:
    """Median milliseconds of each call; all take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + rounds // 10):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if turn >= rounds // 10:
                seconds[name].append(time.perf_counter() - started)
    return {name: 1000 * statistics.median(times) for name, times in seconds.items()}


def measure_latency(aws: LocalAws, rounds: int, figures: Figures) -> None:
    """What the local AWS adds to a warm invocation."""
    with immediate() as port:
        calls = {
            "model server": plain(aws.server_port(), "/invocations"),
            "local AWS, plain HTTP": plain(aws.port, f"/endpoints/{ENDPOINT}/invocations"),
            "local AWS, boto3": by_boto3(aws.client("sagemaker-runtime")),
        }
        answers = {call() for call in calls.values()}
        if len(answers) != 1:
            raise RuntimeError("the answers differ")
        calls["immediate, plain HTTP"] = plain(port, "/")
        calls["immediate, boto3"] = by_boto3(client("sagemaker-runtime", f"http://127.0.0.1:{port}"))
        times = medians(calls, rounds)
    print("      p50: " + ", ".join(f"{name} {value:.2f} ms" for name, value in times.items()))
    boto3_itself = times["immediate, boto3"] - times["immediate, plain HTTP"]
    added = times["local AWS, plain HTTP"] - times["model server"]
    figures.at_most("added to a warm invocation, plain HTTP", added, ADDED_MS, unit="ms p50")
    added = times["local AWS, boto3"] - times["model server"] - boto3_itself
    figures.at_most("added to a warm invocation, boto3 (its own work apart)", added, ADDED_MS, unit="ms p50")


@dataclass
class Crowd:
    """Callers that all begin at once."""

    port: int
    failed: list[str] = field(default_factory=list)

    def run(self) -> float:
        """Seconds until all have their answers."""
        ready = threading.Barrier(CALLERS + 1)
        threads = [threading.Thread(target=self._call, args=(ready,)) for _ in range(CALLERS)]
        for thread in threads:
            thread.start()
        ready.wait()
        started = time.perf_counter()
        for thread in threads:
            thread.join()
        return time.perf_counter() - started

    def _call(self, ready: threading.Barrier) -> None:
        call = plain(self.port, f"/endpoints/{ENDPOINT}/invocations")
        ready.wait()
        for _ in range(TURNS):
            try:
                call()
            except (OSError, http.client.HTTPException, RuntimeError) as error:
                self.failed.append(repr(error))


def measure_crowd(aws: LocalAws, figures: Figures) -> None:
    """Two hundred callers at once."""
    crowd = Crowd(port=aws.port)
    seconds = crowd.run()
    figures.at_most(f"errors of {CALLERS} callers at once, {TURNS} calls each", len(crowd.failed), 0, unit="errors")
    print(f"      {CALLERS * TURNS / seconds:.0f} invocations per second; {''.join(crowd.failed[:1])}")


def measure_memory(aws: LocalAws, figures: Figures) -> None:
    """The service's resident memory, its alarms and metrics having been looked at too."""
    aws.client("cloudwatch").describe_alarms()
    aws.client("cloudwatch").list_metrics(Namespace="AWS/SageMaker")
    figures.at_most("memory of the service", aws.process.memory_info().rss / 2**20, MEGABYTES, unit="MB RSS")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and judges; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=400, help="warm invocations of each kind")
    rounds = parser.parse_args(arguments).rounds
    if not CDK.exists():
        print(MISSING, file=sys.stderr)
        return 2
    figures = Figures()
    with tempfile.TemporaryDirectory() as name, local_aws(Path(name)) as aws:
        assembly = synthesize(Path(name) / "cdk.out", aws.variables)
        measure_deployment(aws, assembly, figures)
        create_light_endpoint(aws)
        measure_latency(aws, rounds, figures)
        measure_crowd(aws, figures)
        measure_memory(aws, figures)
    return figures.exit_status()


if __name__ == "__main__":
    sys.exit(main())
