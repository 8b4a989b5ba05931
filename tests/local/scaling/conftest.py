"""A local AWS with a clock that stands still until a test moves it."""

import json
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from chem_endpoints.local.address import ACCOUNT, REGION, find_running
from chem_endpoints.spec.image_source import image_reference

HERE = Path(__file__).parent
CLONE = HERE.parents[2]


class SteppedAws:
    """What the tests do with it."""

    def __init__(self, url: str, folder: Path, image: str) -> None:
        self.url, self.folder, self.image = url, folder, image
        self._session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
        self._made: dict[str, Any] = {}
        self._endpoints: list[str] = []
        self._stacks: list[str] = []

    def forget(self) -> None:
        """Deletes what a test has made, so that the next one's minutes are short."""
        for name in self._stacks:
            self("cloudformation").delete_stack(StackName=name)
        for name in self._endpoints:
            self("sagemaker").delete_endpoint(EndpointName=name)
        self._stacks, self._endpoints = [], []

    def __call__(self, service: str) -> Any:
        if service not in self._made:
            config = Config(retries={"total_max_attempts": 1})
            client = self._session.client(service, endpoint_url=self.url, config=config)  # type: ignore[call-overload]
            self._made[service] = client
        return self._made[service]

    def advance(self, minutes: float) -> str:
        """Lets minutes pass; returns the clock's time."""
        body = json.dumps({"advance_seconds": 60 * minutes}).encode()
        request = urllib.request.Request(f"{self.url}/_local/clock", data=body, method="POST")
        with urllib.request.urlopen(request) as answer:
            return str(json.loads(answer.read())["now"])

    def deploy(self, name: str, resources: dict[str, Any], *, update: bool = False) -> None:
        """Creates or updates a stack, and waits for it."""
        api = self("cloudformation")
        operation = api.update_stack if update else api.create_stack
        if not update:
            self._stacks.append(name)
        operation(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
        wanted = "UPDATE_COMPLETE" if update else "CREATE_COMPLETE"
        while (status := api.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]).endswith("_IN_PROGRESS"):
            time.sleep(0.02)
        events = api.describe_stack_events(StackName=name)["StackEvents"]
        assert status == wanted, "\n".join(event.get("ResourceStatusReason", "") for event in events)

    def model(self, *, instances: int, asynchronous: bool = False) -> str:
        """An endpoint configuration; returns its name."""
        name = f"version-{uuid.uuid4()}"
        self("sagemaker").create_model(
            ModelName=name,
            PrimaryContainer={"Image": self.image, "ModelDataUrl": "s3://models/model.tar.gz"},
            ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/r",
        )
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InitialInstanceCount": instances,
            "InstanceType": "ml.c7i.large",
        }
        client = {"ClientConfig": {"MaxConcurrentInvocationsPerInstance": 1}}
        output = {"OutputConfig": {"S3OutputPath": "s3://models/out"}}
        more = {"AsyncInferenceConfig": {**client, **output}} if asynchronous else {}
        self("sagemaker").create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], **more)
        return name

    def endpoint(self, name: str, **settings: Any) -> None:
        """An endpoint in service."""
        self("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=self.model(**settings))
        self._endpoints.append(name)
        self.settled(name)

    def settled(self, name: str) -> dict[str, Any]:
        """DescribeEndpoint, once nothing is under way."""
        deadline = time.monotonic() + 60
        while True:
            found: dict[str, Any] = self("sagemaker").describe_endpoint(EndpointName=name)
            assert time.monotonic() < deadline, found
            if found["EndpointStatus"] not in ("Creating", "Updating"):
                assert found["EndpointStatus"] == "InService", found
                return found
            time.sleep(0.02)

    def instances(self, name: str) -> int:
        """Instances of the endpoint now."""
        variant = self("sagemaker").describe_endpoint(EndpointName=name)["ProductionVariants"][0]
        assert variant["CurrentInstanceCount"] == variant["DesiredInstanceCount"]
        return int(variant["CurrentInstanceCount"])

    def ask(self, name: str, **order: Any) -> Any:
        """A synchronous invocation."""
        answer = self("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=json.dumps(order).encode())
        return json.loads(answer["Body"].read())

    def submit(self, name: str, **order: Any) -> str:
        """An asynchronous invocation; returns the output's key."""
        accepted = self("sagemaker-runtime").invoke_endpoint_async(EndpointName=name, Body=json.dumps(order).encode())
        return str(accepted["OutputLocation"]).removeprefix("s3://models/")

    def wait_for(self, key: str) -> None:
        """Waits for an output."""
        deadline = time.monotonic() + 20
        while True:
            try:
                self("s3").head_object(Bucket="models", Key=key)
            except ClientError:
                assert time.monotonic() < deadline, f"{key} did not appear"
                time.sleep(0.02)
            else:
                return

    def alarm(self, name: str) -> dict[str, Any]:
        """A deployed alarm."""
        return dict(self("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0])

    def activities(self, name: str) -> list[dict[str, Any]]:
        """The scaling activities of an endpoint, the newest first."""
        found = self("application-autoscaling").describe_scaling_activities(
            ServiceNamespace="sagemaker", ResourceId=f"endpoint/{name}/variant/AllTraffic"
        )
        return list(found["ScalingActivities"])


def _clone(folder: Path) -> Path:
    (folder / "cdk.json").write_text("{}")
    for name in ("requirements/base.lock", "container/server.py"):
        (folder / name).parent.mkdir()
        (folder / name).write_text("# covered by the image's hash\n")
    return folder


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory, bundle: bytes) -> Iterator[SteppedAws]:
    folder = _clone(tmp_path_factory.mktemp("stepped"))
    with (folder / "service.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(HERE / "stepped_service.py"), str(folder)],
            cwd=CLONE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("local AWS ready"), (folder / "service.log").read_text()
    address = find_running(folder)
    assert address is not None
    image = image_reference(root=folder, image="base", account=ACCOUNT, region=REGION)
    made = SteppedAws(address.url, folder, image)
    made("s3").create_bucket(Bucket="models")
    made("s3").put_object(Bucket="models", Key="model.tar.gz", Body=bundle)
    yield made
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    process.stdout.close()


@pytest.fixture(autouse=True)
def forgotten(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "aws" in request.fixturenames:
        request.getfixturevalue("aws").forget()


Resources = dict[str, Any]


@pytest.fixture(scope="session")
def scalable() -> Callable[..., Resources]:
    """Template resources: a scalable target of an endpoint, and its policies."""

    def make(endpoint: str, least: int, most: int, **policies: dict[str, Any]) -> Resources:
        target = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{endpoint}/variant/AllTraffic",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
            "MinCapacity": least,
            "MaxCapacity": most,
        }
        made: Resources = {"Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": target}}
        for name, config in policies.items():
            kind = "TargetTracking" if "TargetValue" in config else "Step"
            made[name] = {
                "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
                "Properties": {
                    "PolicyName": f"{endpoint}-{name.lower()}",
                    "PolicyType": f"{kind}Scaling" if kind == "TargetTracking" else "StepScaling",
                    "ScalingTargetId": {"Ref": "Target"},
                    f"{kind}ScalingPolicyConfiguration": config,
                },
            }
        return made

    return make
