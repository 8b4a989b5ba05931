"""One process, loopback only, that ends when told to."""

import http.client
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.local.address import HEALTH_PATH, Address, find_running, has_ipv6_loopback, read_health, state_file

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


def test_nothing_confidential_is_logged(local_aws: Address, clone: Path, client: Any) -> None:
    secret = "CC(=O)Oc1ccccc1C(=O)O"
    client("s3").create_bucket(Bucket="secrets")
    client("s3").put_object(Bucket="secrets", Key=f"in/{secret}", Body=secret.encode())
    connection = http.client.HTTPConnection("127.0.0.1", local_aws.port, timeout=5)
    connection.request("POST", "/endpoints/none/invocations", body=secret.encode())
    assert connection.getresponse().status == 400
    connection.close()
    assert secret not in (clone / "service.log").read_text()
