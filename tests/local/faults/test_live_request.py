"""Promise: a real request is known for what it asks, in every style of S3 addresses; any other is let be."""

import json
from io import BytesIO
from typing import Any

import pytest

from chem_endpoints.local.faults.live_request import Asked, asked_by
from chem_endpoints.local.faults.schedule import Operation
from chem_endpoints.local.wsgi import Request

SIGNED = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"


def request(
    method: str, path: str, query: str = "", *, service: str = "s3", host: str = "localhost:5066", **headers: str
) -> Request:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_HOST": host,
        "wsgi.input": BytesIO(),
        **({"HTTP_AUTHORIZATION": SIGNED.format(service)} if service else {}),
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }
    return Request(environ)


def operation(*words: str, **more: str) -> Operation | None:
    asked = asked_by(request(*words, **more))
    return asked.operation if asked else None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("PUT", "/b/k/with/slashes"), Operation.PUT),
        (("PUT", "/b/k", "x-id=PutObject"), Operation.PUT),
        (("PUT", "/b/k", "partNumber=1&uploadId=u"), Operation.PUT),
        (("PUT", "/b/k", "tagging"), None),
        (("PUT", "/b"), None),
        (("GET", "/b/k"), Operation.GET),
        (("GET", "/b/k", "versionId=1&response-content-type=text/csv"), Operation.GET),
        (("GET", "/b/k", "acl"), None),
        (("HEAD", "/b/k"), Operation.HEAD),
        (("HEAD", "/b"), None),
        (("GET", "/b", "list-type=2&prefix=p%2F&encoding-type=url"), Operation.LIST),
        (("GET", "/b/", "list-type=2"), Operation.LIST),
        (("GET", "/b", "location"), None),
        (("GET", "/"), None),
        (("DELETE", "/b/k"), Operation.DELETE),
        (("DELETE", "/b/k", "uploadId=u"), None),
        (("DELETE", "/b"), None),
        (("POST", "/b", "delete"), Operation.DELETE_MANY),
        (("POST", "/b/k", "uploads"), None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_requests_of_s3_in_path_style(words: tuple[str, ...], expected: Operation | None) -> None:
    assert operation(*words) == expected


@pytest.mark.parametrize("host", ["b.localhost:5066", "b.s3.localhost:5066", "a.dotted.name.s3.us-east-1.localhost"])
@pytest.mark.parametrize(
    ("method", "path", "query", "expected"),
    [
        ("GET", "/k", "", Operation.GET),
        ("GET", "/", "list-type=2", Operation.LIST),
        ("GET", "/k/list", "list-type=2", None),
        ("POST", "/", "delete=", Operation.DELETE_MANY),
    ],
)
def test_requests_of_s3_in_virtual_hosted_style(
    host: str, method: str, path: str, query: str, expected: Operation | None
) -> None:
    assert operation(method, path, query, host=host) == expected


def test_the_host_s3_alone_is_no_bucket() -> None:
    assert operation("GET", "/b/k", host="s3.localhost:5066") == Operation.GET
    assert operation("GET", "/b", "list-type=2", host="s3.localhost:5066") == Operation.LIST


def test_a_presigned_url_is_of_s3_and_a_copy_is_no_put() -> None:
    presigned = "X-Amz-Algorithm=AWS4&X-Amz-Credential=local%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=1"
    assert operation("GET", "/b/k", presigned, service="") == Operation.GET
    assert operation("GET", "/b/k", service="") is None
    assert operation("GET", "/b/k", service="sqs") is None
    assert operation("PUT", "/b/k", x_amz_copy_source="/b/other") is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/endpoints/Logs-V1/invocations", Asked(operation=Operation.INVOKE, endpoint="logs-v1")),
        ("/endpoints/e/invocations-response-stream", Asked(operation=Operation.INVOKE_STREAM, endpoint="e")),
        ("/endpoints/e/async-invocations", Asked(operation=Operation.INVOKE_ASYNC, endpoint="e")),
        ("/endpoints/e/other", None),
        ("/_local/clock", None),
    ],
    ids=str,
)
def test_requests_of_the_runtime(path: str, expected: Asked | None) -> None:
    assert asked_by(request("POST", path, service="sagemaker")) == expected


@pytest.mark.parametrize(
    ("name", "members", "expected"),
    [
        ("DescribeEndpoint", {"EndpointName": "E-1"}, Asked(operation=Operation.DESCRIBE_ENDPOINT, endpoint="e-1")),
        ("DescribeEndpoint", {}, Asked(operation=Operation.DESCRIBE_ENDPOINT)),
        (
            "ListTags",
            {"ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/E-1"},
            Asked(operation=Operation.LIST_TAGS, endpoint="e-1"),
        ),
        (
            "ListTags",
            {"ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:model/m"},
            Asked(operation=Operation.LIST_TAGS),
        ),
        ("DescribeEndpointConfig", {}, Asked(operation=Operation.DESCRIBE_ENDPOINT_CONFIG)),
        ("CreateEndpoint", {"EndpointName": "e"}, None),
    ],
    ids=str,
)
def test_requests_of_the_control_plane_keep_their_bodies(
    name: str, members: dict[str, str], expected: Asked | None
) -> None:
    body = json.dumps(members).encode()
    asking = request("POST", "/", service="sagemaker", x_amz_target=f"SageMaker.{name}")
    asking.environ.update({"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))})
    assert asked_by(asking) == expected
    assert asking.read_body() == body
