"""Promise: with ``--keep`` what was deployed, stored and queued is there again after a stop, and after a kill."""

import contextlib
import io
import json
import signal
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.address import ACCOUNT, REGION, find_running
from chem_endpoints.local.kept_files import kept_folder
from chem_endpoints.spec.image_source import image_reference
from tests.local.conftest import (
    HERE,
    Cloud,
    Deployer,
    OwnAws,
    clients_of,
    make_clone,
    start_service,
    stop_service,
)

pytestmark = [pytest.mark.end_to_end, pytest.mark.thorough]


class Place:
    """A folder in which one local AWS after the other keeps its state."""

    def __init__(self, folder: Path, bundle: bytes) -> None:
        self.folder, self._bundle = make_clone(folder), bundle

    @property
    def kept(self) -> Path:
        return kept_folder(self.folder / ".local-aws")

    @contextlib.contextmanager
    def running(self, *, keep: bool = True) -> Iterator[OwnAws]:
        arguments = ["--keep"] if keep else []
        process = start_service(self.folder, str(HERE / "stand_in_service.py"), str(self.folder), "2", *arguments)
        address = find_running(self.folder)
        assert address is not None
        client = clients_of(address.url)
        with contextlib.suppress(ClientError):
            client("s3").create_bucket(Bucket="models")
        image = image_reference(root=self.folder, image="base", account=ACCOUNT, region=REGION)
        deployer = Deployer.__new__(Deployer)
        deployer.sagemaker, deployer._image, deployer._s3, deployer.endpoints = (
            client("sagemaker"),
            image,
            client("s3"),
            [],
        )
        client("s3").put_object(Bucket="models", Key="model.tar.gz", Body=self._bundle)
        try:
            yield OwnAws(process=process, folder=self.folder, client=client, deployer=deployer)
        finally:
            if process.poll() is None:
                assert stop_service(process) == 0, (self.folder / "service.log").read_text()
            elif process.stdout is not None:
                process.stdout.close()


@pytest.fixture
def place(tmp_path: Path, bundle: bytes) -> Place:
    return Place(tmp_path, bundle)


def ask(aws: OwnAws, endpoint: str, order: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = aws.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, Body=json.dumps(order), ContentType="application/json", **more
    )
    return dict(json.load(answer["Body"]))


def zipped(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, text)
    return packed.getvalue()


def test_services_of_moto_have_what_they_had(place: Place) -> None:
    with place.running() as aws:
        s3, sqs, kms = aws.client("s3"), aws.client("sqs"), aws.client("kms")
        s3.create_bucket(Bucket="objects")
        s3.put_bucket_versioning(Bucket="objects", VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket="objects", Key="small", Body=b"first", Metadata={"kind": "x"})
        s3.put_object(Bucket="objects", Key="small", Body=b"second", Metadata={"kind": "y"})
        s3.put_object(Bucket="objects", Key="large", Body=b"x" * (7 << 20))
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        topic = aws.client("sns").create_topic(Name="t")["TopicArn"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
        aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        secret = kms.encrypt(KeyId=key, Plaintext=b"words")["CiphertextBlob"]
        signing = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
        rsa = {"KeyId": signing, "Message": b"m", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
        signature = kms.sign(**rsa)["Signature"]
        allowed = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust, Tags=[{"Key": "a", "Value": "b"}])
        managed = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
        aws.client("iam").attach_role_policy(RoleName="r", PolicyArn=managed)
        aws.client("ssm").put_parameter(Name="p", Value="v", Type="String", Tags=[{"Key": "a", "Value": "b"}])
        aws.client("logs").create_log_group(logGroupName="g")
        role = aws.client("iam").get_role(RoleName="r")["Role"]["Arn"]
        code = {"ZipFile": zipped("index.py", "def handler(event, context):\n    return event['n'] + 1\n")}
        aws.client("lambda").create_function(
            FunctionName="f", Runtime="python3.11", Role=role, Handler="index.handler", Code=code
        )
    with place.running() as aws:
        s3, sqs, kms = aws.client("s3"), aws.client("sqs"), aws.client("kms")
        assert s3.get_object(Bucket="objects", Key="small")["Body"].read() == b"second"
        assert s3.head_object(Bucket="objects", Key="small")["Metadata"] == {"kind": "y"}
        assert len(s3.list_object_versions(Bucket="objects", Prefix="small")["Versions"]) == 2
        assert s3.get_object(Bucket="objects", Key="large")["Body"].read() == b"x" * (7 << 20)
        aws.client("sns").publish(TopicArn=topic, Message="again")
        assert "again" in sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"]
        assert kms.decrypt(CiphertextBlob=secret)["Plaintext"] == b"words"
        assert kms.verify(**rsa, Signature=signature)["SignatureValid"]
        assert aws.client("iam").get_role(RoleName="r")["Role"]["Tags"] == [{"Key": "a", "Value": "b"}]
        attached = aws.client("iam").list_attached_role_policies(RoleName="r")["AttachedPolicies"]
        assert [policy["PolicyArn"] for policy in attached] == [managed]
        assert aws.client("iam").get_policy(PolicyArn=managed)["Policy"]["AttachmentCount"] == 1
        assert aws.client("ssm").get_parameter(Name="p")["Parameter"]["Value"] == "v"
        assert aws.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId="p")["TagList"]
        assert aws.client("logs").describe_log_groups()["logGroups"][0]["logGroupName"] == "g"
        answer = aws.client("lambda").invoke(FunctionName="f", Payload=b'{"n": 1}')
        assert json.load(answer["Payload"]) == 2
        s3.delete_object(Bucket="objects", Key="large")
        s3.put_object(Bucket="objects", Key="small", Body=b"third")
    with place.running() as aws:
        assert aws.client("s3").get_object(Bucket="objects", Key="small")["Body"].read() == b"third"


