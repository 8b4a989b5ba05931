"""A local AWS plays the account: the real model server, and a small clone, so that the image's hash holds still."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from chem_endpoints.local.address import ACCOUNT, REGION, environment
from chem_endpoints.spec.image_source import image_reference

CLI = (sys.executable, "-m", "chem_endpoints.cli", "smoke")
CLOCK_SPEED = "20"


@dataclass(frozen=True, kw_only=True)
class PlayedAccount:
    """An account with an image and a model."""

    url: str
    variables: dict[str, str]
    model: tuple[str, ...]
    """Arguments that name the model."""

    def client(self, service: str) -> Any:
        session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
        return session.client(service, endpoint_url=self.url)  # type: ignore[call-overload]

    def start(self, folder: Path, *arguments: str) -> "subprocess.Popen[str]":
        """Starts the command; its results go to ``folder``."""
        return subprocess.Popen(
            [*CLI, *arguments],
            cwd=folder,
            env={**self.variables, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def smoke(self, folder: Path, *arguments: str, status: int) -> str:
        """Runs the command; its output."""
        process = self.start(folder, *arguments)
        output, _ = process.communicate(timeout=400)
        assert process.returncode == status, output
        return output

    def resources(self) -> list[str]:
        """Everything that a run may make."""
        sagemaker, s3, iam = self.client("sagemaker"), self.client("s3"), self.client("iam")
        alarms = self.client("cloudwatch").describe_alarms()["MetricAlarms"]
        groups = self.client("logs").describe_log_groups()["logGroups"]
        return [
            *(one["EndpointName"] for one in sagemaker.list_endpoints()["Endpoints"]),
            *(one["EndpointConfigName"] for one in sagemaker.list_endpoint_configs()["EndpointConfigs"]),
            *(one["ModelName"] for one in sagemaker.list_models()["Models"]),
            *(one["InferenceComponentName"] for one in sagemaker.list_inference_components()["InferenceComponents"]),
            *(one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"] != "artifacts"),
            *(one["RoleName"] for one in iam.list_roles()["Roles"]),
            *(one["AlarmName"] for one in alarms),
            *(one["logGroupName"] for one in groups),
        ]


@pytest.fixture(scope="session")
def played(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayedAccount]:
    clone = tmp_path_factory.mktemp("clone")
    for place, text in {
        "cdk.json": "{}",
        "requirements/base.lock": "uvicorn==1\n",
        "container/server.py": "#\n",
    }.items():
        (clone / place).parent.mkdir(exist_ok=True)
        (clone / place).write_text(text)
    command = [sys.executable, "-m", "chem_endpoints.local", "--root", str(clone), "--port", "0"]
    with (clone / "service.log").open("w") as log:
        service = subprocess.Popen(
            [*command, "--clock-speed", CLOCK_SPEED], cwd=root, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert service.stdout is not None
    try:
        ready = re.search(r"http://localhost:(\d+)", service.stdout.readline())
        assert ready is not None, (clone / "service.log").read_text()
        image = image_reference(root=clone, image="base", account=ACCOUNT, region=REGION)
        account = PlayedAccount(
            url=ready[0],
            variables=environment(int(ready[1]), clone, os.environ),
            model=("--image", image, "--model-data", "s3://artifacts/model.tar.gz"),
        )
        s3 = account.client("s3")
        s3.create_bucket(Bucket="artifacts")
        s3.upload_file(str(root / "examples/bundles/logs-v1.tar.gz"), "artifacts", "model.tar.gz")
        yield account
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(60)
        service.stdout.close()
