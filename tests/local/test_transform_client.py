"""Promise: a batch by a transform job answers what the endpoint answers, row for row, from the same real server."""

import io
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.batch import pieces
from chem_endpoints.client.batch.transform import transform_run
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.errors import ModelFailedError
from chem_endpoints.local.address import ACCOUNT, REGION, find_running
from chem_endpoints.spec.image_source import image_reference
from chem_endpoints.wire import environment, tags
from chem_endpoints.wire.bundle import read_archive, write_bundle
from chem_endpoints.wire.manifest import model_digest
from server_processes import LENGTHS, own_script_manifest
from tests.local.conftest import ROLE, clients_of, make_clone, start_service, stop_service

pytestmark = pytest.mark.end_to_end
NAME, BUCKET = "lengths-v1", "libraries"
TEXTS = ["CCO", "not a structure", "", None, "c1ccccc1", "sleep=0", "raise", "C" * 90, 'quo"te', "CCO,N"]


@dataclass(frozen=True, kw_only=True)
class Served:
    """An endpoint with a real server behind it."""

    end: Endpoint
    client: Callable[[str], Any]

    def library(self, name: str, texts: list[str | None]) -> tuple[str, pd.DataFrame]:
        frame = pd.DataFrame({"id": [f"row {number}" for number in range(len(texts))], "smiles": texts})
        file = io.BytesIO()
        frame.to_parquet(file)
        self.client("s3").put_object(Bucket=BUCKET, Key=f"{name}.parquet", Body=file.getvalue())
        return f"s3://{BUCKET}/{name}.parquet", frame

    def parts(self, name: str) -> pd.DataFrame:
        s3 = self.client("s3")
        listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{name}.predicted/part-")["Contents"]
        bodies = [s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read() for one in listed]
        return pd.concat([pd.read_parquet(io.BytesIO(body)) for body in bodies], ignore_index=True)

    def jobs(self) -> dict[str, str]:
        listed = self.client("sagemaker").list_transform_jobs(MaxResults=100)["TransformJobSummaries"]
        return {one["TransformJobName"]: one["TransformJobStatus"] for one in listed}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("real")
    clone = make_clone(folder)
    process = start_service(clone, "-m", "chem_endpoints.local", "--root", str(clone), "--port", "0")
    address = find_running(clone)
    assert address is not None
    client = clients_of(address.url)
    try:
        deploy(client, folder)
        clients = AwsClients(sagemaker=client("sagemaker"), runtime=client("sagemaker-runtime"), s3=client("s3"))
        yield Served(end=Endpoint(NAME, clients=clients), client=client)
    finally:
        stop_service(process)


def deploy(client: Callable[[str], Any], folder: Path) -> None:
    """What the endpoint stack makes, as far as the client looks at it."""
    s3, sagemaker = client("s3"), client("sagemaker")
    s3.create_bucket(Bucket=BUCKET)
    write_bundle(folder / "model.tar.gz", own_script_manifest(LENGTHS), {"code/inference.py": LENGTHS.encode()})
    manifest = read_archive(folder / "model.tar.gz")["manifest.json"]
    s3.upload_file(str(folder / "model.tar.gz"), BUCKET, "model.tar.gz")
    s3.put_object(Bucket=BUCKET, Key="manifest.json", Body=manifest)
    container = {
        "Image": image_reference(root=folder, image="base", account=ACCOUNT, region=REGION),
        "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz",
        "Environment": {environment.WORKERS: "1", environment.ROW_SECONDS: "60"},
    }
    sagemaker.create_model(ModelName="lengths", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "lengths",
        "InstanceType": "ml.c5.xlarge",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    told = {
        tags.MANIFEST_URI: f"s3://{BUCKET}/manifest.json",
        tags.MODEL_SHA256: model_digest(manifest),
        tags.WIRE: tags.WIRE_VERSION,
    }
    listed = [{"Key": key, "Value": value} for key, value in told.items()]
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName="c", Tags=listed)
    while (found := sagemaker.describe_endpoint(EndpointName=NAME))["EndpointStatus"] == "Creating":
        time.sleep(0.1)
    assert found["EndpointStatus"] == "InService", found.get("FailureReason")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transform_run, "POLL_SECONDS", 0.2)
    monkeypatch.setattr(pieces, "PIECE_ROWS", 40)


def test_a_transform_job_answers_what_the_endpoint_answers(served: Served) -> None:
    source, frame = served.library("same", [TEXTS[number % len(TEXTS)] for number in range(130)])
    result = served.end.batch(source, method="transform", instances=2, progress=False)
    assert (result.rows, result.parts) == (130, 4)
    direct = served.end.inference(frame)
    pd.testing.assert_frame_equal(served.parts("same"), direct.reset_index(drop=True), check_dtype=False)
    assert direct["prediction"].notna().sum() > 50
    assert direct["prediction"].isna().sum() > 20
    assert served.end.batch(source, method="transform", progress=False).resumed_parts == 4
    assert list(served.jobs().values()) == ["Completed"]


def test_a_job_whose_caller_is_gone_is_found_by_its_name(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    source, _ = served.library("left", ["sleep=2", "CCO"])
    before = served.jobs()

    def leave(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as gone:
        gone.setattr(transform_run.TransformRun, "_wait", leave)
        with pytest.raises(KeyboardInterrupt):
            served.end.batch(source, method="transform", progress=False)
    (job,) = served.jobs().keys() - before.keys()
    result = served.end.batch(source, method="transform", progress=False)
    assert (result.rows, result.predicted) == (2, 2)
    assert served.jobs().keys() - before.keys() == {job}


def test_a_job_that_was_stopped_is_told_and_begun_anew(served: Served) -> None:
    source, _ = served.library("stopped", ["sleep=3", "CCO"])
    before = served.jobs()
    sagemaker = served.client("sagemaker")

    def stop_it() -> None:
        while not (begun := served.jobs().keys() - before.keys()):
            time.sleep(0.05)
        sagemaker.stop_transform_job(TransformJobName=begun.pop())

    stopper = threading.Thread(target=stop_it)
    stopper.start()
    with pytest.raises(ModelFailedError, match="ended as Stopped"):
        served.end.batch(source, method="transform", progress=False)
    stopper.join()
    assert served.end.batch(source, method="transform", progress=False).predicted == 2
    assert sorted(set(served.jobs().items()) - set(before.items()), key=str)[0][1] == "Stopped"