def test_endpoints_and_components_serve_again_as_they_were(place: Place) -> None:
    with place.running() as aws:
        deployer = aws.deployer
        deployer.endpoint("two", label="kept", count=2)
        deployer.sagemaker.add_tags(ResourceArn=endpoint_arn("two"), Tags=[{"Key": "team", "Value": "chem"}])
        deployer.endpoint("asleep", asynchronous={"OutputConfig": {"S3OutputPath": "s3://models/out"}})
        scale(aws, "asleep", 0)
        deployer.endpoint("broken", image="another/image:tag")
        variant = {"VariantName": "AllTraffic", "InstanceType": "ml.c7i.large", "InitialInstanceCount": 1}
        deployer.endpoint_of("holder", [variant], ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/r")
        deployer.sagemaker.create_inference_component(
            InferenceComponentName="part",
            EndpointName="holder",
            VariantName="AllTraffic",
            Specification={
                "ModelName": deployer.model(label="component"),
                "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024, "NumberOfCpuCoresRequired": 1},
            },
            RuntimeConfig={"CopyCount": 1},
        )
        settled(aws, "part")
        before = aws.server_pids()
        assert len(before) == 3
    assert aws.server_pids() == set()
    with place.running() as aws:
        sagemaker = aws.client("sagemaker")
        two, asleep, broken = (aws.deployer.settled(name) for name in ("two", "asleep", "broken"))
        assert two["EndpointStatus"] == "InService"
        assert two["ProductionVariants"][0]["CurrentInstanceCount"] == 2
        assert asleep["ProductionVariants"][0]["CurrentInstanceCount"] == 0
        assert broken["EndpointStatus"] == "Failed"
        assert broken["FailureReason"]
        assert sagemaker.list_tags(ResourceArn=endpoint_arn("two"))["Tags"] == [{"Key": "team", "Value": "chem"}]
        assert ask(aws, "two", {"do": "echo"})["label"] == "kept"
        assert settled(aws, "part")["InferenceComponentStatus"] == "InService"
        assert ask(aws, "holder", {"do": "echo"}, InferenceComponentName="part")["label"] == "component"
        assert len(aws.server_pids()) == 3
        aws.deployer.endpoint("another")
        sagemaker.delete_endpoint(EndpointName="two")
    with place.running() as aws:
        names = {each["EndpointName"] for each in aws.client("sagemaker").list_endpoints()["Endpoints"]}
        assert names == {"asleep", "broken", "holder", "another"}


def endpoint_arn(name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{name}"


def scale(aws: OwnAws, name: str, count: int) -> None:
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": count}]
    aws.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=wanted
    )
    aws.deployer.settled(name)


def settled(aws: OwnAws, component: str) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = aws.client("sagemaker").describe_inference_component(InferenceComponentName=component)
        if found["InferenceComponentStatus"] not in ("Creating", "Updating"):
            return found
        time.sleep(0.05)


def test_a_queued_asynchronous_request_is_answered_by_the_next_local_aws(place: Place) -> None:
    with place.running() as aws:
        aws.deployer.endpoint("later", asynchronous={"OutputConfig": {"S3OutputPath": "s3://models/out"}})
        scale(aws, "later", 0)
        aws.client("s3").put_object(Bucket="models", Key="in.json", Body=b'{"do": "echo", "number": 7}')
        location = aws.client("sagemaker-runtime").invoke_endpoint_async(
            EndpointName="later", InputLocation="s3://models/in.json", ContentType="application/json"
        )["OutputLocation"]
    with place.running() as aws:
        aws.deployer.settled("later")
        scale(aws, "later", 1)
        key = location.removeprefix("s3://models/")
        aws.client("s3").get_waiter("object_exists").wait(
            Bucket="models", Key=key, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
        )
        assert json.load(aws.client("s3").get_object(Bucket="models", Key=key)["Body"])["order"]["number"] == 7


RESOURCES = {
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "t"}},
    "Alarm": {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": "a",
            "Namespace": "n",
            "MetricName": "m",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": [{"Ref": "Topic"}],
        },
    },
}


