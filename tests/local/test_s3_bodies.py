"""Promise: objects of any size go into the local S3 and come back whole, and the service never has one in memory."""

import base64
import hashlib
import http.client
import io
import os
import re
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.test import create_environ

from chem_endpoints.local import moto_fixes
from chem_endpoints.local.address import ACCOUNT, REGION, Address, find_running
from chem_endpoints.local.s3_bodies import (
    LARGE_BYTES,
    IncompleteBodyError,
    StoredBody,
    environ_with_stored_body,
    keep_large_bodies_in_files,
)
from chem_endpoints.local.wsgi import Request, call_app
from chem_endpoints.local.wsgi_bridge import open_app
from chem_endpoints.spec.image_source import image_reference
from tests.local.conftest import HERE, Deployer, clients_of, make_clone, start_service, stop_service

Clients = Callable[[str], Any]
MEGABYTE = 1 << 20
SIZE = 64 * MEGABYTE
GROWTH = 48 * MEGABYTE
"""A single copy of the body would be more."""
SIGNED = f"AWS4-HMAC-SHA256 Credential=a/20260101/{REGION}/s3/aws4_request, SignedHeaders=host, Signature=s"


class Peak:
    """The service's largest memory since it was made (Linux)."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        self._before = self._read("VmRSS")

    def _read(self, name: str) -> int:
        found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{self._pid}/status").read_text())
        assert found is not None
        return 1024 * int(found.group(1))

    @property
    def growth(self) -> int:
        return self._read("VmHWM") - self._before

    @property
    def total(self) -> int:
        return self._read("VmHWM")


@pytest.fixture(scope="module")
def s3(client: Clients) -> Any:
    made = client("s3")
    made.create_bucket(Bucket="sizes")
    return made


@pytest.fixture(scope="module")
def body() -> bytes:
    return os.urandom(SIZE)


def digest(stream: Any) -> str:
    """Of a body that is read piece by piece."""
    made = hashlib.sha256()
    while piece := stream.read(MEGABYTE):
        made.update(piece)
    return made.hexdigest()


@pytest.mark.end_to_end
def test_a_large_object_is_put_and_read_back_without_being_in_memory(s3: Any, body: bytes, local_aws: Address) -> None:
    peak = Peak(local_aws.pid)
    put = s3.put_object(Bucket="sizes", Key="whole", Body=body, Metadata={"my_key": "kept"}, ContentType="text/csv")
    found = s3.get_object(Bucket="sizes", Key="whole")
    assert digest(found["Body"]) == hashlib.sha256(body).hexdigest()
    assert peak.growth < GROWTH
    assert put["ETag"] == found["ETag"] == f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
    assert found["ContentLength"] == SIZE
    assert found["ContentType"] == "text/csv"
    assert found["Metadata"] == {"my_key": "kept"}
    assert s3.head_object(Bucket="sizes", Key="whole")["ContentLength"] == SIZE


@pytest.mark.end_to_end
def test_the_checksum_of_a_trailer_is_the_objects(s3: Any, body: bytes) -> None:
    s3.put_object(Bucket="sizes", Key="checked", Body=io.BytesIO(body), ChecksumAlgorithm="CRC32")
    found = s3.get_object(Bucket="sizes", Key="checked", ChecksumMode="ENABLED")
    assert found["ChecksumCRC32"] == base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    assert digest(found["Body"]) == hashlib.sha256(body).hexdigest()


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        (f"bytes={SIZE - 5}-", slice(SIZE - 5, SIZE)),
        ("bytes=-7", slice(SIZE - 7, SIZE)),
        (f"bytes=1000-{2 * MEGABYTE + 1000}", slice(1000, 2 * MEGABYTE + 1001)),
    ],
    ids=["first", "open", "last", "middle"],
)
def test_a_part_of_a_large_object_is_read(s3: Any, body: bytes, asked: str, part: slice) -> None:
    s3.put_object(Bucket="sizes", Key="ranges", Body=body)
    found = s3.get_object(Bucket="sizes", Key="ranges", Range=asked)
    assert found["Body"].read() == body[part]
    assert found["ContentRange"] == f"bytes {part.start}-{part.stop - 1}/{SIZE}"


@pytest.mark.end_to_end
def test_a_range_beyond_a_large_object_is_refused(s3: Any, body: bytes) -> None:
    s3.put_object(Bucket="sizes", Key="beyond", Body=body)
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket="sizes", Key="beyond", Range=f"bytes={SIZE}-")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 416


@pytest.mark.end_to_end
def test_parts_become_one_object_without_being_in_memory(
    s3: Any, body: bytes, local_aws: Address, tmp_path: Path
) -> None:
    (tmp_path / "up").write_bytes(body)
    peak = Peak(local_aws.pid)
    config = TransferConfig(multipart_threshold=8 * MEGABYTE, multipart_chunksize=8 * MEGABYTE, max_concurrency=4)
    s3.upload_file(str(tmp_path / "up"), "sizes", "parts", Config=config)
    s3.download_file("sizes", "parts", str(tmp_path / "down"), Config=config)
    # Four parts at a time of eight megabytes each are on their way, but no whole.
    assert peak.growth < GROWTH + 4 * 8 * MEGABYTE
    assert (tmp_path / "down").read_bytes() == body
    starts = range(0, SIZE, 8 * MEGABYTE)
    parts = [hashlib.md5(body[start : start + 8 * MEGABYTE], usedforsecurity=False) for start in starts]
    whole = hashlib.md5(b"".join(part.digest() for part in parts), usedforsecurity=False).hexdigest()
    assert s3.head_object(Bucket="sizes", Key="parts")["ETag"] == f'"{whole}-8"'


@pytest.mark.end_to_end
def test_a_wrong_part_is_refused(s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="sizes", Key="wrong")["UploadId"]
    s3.upload_part(Bucket="sizes", Key="wrong", UploadId=upload, PartNumber=1, Body=b"x" * (LARGE_BYTES + 1))
    with pytest.raises(ClientError) as caught:
        s3.complete_multipart_upload(
            Bucket="sizes",
            Key="wrong",
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": '"0123456789abcdef0123456789abcdef"'}]},
        )
    assert caught.value.response["Error"]["Code"] == "InvalidPart"


@pytest.mark.end_to_end
def test_a_large_object_stays_readable_when_it_is_replaced_meanwhile(s3: Any, body: bytes) -> None:
    s3.put_object(Bucket="sizes", Key="replaced", Body=body)
    found = s3.get_object(Bucket="sizes", Key="replaced")["Body"]
    first = found.read(1000)
    s3.put_object(Bucket="sizes", Key="replaced", Body=b"new")
    assert first + found.read() == body
    assert s3.get_object(Bucket="sizes", Key="replaced")["Body"].read() == b"new"


@pytest.mark.end_to_end
def test_a_large_object_of_a_bucket_that_does_not_exist_is_refused(s3: Any, body: bytes) -> None:
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.put_object(Bucket="no-such-bucket", Key="k", Body=body)


@pytest.mark.end_to_end
def test_a_presigned_upload_of_a_large_object_arrives_whole(s3: Any, body: bytes) -> None:
    url = urlsplit(s3.generate_presigned_url("put_object", Params={"Bucket": "sizes", "Key": "presigned"}))
    connection = http.client.HTTPConnection(url.netloc, timeout=60)
    connection.request("PUT", f"{url.path}?{url.query}", body)
    assert connection.getresponse().status == 200
    connection.close()
    assert digest(s3.get_object(Bucket="sizes", Key="presigned")["Body"]) == hashlib.sha256(body).hexdigest()


@pytest.mark.end_to_end
def test_an_upload_that_breaks_off_leaves_no_object(s3: Any, local_aws: Address) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", local_aws.port, timeout=60)
    connection.putrequest("PUT", "/sizes/broken")
    connection.putheader("Content-Length", str(SIZE))
    connection.putheader("Authorization", SIGNED)
    connection.endheaders(b"x" * (2 * MEGABYTE))
    connection.close()
    time.sleep(0.5)
    with pytest.raises(ClientError) as caught:
        s3.head_object(Bucket="sizes", Key="broken")
    assert caught.value.response["Error"]["Code"] == "404"


GIGABYTE = 1024 * MEGABYTE
SERVICE = """
import sys
from pathlib import Path
from chem_endpoints.local.service import serve
from chem_endpoints.local.settings import Settings
serve(Settings(root=Path(sys.argv[1]), port=0, server_command=(sys.executable, sys.argv[2])))
"""


@pytest.mark.end_to_end
@pytest.mark.thorough
def test_a_gigabyte_goes_through_s3_and_an_asynchronous_endpoint_in_bounded_memory(
    tmp_path: Path, bundle: bytes
) -> None:
    """The bound is that of the whole process, 300 MB."""
    folder = make_clone(tmp_path)
    process = start_service(folder, "-c", SERVICE, str(folder), str(HERE / "stand_in_server.py"))
    try:
        address = find_running(folder)
        assert address is not None
        client = clients_of(address.url)
        deployer = Deployer(client, image_reference(root=folder, image="base", account=ACCOUNT, region=REGION), bundle)
        client("s3").create_bucket(Bucket="large")
        output = {"OutputConfig": {"S3OutputPath": "s3://large/out", "S3FailurePath": "s3://large/failed"}}
        assert deployer.endpoint("large", asynchronous=output)["EndpointStatus"] == "InService"
        sparse = tmp_path / "body"
        with sparse.open("wb") as file:
            file.write(os.urandom(MEGABYTE))
            file.truncate(GIGABYTE)
        with sparse.open("rb") as file:
            expected = digest(file)
        peak = Peak(address.pid)
        with sparse.open("rb") as file:
            client("s3").put_object(Bucket="large", Key="whole", Body=file)
        client("s3").upload_file(str(sparse), "large", "parts")
        for key in ("whole", "parts"):
            assert digest(client("s3").get_object(Bucket="large", Key=key)["Body"]) == expected
        accepted = client("sagemaker-runtime").invoke_endpoint_async(
            EndpointName="large", InputLocation="s3://large/whole", CustomAttributes="mirror"
        )
        bucket, key = accepted["OutputLocation"].removeprefix("s3://").split("/", 1)
        client("s3").get_waiter("object_exists").wait(
            Bucket=bucket, Key=key, WaiterConfig={"Delay": 1, "MaxAttempts": 600}
        )
        assert digest(client("s3").get_object(Bucket=bucket, Key=key)["Body"]) == expected
        assert peak.total < 300 * MEGABYTE
    finally:
        stop_service(process)


class Source(io.RawIOBase):
    """A body that is made as it is read."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), self._left, MEGABYTE)
        buffer[:size] = bytes(size)
        self._left -= size
        return size


