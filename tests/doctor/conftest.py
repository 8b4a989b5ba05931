"""One local AWS, and one healthy endpoint per test: the test breaks something by the AWS API, the doctor looks."""

import io
import json
import signal
import subprocess
import sys
import tarfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

from chem_endpoints.doctor import Finding, examine
from chem_endpoints.local.address import ACCOUNT, REGION, Address, find_running
from chem_endpoints.spec.image_source import REPOSITORY, image_reference

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "tests/local/stand_in_service.py"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:chem-endpoints-alarms"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/chem-endpoints"
INSTANCE_TYPE = "ml.c7i.xlarge"
Resources = dict[str, Any]
Clients = Callable[[str], Any]


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the image's hash covers, and a cdk.json."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "cdk.json").write_text("{}")
    for name in ("requirements/base.lock", "container/server.py"):
        (folder / name).parent.mkdir()
        (folder / name).write_text("# covered by the image's hash\n")
    return folder


@pytest.fixture(scope="session")
def local_aws(clone: Path) -> Iterator[Address]:
    with (clone / "service.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(SERVICE), str(clone), "2.0"], cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("local AWS ready"), (clone / "service.log").read_text()
    address = find_running(clone)
    assert address is not None
    yield address
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    process.stdout.close()


class ServiceQuotas(BaseHTTPRequestHandler):
    """The two operations that the doctor reads, in AWS's own protocol: moto has no quotas of SageMaker."""

    applied: dict[str, float]
    defaults: dict[str, float]

    def do_POST(self) -> None:
        """Two pages of one quota each at most."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        quotas = {"ListServiceQuotas": self.applied, "ListAWSDefaultServiceQuotas": self.defaults}[operation]
        assert asked["ServiceCode"] == "sagemaker"
        page = int(asked.get("NextToken", 0))
        listed = [{"QuotaName": name, "Value": value} for name, value in quotas.items()]
        answer: dict[str, Any] = {"Quotas": listed[page : page + 1]}
        if page + 1 < len(listed):
            answer["NextToken"] = str(page + 1)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Writes nothing."""


@pytest.fixture(scope="module")
def quotas() -> Iterator[tuple[str, type[ServiceQuotas]]]:
    """Address and contents of a Service Quotas that allows enough."""

    class Own(ServiceQuotas):
        applied = {"ml.other for endpoint usage": 1.0, f"{INSTANCE_TYPE} for endpoint usage": 20.0}  # noqa: RUF012
        defaults = {f"{INSTANCE_TYPE} for endpoint usage": 0.0}  # noqa: RUF012

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", Own
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def session(local_aws: Address, quotas: tuple[str, object]) -> Iterator[boto3.Session]:
    """What a user's environment gives."""
    variables = {
        "AWS_ENDPOINT_URL": local_aws.url,
        "AWS_ENDPOINT_URL_SERVICE_QUOTAS": quotas[0],
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_MAX_ATTEMPTS": "1",
    }
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
            environment.delenv(name, raising=False)
        for name, value in variables.items():
            environment.setenv(name, value)
        yield boto3.Session(region_name=REGION)


@pytest.fixture(scope="module")
def client(session: boto3.Session) -> Clients:
    made: dict[str, Any] = {}

    def make(service: str) -> Any:
        if service not in made:
            made[service] = session.client(service)  # type: ignore[call-overload]
        return made[service]

    return make


@pytest.fixture(scope="session")
def account(local_aws: Address, clone: Path) -> str:
    """What all endpoints share: bucket, repository with the image, topic with a subscriber. Returns the image."""
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)

    def make(service: str) -> Any:
        return session.client(service, endpoint_url=local_aws.url)  # type: ignore[call-overload]

    image = image_reference(root=clone, image="base", account=ACCOUNT, region=REGION)
    make("s3").create_bucket(Bucket="models")
    make("s3").put_bucket_versioning(Bucket="models", VersioningConfiguration={"Status": "Enabled"})
    make("ecr").create_repository(repositoryName=REPOSITORY)
    push(make("ecr"), tag=image.rpartition(":")[2])
    topic = make("sns").create_topic(Name=TOPIC.rpartition(":")[2])["TopicArn"]
    make("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="team@example.org")
    return image


def push(ecr: Any, *, tag: str | None = None) -> str:
    """Puts an image into the repository; returns its digest."""
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"digest": f"sha256:{uuid.uuid4().hex * 2}", "size": 1},
        "layers": [{"digest": f"sha256:{uuid.uuid4().hex * 2}", "size": 1}],
    }
    more = {"imageTag": tag} if tag else {}
    put = ecr.put_image(repositoryName=REPOSITORY, imageManifest=json.dumps(manifest), **more)
    return str(put["image"]["imageId"]["imageDigest"])


def bundle() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("model/weights.txt"), io.BytesIO(b""))
    return packed.getvalue()


