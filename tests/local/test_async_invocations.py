"""Asynchronous invocation: queue, S3 results and failures, SNS notices."""

import base64
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.address import Address

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]
TOPIC = "arn:aws:sns:us-east-1:123456789012:notices"


def order(action: str, **more: Any) -> bytes:
    return json.dumps({"do": action, **more}).encode()


@pytest.fixture(scope="module")
def notices(client: Clients) -> Callable[[], dict[str, Any]]:
    """Reads the next message that SNS delivered."""
    queue = client("sqs").create_queue(QueueName="notices")["QueueUrl"]
    arn = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = client("sns").create_topic(Name="notices")["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def read() -> dict[str, Any]:
        for _ in range(100):
            for message in client("sqs").receive_message(QueueUrl=queue).get("Messages", []):
                client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                return dict(json.loads(json.loads(message["Body"])["Message"]))
            time.sleep(0.05)
        raise AssertionError("no notice came")

    return read


@pytest.fixture(scope="module", autouse=True)
def endpoint(deployer: Any, client: Clients, notices: Callable[[], dict[str, Any]]) -> Iterator[None]:
    client("s3").create_bucket(Bucket="jobs")
    config = {
        "OutputConfig": {
            "S3OutputPath": "s3://jobs/out/",
            "S3FailurePath": "s3://jobs/failed/",
            "NotificationConfig": {"SuccessTopic": TOPIC, "ErrorTopic": TOPIC},
        },
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 1},
    }
    assert deployer.endpoint("batch", asynchronous=config)["EndpointStatus"] == "InService"
    return


def submit(client: Clients, **parameters: Any) -> dict[str, Any]:
    return dict(client("sagemaker-runtime").invoke_endpoint_async(EndpointName="batch", **parameters))


def put_input(client: Clients, key: str, body: bytes) -> str:
    client("s3").put_object(Bucket="jobs", Key=key, Body=body, ContentType="text/csv")
    return f"s3://jobs/{key}"


def wait_for(client: Clients, location: str) -> bytes:
    bucket, key = location.removeprefix("s3://").split("/", 1)
    for _ in range(200):
        try:
            return bytes(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError:
            time.sleep(0.05)
    raise AssertionError(f"{location} did not appear")


def test_a_result_comes_to_s3_and_a_notice_to_the_topic(client: Clients, notices: Callable[[], dict[str, Any]]) -> None:
    location = put_input(client, "in/a.csv", order("echo", n=1))
    accepted = submit(
        client, InputLocation=location, InferenceId="job-1", CustomAttributes="strict=1", Accept="text/csv"
    )
    assert accepted["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert accepted["InferenceId"] == "job-1"
    assert accepted["OutputLocation"].startswith("s3://jobs/out/")
    assert accepted["FailureLocation"].startswith("s3://jobs/failed/")
    result = json.loads(wait_for(client, accepted["OutputLocation"]))
    assert result["order"] == {"do": "echo", "n": 1}
    assert result["headers"]["content-type"] == "text/csv"
    assert result["headers"]["x-amzn-sagemaker-custom-attributes"] == "strict=1"
    notice = notices()
    assert notice["invocationStatus"] == "Completed"
    assert notice["inferenceId"] == "job-1"
    assert "responseBody" not in notice
    asked = {"accept": "text/csv", "endpointName": "batch", "inputLocation": location}
    assert notice["requestParameters"] == asked
    assert notice["responseParameters"]["outputLocation"] == accepted["OutputLocation"]


def test_an_inline_body_needs_no_input_object(client: Clients, notices: Callable[[], dict[str, Any]]) -> None:
    accepted = submit(
        client, Body=order("echo"), ContentType="text/csv", Filename="chunk-1.csv", S3OutputPathExtension="run/7"
    )
    assert accepted["OutputLocation"] == "s3://jobs/out/run/7/chunk-1.csv"
    assert json.loads(wait_for(client, accepted["OutputLocation"]))["headers"]["content-type"] == "text/csv"
    assert notices()["invocationStatus"] == "Completed"


def test_a_containers_error_comes_to_the_failure_path(client: Clients, notices: Callable[[], dict[str, Any]]) -> None:
    accepted = submit(client, Body=order("status", status=422, detail="bad header"))
    failure = wait_for(client, accepted["FailureLocation"]).decode()
    assert "Received client error (422) from primary" in failure
    assert "bad header" in failure
    notice = notices()
    assert notice["invocationStatus"] == "Failed"
    assert notice["failureLocation"] == accepted["FailureLocation"]
    assert "(422)" in notice["failureReason"]


def test_an_input_that_vanished_while_queued_is_a_failure(
    client: Clients, notices: Callable[[], dict[str, Any]]
) -> None:
    submit(client, Body=order("sleep", seconds=1))
    location = put_input(client, "in/b.csv", order("echo"))
    accepted = submit(client, InputLocation=location)
    client("s3").delete_object(Bucket="jobs", Key="in/b.csv")
    assert "NoSuchKey" in wait_for(client, accepted["FailureLocation"]).decode()
    assert {notices()["invocationStatus"], notices()["invocationStatus"]} == {"Completed", "Failed"}


def test_an_invocation_has_its_own_time_limit(client: Clients, notices: Callable[[], dict[str, Any]]) -> None:
    accepted = submit(client, Body=order("sleep", seconds=3), InvocationTimeoutSeconds=1)
    assert "timed out" in wait_for(client, accepted["FailureLocation"]).decode()
    assert notices()["invocationStatus"] == "Failed"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "exactly one of InputLocation and Body"),
        ({"InputLocation": "s3://jobs/in", "Body": b"x"}, "exactly one of InputLocation and Body"),
        ({"Body": b"x" * 128_001}, "larger than 128000 bytes"),
        ({"Body": b"x", "Filename": "a/b"}, "Filename"),
        ({"Body": b"x", "S3OutputPathExtension": "a b"}, "S3OutputPathExtension"),
        ({"Body": b"x", "RequestTTLSeconds": 21_601}, "RequestTTLSeconds must be between 60 and 21600"),
        ({"Body": b"x", "InferenceId": "x" * 65}, "length less than or equal to 64"),
        ({"Body": b"x", "CustomAttributes": "x" * 1025}, "length less than or equal to 1024"),
    ],
)
def test_malformed_requests_are_refused(client: Clients, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message) as caught:
        submit(client, **parameters)
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_a_synchronous_call_is_refused(client: Clients) -> None:
    with pytest.raises(ClientError, match="does not support synchronous inference"):
        client("sagemaker-runtime").invoke_endpoint(EndpointName="batch", Body=b"x")


