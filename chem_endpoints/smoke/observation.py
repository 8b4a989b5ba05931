"""What checks look at: answers, captured files, metrics, images."""

import json
import time
import urllib.request
from typing import Any

from botocore.exceptions import ClientError

from chem_endpoints.smoke.check import Finding, confirmed_if, not_tested
from chem_endpoints.smoke.sandbox import CheckError, Sandbox

CSV = "text/csv"
CAPTURE_MINUTES = 10.0
METRIC_MINUTES = 16.0
"""ListMetrics shows a new metric within 15 minutes (CloudWatch API reference)."""

_ERROR_LENGTH = 300
_MANIFESTS = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
]


def refusal(error: ClientError) -> str:
    """Code and words of a refusal, cut: a container's own words may be long."""
    told = error.response["Error"]
    return f"{told['Code']}: {told.get('Message', '')[:_ERROR_LENGTH]}"


def invoke(sandbox: Sandbox, endpoint: str, **more: Any) -> None:
    """One request that the model answers.

    Raises:
        CheckError: it is refused.
    """
    body = {"Body": sandbox.served.rows, "ContentType": CSV}
    try:
        sandbox.account("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, **body, **more)["Body"].read()
    except ClientError as error:
        raise CheckError(f"{endpoint} did not answer the rows that were given: {refusal(error)}") from None


def capture(sandbox: Sandbox, endpoint: str) -> tuple[Finding, Finding]:
    """Whether a file of captured requests comes, and whether it is laid out as our reader expects."""
    s3, prefix = sandbox.account("s3"), f"captured/{endpoint}/"

    def look() -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = s3.list_objects_v2(Bucket=sandbox.bucket, Prefix=prefix).get("Contents", [])
        return listed

    began = time.monotonic()
    objects = sandbox.seen(look, CAPTURE_MINUTES)
    if not objects:
        absent = f"no file below captured/ENDPOINT within {time.monotonic() - began:.0f} s"
        return Finding(verdict="refuted", evidence=absent), not_tested(absent)
    key = objects[0]["Key"]
    line = json.loads(s3.get_object(Bucket=sandbox.bucket, Key=key)["Body"].read().splitlines()[0])
    when = f"{'/'.join(key.split('/')[2:-1])} after {time.monotonic() - began:.0f} s"
    event = line.get("eventMetadata", {})
    sides = sorted(line.get("captureData", {}))
    attributes = type(event.get("customAttributes")).__name__
    layout = f"{'.'.join(sides)}, version {line.get('eventVersion')}, inferenceTime and customAttributes ({attributes})"
    hour = event.get("inferenceTime", "")[:13].replace("-", "/").replace("T", "/")
    return (
        Finding(verdict="confirmed", evidence=f"a file in {when}"),
        confirmed_if("endpointInput" in sides and hour and f"/{hour}/" in key, layout),
    )


def metric_names(sandbox: Sandbox, namespace: str, dimension: str, value: str) -> set[str]:
    """Metrics that exist with this dimension."""
    wanted = [{"Name": dimension, "Value": value}]
    pages = sandbox.account("cloudwatch").get_paginator("list_metrics").paginate(Namespace=namespace, Dimensions=wanted)
    return {metric["MetricName"] for page in pages for metric in page["Metrics"]}


def image_user(sandbox: Sandbox) -> str:
    """``User`` in the configuration of the image; empty: root.

    Raises:
        CheckError: the image is not in an ECR repository that can be read here.
    """
    uri, ecr = sandbox.served.image, sandbox.account("ecr")
    host, _, rest = uri.partition("/")
    repository, by, reference = rest.partition("@")
    if not by:
        repository, _, reference = rest.rpartition(":")
    place = {"registryId": host.split(".")[0], "repositoryName": repository}
    image = {"imageDigest" if by else "imageTag": reference}
    try:
        found = ecr.batch_get_image(**place, imageIds=[image], acceptedMediaTypes=_MANIFESTS)["images"]
        if not found:
            raise CheckError(f"no image {reference} in {repository}")
        digest = json.loads(found[0]["imageManifest"])["config"]["digest"]
        url = ecr.get_download_url_for_layer(**place, layerDigest=digest)["downloadUrl"]
    except ClientError as error:
        raise CheckError(f"the image's configuration cannot be read: {refusal(error)}") from None
    if not url.startswith("https://"):
        raise CheckError("the image's configuration has no https address")
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - https, from ECR
        return str(json.load(answer).get("config", {}).get("User", ""))