class Patient:
    """An endpoint and its stack."""

    def __init__(self, client: Clients, image: str, session: boto3.Session) -> None:
        self.client, self.image, self._session = client, image, session
        self.name = f"e-{uuid.uuid4().hex[:8]}"
        self.stack = f"ChemEndpoints-{self.name}"
        self.artifact = f"{self.name}.tar.gz"
        self.version = client("s3").put_object(Bucket="models", Key=self.artifact, Body=bundle())["VersionId"]

    def examine(self, **more: Any) -> tuple[Finding, ...]:
        """What the doctor finds, as on an AWS where images are pushed, quotas kept and mails read."""
        return examine([self.name], session=self._session, **{"local": False, **more})

    def only(self, check: str, **more: Any) -> Finding:
        """The one finding there is."""
        found = self.examine(**more)
        assert [finding.check for finding in found] == [check], found
        return found[0]

    def deploy(self, resources: Resources, expected: str = "CREATE_COMPLETE") -> None:
        """Creates or updates the stack and waits."""
        api = self.client("cloudformation")
        update = expected.startswith("UPDATE")
        (api.update_stack if update else api.create_stack)(
            StackName=self.stack, TemplateBody=json.dumps({"Resources": resources})
        )
        assert self.settled_stack() == expected, api.describe_stack_events(StackName=self.stack)["StackEvents"]

    def settled_stack(self) -> str:
        while (status := self._stack_status()).endswith("_IN_PROGRESS"):
            time.sleep(0.02)
        return status

    def _stack_status(self) -> str:
        return str(self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]["StackStatus"])

    def settled(self) -> dict[str, Any]:
        """DescribeEndpoint, once nothing is under way."""
        while True:
            found: dict[str, Any] = self.client("sagemaker").describe_endpoint(EndpointName=self.name)
            if found["EndpointStatus"] not in ("Creating", "Updating", "RollingBack"):
                return found
            time.sleep(0.02)

    def model(self, label: str = "", fault: str = "", **more: Any) -> Resources:
        """A Model resource."""
        container = {
            "Image": self.image,
            "ModelDataUrl": f"s3://models/{self.artifact}",
            "Environment": {"STAND_IN_LABEL": label, "STAND_IN_FAULT": fault},
        }
        return {
            "Type": "AWS::SageMaker::Model",
            "Properties": {"PrimaryContainer": container, "ExecutionRoleArn": ROLE, **more},
        }

    def resources(self, **changes: Any) -> Resources:
        """A healthy real-time endpoint with everything around it."""
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
            "InitialInstanceCount": 1,
            "InstanceType": INSTANCE_TYPE,
            "InitialVariantWeight": 1,
        }
        config = {"ProductionVariants": [variant], **changes.pop("config", {})}
        endpoint = {
            "EndpointName": self.name,
            "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
            "Tags": [{"Key": "chem-endpoints:endpoint", "Value": self.name}],
            **changes.pop("endpoint", {}),
        }
        return {
            "Logs": self.log_group(),
            "Model": self.model(),
            "Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": config},
            "Endpoint": {"Type": "AWS::SageMaker::Endpoint", "Properties": endpoint, "DependsOn": ["Logs", "Errors"]},
            "Errors": self.alarm("server-errors", [TOPIC]),
            **self.scaling(),
            **changes,
        }

    def log_group(self, **properties: Any) -> Resources:
        name = f"/aws/sagemaker/Endpoints/{self.name}"
        kept = {"LogGroupName": name, "RetentionInDays": 7, "KmsKeyId": KEY, **properties}
        return {"Type": "AWS::Logs::LogGroup", "Properties": {k: v for k, v in kept.items() if v is not None}}

    def alarm_name(self, key: str) -> str:
        return f"chem-endpoints-{self.name}-{key}"

    def alarm(self, key: str, actions: list[Any]) -> Resources:
        properties = {
            "AlarmName": self.alarm_name(key),
            "AlarmDescription": f"[page] Something. Runbook: docs/runbook.md#{key}",
            "AlarmActions": actions,
            "Namespace": "Ours",
            "MetricName": "Nothing",
            "Dimensions": [{"Name": "EndpointName", "Value": self.name}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "ignore",
        }
        return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}

    def scaling(self) -> Resources:
        """One to four instances, office hours two to six, one step policy with its alarm."""
        hours = {
            "ScheduledActionName": "office-opens",
            "Schedule": "cron(0 7 ? * MON-FRI *)",
            "ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 6},
        }
        target = {
            **self.target_key,
            "MinCapacity": 1,
            "MaxCapacity": 4,
            "ScheduledActions": [hours],
        }
        steps = [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]
        step = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps, "Cooldown": 60}
        policy = {
            "PolicyName": f"{self.name}-wake",
            "PolicyType": "StepScaling",
            "ScalingTargetId": {"Ref": "Target"},
            "StepScalingPolicyConfiguration": step,
        }
        return {
            "Target": {
                "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
                "Properties": target,
                "DependsOn": "Endpoint",
            },
            "Wake": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": policy},
            "WakeAlarm": self.alarm("wake", [{"Ref": "Wake"}]),
        }

    @property
    def target_key(self) -> dict[str, str]:
        return {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{self.name}/variant/AllTraffic",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }


@pytest.fixture
def patient(client: Clients, account: str, session: boto3.Session) -> Patient:
    """An endpoint of the test's own, not deployed yet. It goes with its local AWS."""
    return Patient(client, account, session)


@pytest.fixture(scope="module")
def healthy(client: Clients, account: str, session: boto3.Session) -> Patient:
    """A real-time endpoint that scales, deployed. Whoever breaks it mends it: `undo`."""
    made = Patient(client, account, session)
    made.deploy(made.resources())
    return made


@pytest.fixture
def undo() -> Iterator[ExitStack]:
    """What is called after the test."""
    with ExitStack() as stack:
        yield stack
