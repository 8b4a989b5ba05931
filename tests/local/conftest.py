"""One local AWS for all tests of this folder, with a stand-in for the model server."""

import io
import json
import signal
import subprocess
import sys
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from chem_endpoints.local.address import ACCOUNT, REGION, Address, environment, find_running
from chem_endpoints.spec.image_source import image_reference

HERE = Path(__file__).parent
CLONE = HERE.parents[1]
INVOCATION_SECONDS = 2.0
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small clone: what the image's hash covers, and a cdk.json."""
    return make_clone(tmp_path_factory.mktemp("clone"))


def make_clone(folder: Path) -> Path:
    (folder / "cdk.json").write_text("{}")
    (folder / "requirements").mkdir()
    (folder / "requirements" / "base.lock").write_text("uvicorn==1\n")
    (folder / "container").mkdir()
    (folder / "container" / "server.py").write_text("# the code that the image's tag names\n")
    return folder


def start_service(clone: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Starts a local AWS and waits for its line."""
    with (clone / "service.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=CLONE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("local AWS ready on http://localhost:"), (clone / "service.log").read_text()
    return process


def stop_service(process: "subprocess.Popen[str]") -> int:
    """SIGTERM; returns the exit code."""
    process.send_signal(signal.SIGTERM)
    code = process.wait(30)
    assert process.stdout is not None
    process.stdout.close()
    return code


@pytest.fixture(scope="session")
def local_aws(clone: Path) -> Iterator[Address]:
    process = start_service(clone, str(HERE / "stand_in_service.py"), str(clone), str(INVOCATION_SECONDS))
    address = find_running(clone)
    assert address is not None
    yield address
    assert stop_service(process) == 0


@pytest.fixture(scope="session")
def client(local_aws: Address) -> Callable[[str], Any]:
    """boto3 clients, unmodified but for what AWS_ENDPOINT_URL and the variables beside it would do."""
    return clients_of(local_aws.url)


def clients_of(url: str) -> Callable[[str], Any]:
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
    made: dict[str, Any] = {}

    def make(service: str) -> Any:
        if service not in made:
            config = Config(retries={"total_max_attempts": 1})
            made[service] = session.client(service, endpoint_url=url, config=config)  # type: ignore[call-overload]
        return made[service]

    return make


@pytest.fixture(scope="session")
def client_environment(local_aws: Address, clone: Path) -> dict[str, str]:
    return environment(local_aws.port, clone)


@pytest.fixture(scope="session")
def image(clone: Path) -> str:
    return image_reference(root=clone, image="base", account=ACCOUNT, region=REGION)


@pytest.fixture(scope="session")
def bundle() -> bytes:
    """A small model.tar.gz."""
    contents = "weights"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("model/weights.txt")
        member.size = len(contents)
        archive.addfile(member, io.BytesIO(contents.encode()))
    return packed.getvalue()


class Deployer:
    """Makes endpoints by plain boto3 calls."""

    def __init__(self, client: Callable[[str], Any], image: str, bundle: bytes) -> None:
        self.sagemaker = client("sagemaker")
        self._image = image
        self._s3 = client("s3")
        self._s3.create_bucket(Bucket="models")
        self._s3.put_object(Bucket="models", Key="model.tar.gz", Body=bundle)
        self.endpoints: list[str] = []

    def config(self, *, count: int = 1, asynchronous: dict[str, Any] | None = None, **model: Any) -> str:
        more = {"AsyncInferenceConfig": asynchronous} if asynchronous else {}
        return self.config_of([self.variant("AllTraffic", count=count, **model)], **more)

    def model(self, **settings: Any) -> str:
        """A Model; ``label`` is what its servers answer with."""
        name = f"version-{uuid.uuid4()}"
        environment = {**settings.get("environment", {})}
        if "label" in settings:
            environment["STAND_IN_LABEL"] = settings["label"]
        container = {
            "Image": settings.get("image", self._image),
            "ModelDataUrl": settings.get("data", "s3://models/model.tar.gz"),
            "Environment": environment,
        }
        self.sagemaker.create_model(
            ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE, **settings.get("model", {})
        )
        return name

    def variant(self, name: str, *, count: int = 1, weight: float = 1.0, **model: Any) -> dict[str, Any]:
        return {
            "VariantName": name,
            "ModelName": self.model(**model),
            "InitialInstanceCount": count,
            "InstanceType": model.get("instance_type", "ml.c7i.xlarge"),
            "InitialVariantWeight": weight,
        }

    def config_of(self, variants: list[dict[str, Any]], **more: Any) -> str:
        name = f"version-{uuid.uuid4()}"
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, **more)
        return name

    def endpoint_of(self, name: str, variants: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=self.config_of(variants, **more))
        self.endpoints.append(name)
        return self.settled(name)

    def endpoint(self, name: str, **settings: Any) -> dict[str, Any]:
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=self.config(**settings))
        self.endpoints.append(name)
        return self.settled(name)

    def settled(self, name: str) -> dict[str, Any]:
        """DescribeEndpoint, once nothing is under way."""
        while True:
            found: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
            if found["EndpointStatus"] not in ("Creating", "Updating", "RollingBack"):
                return found
            time.sleep(0.05)


@pytest.fixture(scope="module")
def deployer(client: Callable[[str], Any], image: str, bundle: bytes) -> Iterator[Deployer]:
    made = Deployer(client, image, bundle)
    yield made
    for name in made.endpoints:
        made.sagemaker.delete_endpoint(EndpointName=name)


@dataclass(kw_only=True)
class OwnAws:
    """A local AWS that its test may kill."""

    process: "subprocess.Popen[str]"
    folder: Path
    client: Callable[[str], Any]
    deployer: Deployer

    def server_pids(self) -> set[int]:
        """The living server processes, by the model folder in their environment (Linux)."""
        mark = f"SM_MODEL_DIR={self.folder}".encode()
        found = set()
        for place in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in place.read_bytes():
                    found.add(int(place.parent.name))
            except OSError:
                continue
        return found

    def wait_for_servers(self, count: int, seconds: float = 15) -> set[int]:
        deadline = time.monotonic() + seconds
        while len(pids := self.server_pids()) != count:
            assert time.monotonic() < deadline, f"{len(pids)} servers, not {count}: {self.log()}"
            time.sleep(0.05)
        return pids

    def log(self) -> str:
        return (self.folder / "service.log").read_text()

    def stop(self) -> int:
        return stop_service(self.process)


@pytest.fixture
def own_aws(tmp_path: Path, bundle: bytes) -> Iterator[OwnAws]:
    folder = make_clone(tmp_path)
    process = start_service(folder, str(HERE / "stand_in_service.py"), str(folder), str(INVOCATION_SECONDS))
    address = find_running(folder)
    assert address is not None
    client = clients_of(address.url)
    reference = image_reference(root=folder, image="base", account=ACCOUNT, region=REGION)
    yield OwnAws(process=process, folder=folder, client=client, deployer=Deployer(client, reference, bundle))
    if process.returncode is None:
        stop_service(process)
    elif process.stdout is not None:
        process.stdout.close()


class Cloud:
    """Creates and updates one stack, and waits for the end."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self.api = client("cloudformation")
        self.name = f"s-{uuid.uuid4().hex[:8]}"

    def create(self, resources: dict[str, Any], **more: Any) -> str:
        return self._settled("create_stack", resources, more)

    def update(self, resources: dict[str, Any], **more: Any) -> str:
        return self._settled("update_stack", resources, more)

    def delete(self) -> str:
        self.api.delete_stack(StackName=self.stack_id)
        return self._wait()

    def _settled(self, operation: str, resources: dict[str, Any], more: dict[str, Any]) -> str:
        sections = {key: more.pop(key) for key in ("Parameters", "Conditions", "Outputs", "Mappings") if key in more}
        given = {"Parameters": more.pop("given")} if "given" in more else {}
        body = json.dumps({"Resources": resources, **sections})
        self.stack_id = getattr(self.api, operation)(StackName=self.name, TemplateBody=body, **given, **more)["StackId"]
        return self._wait()

    def _wait(self) -> str:
        while True:
            status = str(self.stack()["StackStatus"])
            if not status.endswith("_IN_PROGRESS"):
                return status
            time.sleep(0.02)

    def stack(self) -> dict[str, Any]:
        return dict(self.api.describe_stacks(StackName=self.stack_id)["Stacks"][0])

    def reasons(self) -> str:
        events = self.api.describe_stack_events(StackName=self.stack_id)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)

    def statuses(self, logical_id: str) -> list[str]:
        events = self.api.describe_stack_events(StackName=self.stack_id)["StackEvents"]
        return [event["ResourceStatus"] for event in events if event["LogicalResourceId"] == logical_id]


@pytest.fixture
def cloud(client: Callable[[str], Any]) -> Cloud:
    return Cloud(client)
