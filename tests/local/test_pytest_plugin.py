"""Promise: any project's tests get a local AWS from a fixture, without a clone and without an account."""

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from chem_endpoints.local.address import read_health

pytestmark = pytest.mark.end_to_end
MODULE = "chem_endpoints.local.pytest_plugin"

TESTS = """
import os
import subprocess

import boto3
import pytest
from botocore.exceptions import ClientError


def test_clients(local_aws):
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket="mine")
    s3.put_object(Bucket="mine", Key="k", Body=b"v")
    assert s3 is local_aws.client("s3")
    assert s3.get_object(Bucket="mine", Key="k")["Body"].read() == b"v"
    assert "s3 PUT 200" in local_aws.log


def test_the_session_has_one(local_aws):
    assert local_aws.client("s3").list_buckets()["Buckets"][0]["Name"] == "mine"


def test_the_clock_stands_until_it_is_advanced(local_aws):
    before = local_aws.advance(0)
    assert local_aws.advance(0) == before
    assert local_aws.advance(120) > before


def test_faults(local_aws):
    runtime = local_aws.client("sagemaker-runtime")
    assert runtime.meta.endpoint_url == local_aws.url
    added = local_aws.fault("service_unavailable", operations=["InvokeEndpoint"])
    assert added["id"]
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        runtime.invoke_endpoint(EndpointName="none", Body=b"x")
    local_aws.clear_faults()
    with pytest.raises(ClientError, match="ValidationError"):
        runtime.invoke_endpoint(EndpointName="none", Body=b"x")
    with pytest.raises(ValueError, match="kind"):
        local_aws.fault("no such kind")


def test_commands(local_aws):
    assert local_aws.run("aws", "s3", "ls").stdout.split()[-1] == "mine"
    with pytest.raises(subprocess.CalledProcessError) as failed:
        local_aws.run("aws", "s3", "ls", "s3://none")
    assert "NoSuchBucket" in "".join(failed.value.__notes__)
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        local_aws.run("no-such-program")


def test_the_process_itself(local_aws, local_aws_environment):
    assert os.environ["AWS_ENDPOINT_URL"] == local_aws.url
    assert "AWS_PROFILE" not in os.environ
    assert boto3.client("s3").list_buckets()["Buckets"][0]["Name"] == "mine"


def test_the_environment_is_back(local_aws):
    assert os.environ["AWS_PROFILE"] == "theirs"
    assert "AWS_ENDPOINT_URL" not in os.environ
"""

SERVED = """
from pathlib import Path

import pytest

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/chem-endpoints:any"
ROLE = "arn:aws:iam::123456789012:role/r"


@pytest.fixture(scope="session")
def local_aws_options():
    return {"clock_speed": 1.0}


def test_a_bundle_is_served_by_the_installed_package(local_aws):
    local_aws.client("s3").create_bucket(Bucket="models")
    local_aws.client("s3").upload_file("BUNDLE", "models", "model.tar.gz")
    sagemaker = local_aws.client("sagemaker")
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models/model.tar.gz"}
    sagemaker.create_model(ModelName="m", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.c7i.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    waiter = sagemaker.get_waiter("endpoint_in_service")
    waiter.wait(EndpointName="e", WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    answer = local_aws.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="e", Body=b"smiles\\nCCO\\n", ContentType="text/csv", Accept="text/csv"
    )
    assert answer["Body"].read().startswith(b"smiles,prediction")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Somebody else's project: no clone around it."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\nfilterwarnings = error\n")
    return folder


def run_tests(project: Path, root: Path, text: str) -> str:
    (project / "test_it.py").write_text(text)
    installed = any(point.value == MODULE for point in entry_points(group="pytest11"))
    command = [sys.executable, "-m", "pytest", "-q", *([] if installed else ["-p", MODULE])]
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_", "COV_"))}
    variables |= {"AWS_PROFILE": "theirs", "AWS_CONFIG_FILE": os.devnull, "PYTHONPATH": str(root)}
    done = subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, timeout=300, check=False)
    return done.stdout + done.stderr


def test_the_fixtures_do_what_they_say(project: Path, root: Path) -> None:
    told = run_tests(project, root, TESTS)
    assert "7 passed" in told, told


def test_outside_a_clone_the_installed_package_serves_a_bundle(project: Path, root: Path) -> None:
    told = run_tests(project, root, SERVED.replace("BUNDLE", str(root / "examples/bundles/logs-v1.tar.gz")))
    assert "1 passed" in told, told


def test_nothing_of_a_local_aws_is_left(project: Path, root: Path) -> None:
    told = run_tests(project, root, "def test_url(local_aws):\n    print('at', local_aws.url)\n    assert False\n")
    port = int(re.search(r"at http://localhost:(\d+)", told)[1])  # type: ignore[index]
    assert read_health(port) is None
    assert not (project / ".local-aws").exists()


def test_the_plugin_imports_nothing_heavy() -> None:
    code = f"import sys, {MODULE}; print({{'boto3', 'moto', 'pandas', 'click'}} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"