@pytest.mark.parametrize("location", ["s3://jobs/", "s3://jobs", "https://[", "s3://no-such-bucket/x"])
def test_an_unusable_input_location_is_a_failure(client: Clients, location: str) -> None:
    accepted = submit(client, InputLocation=location)
    assert "Failed to download the input" in wait_for(client, accepted["FailureLocation"]).decode()


def test_queued_requests_wait_for_an_instance(client: Clients) -> None:
    fatal = submit(client, Body=order("die"))
    queued = [submit(client, Body=order("echo", n=number)) for number in range(4)]
    wait_for(client, fatal["FailureLocation"])
    for number, accepted in enumerate(queued):
        assert json.loads(wait_for(client, accepted["OutputLocation"]))["order"]["n"] == number


def test_a_notice_may_have_the_response_and_the_result_is_encrypted(
    deployer: Any, client: Clients, notices: Callable[[], dict[str, Any]]
) -> None:
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    both = ["SUCCESS_NOTIFICATION_TOPIC", "ERROR_NOTIFICATION_TOPIC"]
    output = {
        "S3OutputPath": "s3://jobs/out",
        "S3FailurePath": "s3://jobs/failed",
        "KmsKeyId": key,
        "NotificationConfig": {"SuccessTopic": TOPIC, "ErrorTopic": TOPIC, "IncludeInferenceResponseIn": both},
    }
    deployer.endpoint("told", asynchronous={"OutputConfig": output})

    def heard(body: bytes, **more: Any) -> tuple[bytes, bytes | None]:
        """The object of a request, and what its notice has of it."""
        runtime = client("sagemaker-runtime")
        accepted = runtime.invoke_endpoint_async(EndpointName="told", Body=body, **more)
        while (notice := notices())["inferenceId"] != accepted["InferenceId"]:
            pass  # One of an earlier test, which did not read it.
        failed = notice["invocationStatus"] == "Failed"
        location = accepted["FailureLocation" if failed else "OutputLocation"].removeprefix("s3://jobs/")
        found = client("s3").get_object(Bucket="jobs", Key=location)
        assert found["ServerSideEncryption"] == "aws:kms"
        assert found["SSEKMSKeyId"].endswith(key)
        content = notice["responseBody"].get("content")
        return found["Body"].read(), None if content is None else base64.b64decode(content)

    stored, content = heard(order("echo", n=1))
    assert stored == content
    stored, content = heard(b"x" * 128_000, CustomAttributes="mirror")
    assert stored == content == b"x" * 128_000
    stored, content = heard(b'{"do": "echo", "text": "%s"}' % ("é" * 50_000).encode())  # Each is 6 bytes in the answer.
    assert len(stored) > 128 * 1024
    assert content is None
    stored, content = heard(order("status", status=422, detail="bad header"))
    assert stored == content
    assert b"bad header" in stored