def test_stacks_can_be_updated_and_deleted_afterwards(place: Place) -> None:
    with place.running() as aws:
        cloud = Cloud(aws.client)
        assert cloud.create(RESOURCES, Tags=[{"Key": "team", "Value": "chem"}]) == "CREATE_COMPLETE"
        name, events = cloud.name, cloud.statuses("Alarm")
    with place.running() as aws:
        after = Cloud(aws.client)
        after.name = after.stack_id = name
        assert after.stack()["Tags"] == [{"Key": "team", "Value": "chem"}]
        assert after.statuses("Alarm") == events
        changed = json.loads(json.dumps(RESOURCES))
        changed["Alarm"]["Properties"]["Threshold"] = 5
        assert after.update(changed) == "UPDATE_COMPLETE"
        assert aws.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["Threshold"] == 5
        assert after.delete() == "DELETE_COMPLETE"
        assert not aws.client("sns").list_topics()["Topics"]


def test_an_operation_on_a_stack_that_the_end_cut_off_has_failed_and_can_be_cleared_away(place: Place) -> None:
    with place.running() as aws:
        config = aws.deployer.config(environment={"STAND_IN_FAULT": "sick"})
        endpoint = {
            "Type": "AWS::SageMaker::Endpoint",
            "DependsOn": "Topic",
            "Properties": {"EndpointName": "never", "EndpointConfigName": config},
        }
        body = json.dumps({"Resources": {"Topic": RESOURCES["Topic"], "Endpoint": endpoint}})
        api = aws.client("cloudformation")
        api.create_stack(StackName="cut", TemplateBody=body)
        while "never" not in {each["EndpointName"] for each in aws.client("sagemaker").list_endpoints()["Endpoints"]}:
            time.sleep(0.05)
    with place.running() as aws:
        api = aws.client("cloudformation")
        stack = api.describe_stacks(StackName="cut")["Stacks"][0]
        assert stack["StackStatus"] == "CREATE_FAILED"
        assert stack["StackStatusReason"] == "The local AWS was stopped meanwhile"
        cloud = Cloud(aws.client)
        cloud.stack_id = stack["StackId"]
        assert cloud.delete() == "DELETE_COMPLETE"
        assert not aws.client("sns").list_topics()["Topics"]


def test_without_keep_nothing_is_kept_and_a_kept_state_is_neither_used_nor_changed(place: Place) -> None:
    with place.running() as aws:
        aws.client("sqs").create_queue(QueueName="kept")
    before = (place.kept / "state").read_bytes()
    with place.running(keep=False) as aws:
        assert "QueueUrls" not in aws.client("sqs").list_queues()
    assert (place.kept / "state").read_bytes() == before


def test_what_was_saved_last_is_there_after_a_kill(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_SAVE_SECONDS", "0.2")
    with place.running() as aws:
        aws.deployer.endpoint("killed", label="kept")
        aws.client("sqs").create_queue(QueueName="kept")
        wait_for_two_savings(place.kept / "state")
        aws.process.send_signal(signal.SIGKILL)
        aws.process.wait(10)
    with place.running() as aws:
        assert aws.client("sqs").list_queues()["QueueUrls"]
        aws.deployer.settled("killed")
        assert ask(aws, "killed", {"do": "echo"})["label"] == "kept"


def wait_for_two_savings(file: Path, seconds: float = 20) -> None:
    """The first may have begun before what the caller did last."""
    deadline, seen = time.monotonic() + seconds, set[int]()
    while len(seen) < 3:
        assert time.monotonic() < deadline
        if file.exists():
            seen.add(file.stat().st_mtime_ns)
        time.sleep(0.05)
