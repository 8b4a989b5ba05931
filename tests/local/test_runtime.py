"""Synchronous invocation by unmodified clients."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.address import Address

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]


@pytest.fixture(scope="module", autouse=True)
def endpoint(deployer: Any) -> Iterator[None]:
    assert deployer.endpoint("echo")["EndpointStatus"] == "InService"
    return


def order(action: str, **more: Any) -> bytes:
    return json.dumps({"do": action, **more}).encode()


def refusal(client: Clients, body: bytes, endpoint: str = "echo") -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=body)
    return dict(caught.value.response)


def test_headers_go_and_come_as_in_sagemaker(client: Clients) -> None:
    answer = client("sagemaker-runtime").invoke_endpoint(
        EndpointName="echo",
        Body=order("echo"),
        ContentType="text/csv",
        Accept="text/csv",
        CustomAttributes="return=added",
        InferenceId="i-1",
        TargetVariant="AllTraffic",
    )
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["CustomAttributes"] == "seen=return=added"
    headers = json.loads(answer["Body"].read())["headers"]
    assert headers["content-type"] == headers["accept"] == "text/csv"
    assert headers["x-amzn-sagemaker-inference-id"] == "i-1"
    forwarded = {"content-type", "accept", "host", "accept-encoding", "content-length"}
    assert {name for name in headers if not name.startswith("x-amzn-sagemaker-")} == forwarded


def test_large_bodies_arrive_whole(client: Clients) -> None:
    body = b"x" * (7 * 1024 * 1024)
    answer = client("sagemaker-runtime").invoke_endpoint(EndpointName="echo", Body=body)
    assert json.loads(answer["Body"].read()) == {"length": len(body)}


def test_a_body_over_the_limit_is_refused_as_aws_does(client: Clients) -> None:
    answer = refusal(client, b"x" * (25 * 1024 * 1024 + 1))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert answer["Error"] == {"Code": "413", "Message": "HTTP content length exceeded 26214400 bytes."}


@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_containers_error_becomes_a_model_error(client: Clients, status: int) -> None:
    answer = refusal(client, order("status", status=status, detail="no column smiles"))
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == status
    assert json.loads(answer["OriginalMessage"]) == {"detail": "no column smiles"}
    assert answer["LogStreamArn"].startswith(
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/echo"
    )
    side = "client" if status < 500 else "server"
    assert answer["Error"]["Message"].startswith(f"Received {side} error ({status}) from primary with message")


def test_a_slow_container_becomes_a_model_error(client: Clients) -> None:
    answer = refusal(client, order("sleep", seconds=4))
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["OriginalStatusCode"] == 0
    assert "Your invocation timed out while waiting for a response from container" in answer["OriginalMessage"]


def test_an_unknown_endpoint_is_a_validation_error(client: Clients) -> None:
    answer = refusal(client, order("echo"), endpoint="nowhere")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert answer["Error"] == {
        "Code": "ValidationError",
        "Message": "Endpoint nowhere of account 123456789012 not found.",
    }


def test_an_unknown_variant_is_a_validation_error(client: Clients) -> None:
    with pytest.raises(ClientError, match="Variant other does not exist") as caught:
        client("sagemaker-runtime").invoke_endpoint(EndpointName="echo", Body=b"x", TargetVariant="other")
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_asynchronous_call_of_a_synchronous_endpoint_is_refused(client: Clients) -> None:
    with pytest.raises(ClientError, match="does not support asynchronous inference"):
        client("sagemaker-runtime").invoke_endpoint_async(EndpointName="echo", InputLocation="s3://models/in.csv")


def test_the_aws_command_line_and_plain_http_get_the_same(
    local_aws: Address, client_environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "body.json").write_bytes(order("echo"))
    command = ["-m", "awscli", "sagemaker-runtime", "invoke-endpoint", "--endpoint-name", "echo", "--body"]
    done = subprocess.run(
        [sys.executable, *command, f"fileb://{tmp_path / 'body.json'}", str(tmp_path / "answer.json")],
        env=client_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    url = f"{local_aws.url}/endpoints/echo/invocations"
    with urllib.request.urlopen(urllib.request.Request(url, data=order("echo"))) as answer:
        plain = json.loads(answer.read())
    by_command_line = json.loads((tmp_path / "answer.json").read_text())
    assert by_command_line["pid"] == plain["pid"]
    assert by_command_line["order"] == plain["order"]
