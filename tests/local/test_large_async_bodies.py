"""Promise: bodies and answers of any size that AWS takes go through files without names; larger ones are refused."""

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.settings import Settings
from chem_endpoints.spec.support_matrix import SUPPORT
from tests.local.stand_in_service import ASYNC_BODY_BYTES

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]
OUTPUT = {"OutputConfig": {"S3OutputPath": "s3://large/out", "S3FailurePath": "s3://large/failed"}}


@pytest.fixture(scope="module", autouse=True)
def endpoint(deployer: Any, client: Clients) -> None:
    client("s3").create_bucket(Bucket="large")
    assert deployer.endpoint("large", asynchronous=OUTPUT)["EndpointStatus"] == "InService"


def submit(client: Clients, body: bytes, **parameters: Any) -> dict[str, Any]:
    key = f"in/{hashlib.sha256(body).hexdigest()}"
    client("s3").put_object(Bucket="large", Key=key, Body=body, ContentType="text/csv")
    call = client("sagemaker-runtime").invoke_endpoint_async
    return dict(call(EndpointName="large", InputLocation=f"s3://large/{key}", **parameters))


def wait_for(client: Clients, location: str) -> bytes:
    bucket, key = location.removeprefix("s3://").split("/", 1)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            return bytes(client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError:
            time.sleep(0.1)
    raise AssertionError(f"{location} did not appear")


def test_the_limit_is_that_of_aws() -> None:
    assert Settings(root=Path()).async_body_bytes == SUPPORT["async"].request_bytes.value == 1024**3


def test_a_body_of_the_largest_size_and_its_answer_arrive_whole(client: Clients) -> None:
    body = os.urandom(ASYNC_BODY_BYTES)
    accepted = submit(client, body, CustomAttributes="mirror")
    assert wait_for(client, accepted["OutputLocation"]) == body


def test_an_empty_body_and_an_empty_answer_arrive(client: Clients) -> None:
    assert wait_for(client, submit(client, b"", CustomAttributes="mirror")["OutputLocation"]) == b""


def test_a_larger_body_is_a_failure(client: Clients) -> None:
    accepted = submit(client, b"x" * (ASYNC_BODY_BYTES + 1), CustomAttributes="mirror")
    assert wait_for(client, accepted["FailureLocation"]).endswith(b"is larger than 33554432 bytes.")


def test_a_container_may_refuse_before_it_has_read_the_body(client: Clients) -> None:
    accepted = submit(client, b"x" * 20_000_000, CustomAttributes="refuse")
    assert b"Received client error (413) from primary" in wait_for(client, accepted["FailureLocation"])


def test_an_answer_that_breaks_off_is_a_failure(client: Clients) -> None:
    accepted = submit(client, b'{"do": "rows", "rows": 3, "end": "break"}')
    failure = wait_for(client, accepted["FailureLocation"])
    assert b"Received server error (0) from primary" in failure
    assert b'{"row"' not in failure


def test_a_body_lies_in_a_file_without_a_name_and_is_gone_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    (folder := tmp_path / "temporary").mkdir()
    (gate := tmp_path / "gate").mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    aws = request.getfixturevalue("own_aws")
    client = aws.client
    client("s3").create_bucket(Bucket="large")
    aws.deployer.endpoint("large", asynchronous=OUTPUT)
    body = json.dumps({"do": "rows", "rows": 1, "gate": str(gate), "CANARY": "x" * 4_000_000}).encode()
    accepted = submit(client, body)
    deadline = time.monotonic() + 15
    while len(body) not in (sizes := open_sizes(aws.process.pid, folder)):
        assert time.monotonic() < deadline, sizes
        time.sleep(0.05)
    assert named_files(folder) == []
    (gate / "0").touch()
    assert wait_for(client, accepted["OutputLocation"]) == b'{"row": 0}\n'
    while open_sizes(aws.process.pid, folder):
        assert time.monotonic() < deadline + 15
        time.sleep(0.05)
    assert named_files(folder) == []


def open_sizes(pid: int, folder: Path) -> list[int]:
    """Sizes of the files below the folder that a process has open (Linux)."""
    sizes = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if os.readlink(link).startswith(str(folder)):
                sizes.append(link.stat().st_size)
        except OSError:
            continue
    return sizes


def named_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
