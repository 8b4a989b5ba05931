"""Promise: our client brings every row home through an ordered outage, and through workers that are killed."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.local.address import FAULTS_PATH, FOLDER_VARIABLE, KILL_PATH, REGION, find_running
from chem_endpoints.spec.image_source import image_reference
from chem_endpoints.wire import environment, tags
from chem_endpoints.wire.bundle import write_bundle
from chem_endpoints.wire.columns import PREDICTION, PREDICTION_ERROR
from server_processes import LENGTHS, own_script_manifest
from tests.local.conftest import ACCOUNT, CLONE, ROLE, clients_of, start_service, stop_service

pytestmark = pytest.mark.end_to_end
BUCKET = "outage"
ROWS = 200
Order = dict[str, Any]


@dataclass(kw_only=True)
class RealAws:
    """A local AWS with the image's own servers behind one endpoint of each kind."""

    ask: Callable[..., dict[str, Any]]
    client: Callable[[str], Any]

    def endpoint(self, name: str) -> Endpoint:
        clients = AwsClients(
            sagemaker=self.client("sagemaker"), runtime=self.client("sagemaker-runtime"), s3=self.client("s3")
        )
        return Endpoint(name, clients=clients)

    def struck(self) -> dict[str, int]:
        return {one["id"]: one["struck"] for one in self.ask("GET", FAULTS_PATH)["faults"]}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAws]:
    folder = tmp_path_factory.mktemp("outage")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder / "local-aws"))
        process = start_service(folder, "-m", "chem_endpoints.local", "--port", "0", "--root", str(CLONE))
        address = find_running(CLONE)
        assert address is not None
        client = clients_of(address.url)
        _deploy(client, folder)
        yield RealAws(ask=_asker(address.port), client=client)
        assert stop_service(process) == 0


def _asker(port: int) -> Callable[..., dict[str, Any]]:
    def ask(method: str, path: str, content: object = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request(method, path, None if content is None else json.dumps(content))
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert "message" not in answer, answer
        return answer

    return ask


def _deploy(client: Callable[[str], Any], folder: Path) -> None:
    api, s3 = client("sagemaker"), client("s3")
    manifest = own_script_manifest(LENGTHS)
    digest = write_bundle(folder / "model.tar.gz", manifest, {"code/inference.py": LENGTHS.encode()})
    s3.create_bucket(Bucket=BUCKET)
    s3.upload_file(str(folder / "model.tar.gz"), BUCKET, "model.tar.gz")
    s3.put_object(Bucket=BUCKET, Key="manifest.json", Body=manifest.to_bytes())
    container = {
        "Image": image_reference(root=CLONE, image="base", account=ACCOUNT, region=REGION),
        "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz",
        "Environment": {environment.WORKERS: "2"},
    }
    api.create_model(ModelName="lengths", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    variant = {"VariantName": "AllTraffic", "ModelName": "lengths", "InstanceType": "ml.c7i.xlarge"}
    output = {"S3OutputPath": f"s3://{BUCKET}/output", "S3FailurePath": f"s3://{BUCKET}/failure"}
    tagged = {
        tags.MANIFEST_URI: f"s3://{BUCKET}/manifest.json",
        tags.MODEL_SHA256: digest,
        tags.WIRE: tags.WIRE_VERSION,
        tags.CLIENT_SETTINGS: "rows_per_chunk=10 max_in_flight=4",
        tags.INPUT_URI: f"s3://{BUCKET}/input/",
    }
    for name, more in (("realtime", {}), ("queued", {"AsyncInferenceConfig": {"OutputConfig": output}})):
        variants = [{**variant, "InitialInstanceCount": 1}]
        api.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, **more)
        written = [{"Key": key, "Value": value} for key, value in tagged.items()]
        api.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=written)
    for name in ("realtime", "queued"):
        api.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 90})


@pytest.fixture
def aws(started: RealAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[RealAws]:
    """What the client remembers between calls lies in a folder of the test's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    yield started
    started.ask("DELETE", FAULTS_PATH)


def check(out: pd.DataFrame, rows: list[str]) -> None:
    assert out["smiles"].tolist() == rows
    assert out[PREDICTION_ERROR].tolist() == [""] * len(rows)
    assert out[PREDICTION].tolist() == [float(len(row)) for row in rows]


REALTIME: list[Order] = [
    {"kind": "service_unavailable", "after_calls": 1, "calls": 3},
    {"kind": "reset_after", "after_calls": 5, "calls": 1},
    {"kind": "truncated", "after_calls": 7, "calls": 1},
    {"kind": "throttled_400", "after_calls": 9, "calls": 2},
    {"kind": "model_503", "after_calls": 12, "calls": 1},
    {"kind": "latency", "after_calls": 13, "calls": 2, "latency_seconds": 0.2},
]
QUEUED: list[Order] = [
    {"kind": "throttled_400", "calls": 2},
    {"kind": "reset_after", "after_calls": 4, "calls": 1},
    {"kind": "slow_down", "operations": ["PutObject"], "after_calls": 1, "calls": 2},
    {"kind": "s3_missing", "operations": ["GetObject"], "after_calls": 3, "calls": 3},
    {"kind": "s3_late", "operations": ["GetObject", "HeadObject"], "latency_seconds": 0.5},
]
INVOKED = {"realtime": "InvokeEndpoint", "queued": "InvokeEndpointAsync"}


@pytest.mark.parametrize(("name", "outage"), [("realtime", REALTIME), ("queued", QUEUED)], ids=["realtime", "async"])
def test_no_row_is_lost_in_an_outage(aws: RealAws, name: str, outage: list[Order]) -> None:
    endpoint, rows = aws.endpoint(name), ["C" * (1 + number % 17) for number in range(ROWS)]
    assert endpoint.description.kind == ("async" if name == "queued" else "realtime")
    orders = [order if "operations" in order else {**order, "operations": [INVOKED[name]]} for order in outage]
    aws.ask("POST", FAULTS_PATH, {"faults": orders})
    check(endpoint.inference(pd.DataFrame({"smiles": rows})), rows)
    assert min(aws.struck().values()) > 0, "a fault of the outage never struck"


def test_good_rows_come_back_while_workers_are_killed(aws: RealAws) -> None:
    rows = [f"sleep={1 + number % 3}e-2" for number in range(ROWS)]
    killed: list[dict[str, Any]] = []
    done = threading.Event()

    def kill() -> None:
        while len(killed) < 3 and not done.wait(0.5):
            killed.append(aws.ask("POST", KILL_PATH, {"endpoint": "Realtime"}))

    with ThreadPoolExecutor(1) as pool:
        killing = pool.submit(kill)
        try:
            out = aws.endpoint("realtime").inference(pd.DataFrame({"smiles": rows}))
        finally:
            done.set()
        killing.result()
    check(out, rows)
    assert killed
    assert len({one["server"] for one in killed}) == 1, "the server lives on"
    assert {one["endpoint"] for one in killed} == {"realtime"}
    assert len({one["worker"] for one in killed}) == len(killed)
