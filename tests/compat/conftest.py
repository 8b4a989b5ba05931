"""What the clients of this folder call: a local AWS with real servers of the committed model, made by plain boto3."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pandas as pd
import pytest

from chem_endpoints import Endpoint
from chem_endpoints.client.user_folders import STATE_VARIABLE
from chem_endpoints.local.address import ACCOUNT, FOLDER_VARIABLE, REGION, environment
from chem_endpoints.spec.image_source import image_reference

ROOT = Path(__file__).parents[2]
BUCKET = "compat"
REALTIME, ASYNC, COMPONENTS = "compat-realtime", "compat-async", "compat-components"
COMPONENT = COMPONENTS  # as our own client expects it
ROLE = f"arn:aws:iam::{ACCOUNT}:role/compat"
INSTANCE = {"VariantName": "AllTraffic", "InstanceType": "ml.c7i.large", "InitialInstanceCount": 1}
SECONDS = 180
SMILES = ["CCO", "not a molecule", "c1ccccc1", "CC(=O)Oc1ccccc1C(=O)O", "CC(=O)[O-].[Na+]"]


@dataclass(frozen=True, kw_only=True)
class Served:
    """Endpoints in service, and the environment that leads a client to them."""

    url: str
    variables: dict[str, str]

    def order(self) -> dict[str, Any]:
        """What a client's script is told."""
        return {
            "bucket": BUCKET,
            "realtime": REALTIME,
            "async": ASYNC,
            "components": COMPONENTS,
            "component": COMPONENT,
            "smiles": SMILES,
        }

    def run(self, *command: str, **more: str) -> dict[str, Any]:
        """Runs a client's script, which prints JSON, with nothing but the variables of `chem-endpoints local run`."""
        done = subprocess.run(
            [*command, json.dumps(self.order())],
            env={**self.variables, **more},
            cwd=self.variables["HOME"],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("compat")
    env = {**os.environ, FOLDER_VARIABLE: str(folder / "local-aws")}
    with (folder / "service.log").open("w") as log:
        command = [sys.executable, "-m", "chem_endpoints.local", "--root", str(ROOT), "--port", "0"]
        service = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
    assert service.stdout is not None
    try:
        ready = re.search(r"http://localhost:(\d+)", service.stdout.readline())
        assert ready is not None, (folder / "service.log").read_text()
        deploy(ready[0])
        # The home holds no settings: what a client finds of ~/.aws and ~/.config is nobody's.
        home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CONFIG_DIRS": str(folder)}
        yield Served(url=ready[0], variables={**environment(int(ready[1]), ROOT, env), **home})
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(60)
        service.stdout.close()


def deploy(url: str) -> None:
    """A real-time and an asynchronous endpoint, and one with an inference component."""
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
    s3, sagemaker = session.client("s3", endpoint_url=url), session.client("sagemaker", endpoint_url=url)
    s3.create_bucket(Bucket=BUCKET)
    s3.upload_file(str(ROOT / "examples/bundles/logs-v1.tar.gz"), BUCKET, "model.tar.gz")
    container = {
        "Image": image_reference(root=ROOT, image="base", account=ACCOUNT, region=REGION),
        "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz",
        "Environment": {"CHEM_ENDPOINTS_WORKERS": "1"},
    }
    sagemaker.create_model(ModelName="compat", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    output = {"S3OutputPath": f"s3://{BUCKET}/out", "S3FailurePath": f"s3://{BUCKET}/failed"}
    variant = {**INSTANCE, "ModelName": "compat"}
    configs: dict[str, dict[str, Any]] = {
        REALTIME: {"ProductionVariants": [variant]},
        ASYNC: {"ProductionVariants": [variant], "AsyncInferenceConfig": {"OutputConfig": output}},
        COMPONENTS: {"ProductionVariants": [INSTANCE], "ExecutionRoleArn": ROLE},
    }
    for name, config in configs.items():
        sagemaker.create_endpoint_config(EndpointConfigName=name, **config)
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    for name in configs:
        wait(lambda name=name: sagemaker.describe_endpoint(EndpointName=name), "EndpointStatus")
    sagemaker.create_inference_component(
        InferenceComponentName=COMPONENT,
        EndpointName=COMPONENTS,
        VariantName="AllTraffic",
        Specification={"ModelName": "compat", "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 512}},
        RuntimeConfig={"CopyCount": 1},
    )
    wait(
        lambda: sagemaker.describe_inference_component(InferenceComponentName=COMPONENT),
        "InferenceComponentStatus",
    )


def wait(describe: Callable[[], Any], member: str) -> None:
    """Waits until what is described is in service."""
    deadline = time.monotonic() + SECONDS
    while (found := describe())[member] != "InService":
        assert found[member] != "Failed", found
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


@pytest.fixture(scope="session")
def expected(served: Served, tmp_path_factory: pytest.TempPathFactory) -> "dict[str, pd.DataFrame]":
    """Our own client's answers, by endpoint."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in served.variables.items():
            patch.setenv(name, value)
        patch.setenv(STATE_VARIABLE, str(tmp_path_factory.mktemp("state")))
        frame = pd.DataFrame({"smiles": SMILES})
        return {name: Endpoint(name).inference(frame) for name in (REALTIME, ASYNC, COMPONENTS)}


MISSING = ("", "N/A", "__NA__")
"""How cells without a value are written in CSV."""


@pytest.fixture(scope="session")
def assert_agrees(expected: dict[str, pd.DataFrame]) -> "Callable[[str, pd.DataFrame], None]":
    """Checks the rows that another client got from an endpoint against those of our own client."""

    def check(endpoint: str, rows: pd.DataFrame) -> None:
        ours = expected[endpoint]
        assert [text is None for text in cells(ours["prediction_error"])] == [True, False, True, True, True]
        assert set(ours.columns) <= set(rows.columns)
        for column in ours.columns:
            if pd.api.types.is_numeric_dtype(ours[column]) and not pd.api.types.is_bool_dtype(ours[column]):
                theirs = pd.to_numeric(rows[column].replace(list(MISSING), None))
                np.testing.assert_allclose(numbers(theirs), numbers(ours[column]), rtol=1e-12, err_msg=column)
            else:
                assert cells(rows[column]) == cells(ours[column])

    return check


def numbers(column: "pd.Series[Any]") -> "np.ndarray[Any, np.dtype[np.float64]]":
    return column.to_numpy("float64", na_value=np.nan)


def cells(column: "pd.Series[Any]") -> list[str | None]:
    return [None if pd.isna(value) or value in MISSING else str(value).lower() for value in column]
