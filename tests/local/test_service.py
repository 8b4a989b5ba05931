"""One process, loopback only, that ends when told to."""

import http.client
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.address import (
    FOLDER_VARIABLE,
    HEALTH_PATH,
    Address,
    find_running,
    has_ipv6_loopback,
    read_health,
    state_file,
)

pytestmark = pytest.mark.end_to_end


def start(clone: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "chem_endpoints.local", "--root", str(clone), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_it_says_when_it_is_ready_and_ends_on_sigterm(tmp_path: Path) -> None:
    process = start(tmp_path, "--port", "0")
    assert process.stdout is not None
    line = process.stdout.readline()
    address = find_running(tmp_path)
    assert address is not None
    assert line == f"local AWS ready on {address.url}\n"
    assert address.pid == process.pid
    process.terminate()
    assert process.wait(20) == 0
    process.stdout.close()
    assert not state_file(tmp_path).exists()
    assert find_running(tmp_path) is None


def test_it_ends_when_idle(tmp_path: Path) -> None:
    process = start(tmp_path, "--port", "0", "--idle-minutes", "0.001")
    assert "ready" in process.communicate(timeout=30)[0]
    assert process.returncode == 0


@pytest.mark.parametrize("host", ["0.0.0.0", "example.com"])
def test_it_refuses_other_hosts(tmp_path: Path, host: str) -> None:
    process = start(tmp_path, "--host", host)
    assert "loopback only" in process.communicate(timeout=30)[0]
    assert process.returncode == 1


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(tmp_path, "--port", str(taken.getsockname()[1]))
        assert "is taken" in process.communicate(timeout=30)[0]
    assert process.returncode == 1


def test_a_second_one_of_the_same_clone_is_refused(local_aws: Address, clone: Path) -> None:
    process = start(clone, "--port", "0")
    assert f"up already: {local_aws.url}" in process.communicate(timeout=30)[0]
    assert process.returncode == 1


def test_health_on_both_loopback_addresses(local_aws: Address, clone: Path) -> None:
    health = read_health(local_aws.port)
    assert health is not None
    assert health["root"] == str(clone)
    assert isinstance(health["endpoints"], dict)
    if has_ipv6_loopback():
        connection = http.client.HTTPConnection("::1", local_aws.port, timeout=5)
        connection.request("GET", HEALTH_PATH)
        assert json.loads(connection.getresponse().read())["pid"] == local_aws.pid
        connection.close()


def test_a_foreign_host_header_is_refused(local_aws: Address) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", local_aws.port, timeout=5)
    connection.request("GET", HEALTH_PATH, headers={"Host": "evil.example.com"})
    assert connection.getresponse().status == 403
    connection.close()


@pytest.mark.parametrize("host", ["LOCALHOST", "Bucket.LocalHost", "[::1]"])
def test_a_loopback_host_in_any_spelling_is_served(local_aws: Address, host: str) -> None:
    assert answer(local_aws, "GET", HEALTH_PATH, {"Host": f"{host}:{local_aws.port}"}) == 200


def test_a_service_that_moto_lacks_is_told_as_not_implemented(client: Any) -> None:
    with pytest.raises(ClientError, match="does not support this operation") as caught:
        client("kendra").query(IndexId="a" * 36, QueryText="CCO")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_nothing_confidential_is_logged(local_aws: Address, clone: Path, client: Any) -> None:
    secret = "CC(=O)Oc1ccccc1C(=O)O"
    client("s3").create_bucket(Bucket="secrets")
    client("s3").put_object(Bucket="secrets", Key=f"in/{secret}", Body=secret.encode())
    connection = http.client.HTTPConnection("127.0.0.1", local_aws.port, timeout=5)
    connection.request("POST", "/endpoints/none/invocations", body=secret.encode())
    assert connection.getresponse().status == 400
    connection.close()
    assert secret not in (clone / "service.log").read_text()


def test_of_two_at_once_one_starts(tmp_path: Path) -> None:
    processes = [start(tmp_path, "--port", "0") for _ in range(2)]
    lines = [process.stdout.readline() if process.stdout else "" for process in processes]
    assert sorted("ready on" in line for line in lines) == [False, True], lines
    for process, line in zip(processes, lines, strict=True):
        if "ready on" in line:
            process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == (0 if "ready on" in line else 1)


def answer(address: Address, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=5)
    connection.request(method, path, body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("POST", "/", {"Origin": "https://evil.example"}, b"", 403),
        ("GET", HEALTH_PATH, {"Origin": "http://localhost:1"}, None, 403),
        ("POST", "/moto-api/reset", {}, b"", 403),
        ("GET", "/moto-api/", {}, None, 403),
        ("POST", "/", {"X-Amz-Target": "SageMaker.CreateEndpoint"}, b"{", 400),
        ("POST", "/", {"X-Amz-Target": "SageMaker.CreateEndpoint"}, b"[]", 400),
        ("POST", "/", {"X-Amz-Target": "SageMaker.CreateEndpoint"}, b'{"EndpointName": 1}', 400),
        ("POST", "/endpoints/none/invocations", {"Content-Length": "abc"}, None, 400),
        ("POST", "/endpoints/none/invocations", {"Content-Length": "-1"}, None, 400),
    ],
)
def test_what_no_aws_client_sends_is_refused(
    local_aws: Address, method: str, path: str, headers: dict[str, str], body: bytes | None, status: int
) -> None:
    assert answer(local_aws, method, path, headers, body) == status


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"Action=Nonsense", b"Action=CreateStack", b"Action=CreateStack&Tags.x=1"]
)
def test_malformed_queries_are_refused(local_aws: Address, body: bytes) -> None:
    scope = "AWS4-HMAC-SHA256 Credential=a/20200101/us-east-1/cloudformation/aws4_request"
    assert answer(local_aws, "POST", "/", {"Authorization": scope}, body) == 400


def test_a_stale_state_file_does_not_name_another_folders_local_aws(
    local_aws: Address, clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    state_file(clone).write_text(json.dumps({"port": local_aws.port, "pid": 1}))
    assert find_running(clone) is None