@pytest.fixture
def moto_app() -> Iterator[DomainDispatcherApplication]:
    with mock_aws():
        app = DomainDispatcherApplication(moto_fixes.create_app_without_debugger)
        assert call_app(app, environ("PUT", "/bucket")).status == 200
        yield app


def environ(method: str, path: str, size: int = 0, **headers: str) -> dict[str, Any]:
    made = dict(create_environ(path, method=method, headers={"Authorization": SIGNED, **headers}))
    return {**made, "wsgi.input": io.BufferedReader(Source(size)), "CONTENT_LENGTH": str(size), "RAW_URI": path}


def most_memory(work: Callable[[], None]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def put_and_get(app: Any) -> None:
    size = 4 * LARGE_BYTES
    sent = environ_with_stored_body(Request(environ("PUT", "/bucket/key", size)))
    assert call_app(app, sent).status == 200
    answer = open_app(app, environ("GET", "/bucket/key"))
    assert answer.status == 200
    with closing(answer.body) as body:
        assert sum(map(len, body)) == size


def test_plain_moto_reads_a_large_body_whole(moto_app: Any) -> None:
    size = 4 * LARGE_BYTES
    assert most_memory(lambda: call_app(moto_app, environ("PUT", "/bucket/key", size))) > size


def test_the_fix_keeps_a_large_body_out_of_memory(moto_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_large_bodies_in_files(monkeypatch.setattr)
    put_and_get(moto_app)  # The first call imports and builds.
    assert most_memory(lambda: put_and_get(moto_app)) < LARGE_BYTES + 8 * MEGABYTE


def chunked(*pieces: bytes, trailer: bytes = b"", last: bytes = b"0\r\n") -> bytes:
    coded = [b"%x;chunk-signature=abc\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
    return b"".join(coded) + last + trailer + b"\r\n"


def put_of(body: bytes, **headers: str) -> Request:
    made = environ("PUT", "/bucket/key", **headers)
    return Request({**made, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})


CODED = {"X-Amz-Content-Sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"}


def test_the_chunks_of_a_signed_upload_are_decoded() -> None:
    pieces = [bytes([number]) * (LARGE_BYTES // 2) for number in range(3)]
    trailer = b"x-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:abc\r\n"
    length = str(sum(map(len, pieces)))
    request = put_of(chunked(*pieces, trailer=trailer), **CODED, **{"X-Amz-Decoded-Content-Length": length})
    made = environ_with_stored_body(request)
    stored = next(value for value in made.values() if isinstance(value, StoredBody))
    assert b"".join(stored) == b"".join(pieces)
    assert made["HTTP_X_AMZ_CHECKSUM_CRC32"] == "AAAAAA=="
    assert made["HTTP_X_AMZ_CONTENT_SHA256"] == "UNSIGNED-PAYLOAD"
    stored.close()


@pytest.mark.parametrize(
    "body",
    [chunked(b"x" * 10, last=b""), b"no length\r\n", chunked(b"x" * LARGE_BYTES), b"fff\r\nxyz"],
    ids=["no-end", "no-size", "too-short", "cut"],
)
def test_an_upload_in_broken_chunks_is_incomplete(body: bytes) -> None:
    request = put_of(body, **CODED, **{"X-Amz-Decoded-Content-Length": str(LARGE_BYTES + 1)})
    with pytest.raises(IncompleteBodyError):
        environ_with_stored_body(request)


@pytest.mark.parametrize("target", ["/", "/bucket/key"], ids=["post", "small"])
def test_any_other_request_is_left_alone(target: str) -> None:
    request = Request(environ("POST" if target == "/" else "PUT", target, LARGE_BYTES if target != "/" else SIZE))
    assert environ_with_stored_body(request) is request.environ


if sys.platform != "linux":
    pytest.skip("reads /proc", allow_module_level=True)