def test_a_request_that_ends_while_its_endpoint_is_deleted_has_its_result(deployer: Any, client: Clients) -> None:
    config = {"OutputConfig": {"S3OutputPath": "s3://jobs/out"}}
    deployer.endpoint("ending", asynchronous=config, environment={"STAND_IN_COUNT": "1"})
    runtime = client("sagemaker-runtime")
    accepted = runtime.invoke_endpoint_async(EndpointName="ending", Body=order("sleep", seconds=1))
    deadline = time.monotonic() + 10
    while "request" not in _log(client, "ending"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    client("sagemaker").delete_endpoint(EndpointName="ending")
    deployer.endpoints.remove("ending")
    assert json.loads(wait_for(client, accepted["OutputLocation"]))["order"]["do"] == "sleep"


def _log(client: Clients, endpoint: str) -> str:
    """What its server has printed."""
    logs = client("logs")
    try:
        events = logs.filter_log_events(logGroupName=f"/aws/sagemaker/Endpoints/{endpoint}")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return ""
    return "\n".join(event["message"] for event in events)


def counted(client: Clients, url: str, endpoint: str) -> dict[str, float]:
    """What CloudWatch has of the endpoint's requests, once it has something."""
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}]
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        body = json.dumps({"advance_seconds": 60}).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{url}/_local/clock", data=body)) as answer:
            assert answer.status == 200
        sums = {}
        for name in ("InvocationsProcessed", "InvocationFailures"):
            points = client("cloudwatch").get_metric_statistics(
                Namespace="AWS/SageMaker",
                MetricName=name,
                Dimensions=dimensions,
                StartTime="2020-01-01T00:00:00Z",
                EndTime="2100-01-01T00:00:00Z",
                Period=60,
                Statistics=["Sum"],
            )["Datapoints"]
            sums[name] = sum(point["Sum"] for point in points)
        if any(sums.values()):
            return sums
    raise AssertionError(f"nothing is counted of {endpoint}")


def test_a_result_that_cannot_be_stored_is_a_failure(
    deployer: Any, client: Clients, local_aws: Address, notices: Callable[[], dict[str, Any]]
) -> None:
    output = {
        "S3OutputPath": "s3://no-such-bucket/out",
        "S3FailurePath": "s3://jobs/failed",
        "NotificationConfig": {"ErrorTopic": TOPIC},
    }
    deployer.endpoint("unstored", asynchronous={"OutputConfig": output})
    accepted = client("sagemaker-runtime").invoke_endpoint_async(EndpointName="unstored", Body=order("echo"))
    failure = wait_for(client, accepted["FailureLocation"]).decode()
    assert f"Failed to upload the output to {accepted['OutputLocation']}: NoSuchBucket" in failure
    while (notice := notices())["requestParameters"]["endpointName"] != "unstored":
        pass  # One of an earlier test, which did not read it.
    assert (notice["invocationStatus"], notice["failureReason"]) == ("Failed", failure)
    assert counted(client, local_aws.url, "unstored") == {"InvocationsProcessed": 1, "InvocationFailures": 1}


def test_a_notice_that_cannot_be_sent_changes_nothing_else(deployer: Any, client: Clients, local_aws: Address) -> None:
    output = {
        "S3OutputPath": "s3://jobs/out",
        "NotificationConfig": {"SuccessTopic": TOPIC.replace("notices", "no-such-topic")},
    }
    deployer.endpoint("unheard", asynchronous={"OutputConfig": output})
    accepted = client("sagemaker-runtime").invoke_endpoint_async(EndpointName="unheard", Body=order("echo", n=1))
    assert json.loads(wait_for(client, accepted["OutputLocation"]))["order"]["n"] == 1
    assert counted(client, local_aws.url, "unheard") == {"InvocationsProcessed": 1, "InvocationFailures": 0}


def test_an_input_whose_key_is_not_ascii_is_found(client: Clients) -> None:
    accepted = submit(client, InputLocation=put_input(client, "in/naïve-分子.json", order("echo", value=7)))
    assert wait_for(client, accepted["OutputLocation"])
