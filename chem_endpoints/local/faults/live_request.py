"""What a request to the local AWS asks for, in the terms of the schedule.

Source for S3: S3 API reference, request syntax of each operation; S3 user guide, Virtual hosting of buckets.
"""

import json
import re
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import parse_qs

from chem_endpoints.local.faults.schedule import Operation
from chem_endpoints.local.wsgi import Request

RUNTIME_OPERATIONS = {
    "invocations": Operation.INVOKE,
    "invocations-response-stream": Operation.INVOKE_STREAM,
    "async-invocations": Operation.INVOKE_ASYNC,
}
"""Last part of a path of the SageMaker runtime → operation."""

_INVOCATION = re.compile(r"/endpoints/([^/]+)/([a-z-]+)")
_SAGEMAKER = "SageMaker."
_ENDPOINT_MEMBERS = {Operation.DESCRIBE_ENDPOINT: "EndpointName", Operation.LIST_TAGS: "ResourceArn"}
"""Operations of SageMaker's that name an endpoint, and the member that does."""

_SIGNED = re.compile(r"^x-amz-|^(AWSAccessKeyId|Signature|Expires|x-id)$", re.IGNORECASE)
"""Parameters of presigned URLs, and the one by which JavaScript names the operation: they ask for nothing."""
_READ = re.compile(r"versionId|partNumber|response-[a-z-]+")
_WRITTEN = re.compile(r"uploadId|partNumber")
_LISTED = re.compile(r"list-type|prefix|delimiter|max-keys|continuation-token|start-after|encoding-type|fetch-owner")
_PRESIGNED_FOR_S3 = re.compile(r"/s3/aws4_request$")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that a fault may strike."""

    operation: Operation
    endpoint: str | None = None
    """The endpoint that it names, in small letters: SageMaker compares names without case."""


def asked_by(request: Request) -> Asked | None:
    """The operation that a request asks for; ``None``: one that no fault strikes."""
    if found := _INVOCATION.fullmatch(request.path):
        operation = RUNTIME_OPERATIONS.get(found.group(2))
        return Asked(operation=operation, endpoint=found.group(1).lower()) if operation else None
    if request.target.startswith(_SAGEMAKER):
        return _control(request)
    operation = _s3(request)
    return Asked(operation=operation) if operation else None


def _control(request: Request) -> Asked | None:
    try:
        operation = Operation(request.target.removeprefix(_SAGEMAKER))
    except ValueError:
        return None
    member = _ENDPOINT_MEMBERS.get(operation)
    if member is None:
        return Asked(operation=operation)
    body = request.read_body()
    request.environ["wsgi.input"] = BytesIO(body)  # It is read again by whoever answers.
    request.environ["CONTENT_LENGTH"] = str(len(body))
    try:
        named = str(json.loads(body)[member])
    except (ValueError, KeyError, TypeError):
        return Asked(operation=operation)  # Its answer is an error anyway.
    if operation is Operation.LIST_TAGS and ":endpoint/" not in named:
        return Asked(operation=operation)
    return Asked(operation=operation, endpoint=named.rpartition("/")[2].lower())


def _s3(request: Request) -> Operation | None:
    query = parse_qs(str(request.environ.get("QUERY_STRING", "")), keep_blank_values=True)
    if request.service != "s3" and not any(map(_PRESIGNED_FOR_S3.search, query.get("X-Amz-Credential", ()))):
        return None
    wanted = [name for name in query if not _SIGNED.match(name)]
    _, _, key = _path_in_s3(request).partition("/")
    if not key:
        return _of_bucket(request.method, wanted)
    return _of_object(request, wanted)


def _of_bucket(method: str, wanted: list[str]) -> Operation | None:
    if method == "POST" and wanted == ["delete"]:
        return Operation.DELETE_MANY
    lists = method == "GET" and "list-type" in wanted and all(map(_LISTED.fullmatch, wanted))
    return Operation.LIST if lists else None


def _of_object(request: Request, wanted: list[str]) -> Operation | None:
    """A part of a multipart upload counts as a PutObject; a copy is none."""
    if request.method in ("GET", "HEAD") and all(map(_READ.fullmatch, wanted)):
        return Operation.GET if request.method == "GET" else Operation.HEAD
    if request.method == "PUT" and all(map(_WRITTEN.fullmatch, wanted)):
        return None if request.header("x-amz-copy-source") else Operation.PUT
    if request.method == "DELETE" and all(name == "versionId" for name in wanted):
        return Operation.DELETE
    return None


def _path_in_s3(request: Request) -> str:
    """``BUCKET/KEY``, in path style or in virtual-hosted style (``BUCKET.localhost`` or ``BUCKET.s3.localhost``)."""
    host = re.sub(r":\d+$", "", request.header("Host") or "")
    bucket = re.sub(r"(^|\.)s3([.-][a-z0-9-]+)?$", "", host.removesuffix("localhost").removesuffix("."))
    path = request.path.removeprefix("/")
    return f"{bucket}/{path}" if bucket and host.endswith(".localhost") else path
