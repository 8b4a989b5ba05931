"""Promise: the page of a deployed endpoint is found below its name in the local AWS, and predicts by InvokeEndpoint."""

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from chem_endpoints.local.address import ACCOUNT, FOLDER_VARIABLE, REGION
from chem_endpoints.spec.image_source import image_reference
from chem_endpoints.wire import environment

pytestmark = pytest.mark.end_to_end

NAME = "logs-v1"
BUNDLE = "examples/bundles/logs-v1.tar.gz"
ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
SECONDS = 300
SHOWN_SECONDS = 60

CLI = (sys.executable, "-m", "chem_endpoints.cli")

Clients = Callable[[str], Any]


@pytest.fixture(scope="module")
def url(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A local AWS of its own."""
    env = {**os.environ, FOLDER_VARIABLE: str(tmp_path_factory.mktemp("local-aws"))}
    up = subprocess.run(
        [*CLI, "local", "up", "--detach", "--port", "0"], cwd=root, env=env, capture_output=True, text=True, check=True
    )
    try:
        address = re.search(r"http://localhost:\d+", up.stdout)
        assert address is not None, up.stdout
        yield address[0]
    finally:
        subprocess.run([*CLI, "local", "down"], cwd=root, env=env, check=True, capture_output=True)


@pytest.fixture(scope="module")
def clients(url: str) -> Clients:
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
    return lambda service: session.client(service, endpoint_url=url)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def deployed(clients: Clients, root: Path) -> str:
    """An endpoint in service; returns its name."""
    clients("s3").create_bucket(Bucket="models")
    clients("s3").upload_file(str(root / BUNDLE), "models", "model.tar.gz")
    sagemaker = clients("sagemaker")
    container = {
        "Image": image_reference(root=root, image="base", account=ACCOUNT, region=REGION),
        "ModelDataUrl": "s3://models/model.tar.gz",
        "Environment": {environment.ENDPOINT_NAME: NAME, environment.WORKERS: "1"},
    }
    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    sagemaker.create_model(ModelName=NAME, PrimaryContainer=container, ExecutionRoleArn=role)
    variant = {"VariantName": "AllTraffic", "ModelName": NAME, "InitialInstanceCount": 1}
    variant |= {"InstanceType": "ml.c7i.large", "InitialVariantWeight": 1.0}
    sagemaker.create_endpoint_config(EndpointConfigName=NAME, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
    waiter = {"Delay": 1, "MaxAttempts": SECONDS}
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=NAME, WaiterConfig=waiter)
    return NAME


def test_the_page_below_the_name_predicts(
    url: str, clients: Clients, deployed: str, visit: Callable[..., Any], accessibility: Callable[..., list[str]]
) -> None:
    visited = visit(f"{url}/endpoints/{deployed}")
    page = visited.page
    page.set_default_timeout(SHOWN_SECONDS * 1000)
    page.wait_for_selector("#ask:not([hidden])")
    assert page.url.endswith(f"/endpoints/{deployed}/")
    assert page.locator("h1").inner_text() == NAME
    page.fill("#smiles", f"{ASPIRIN}\nC1CC(")
    page.click("button.primary")
    page.wait_for_selector("article img")
    answer = clients("sagemaker-runtime").invoke_endpoint(
        EndpointName=deployed, ContentType="text/csv", Accept="text/csv", Body=f"smiles\n{ASPIRIN}\n"
    )
    (expected,) = csv.DictReader(io.StringIO(answer["Body"].read().decode()))
    assert page.locator(".value").get_attribute("data-value") == expected["prediction"]
    assert "invalid_smiles" in page.locator("article").nth(1).inner_text()
    assert f"/endpoints/{deployed}/invocations" in page.locator("pre").first.inner_text()
    assert accessibility(page) == []
    assert (visited.told, visited.elsewhere) == ([], [])
    page.click("text=Columns and examples")
    page.wait_for_selector("text=Columns to send")
    page.click("text=model card")
    assert '"model_sha256":"' in page.content()
