"""An asynchronous endpoint: its metrics' names, failures, captured files, and an update while it sleeps."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from chem_endpoints.smoke.check import Check, Finding, confirmed_if
from chem_endpoints.smoke.observation import CSV, METRIC_MINUTES, capture, metric_names
from chem_endpoints.smoke.sandbox import VARIANT, CheckError, Sandbox

ANSWER_MINUTES = 10.0
FAILURES_METRIC = "InvocationFailures"
"""As our alarms spell it."""

UNREADABLE = b"no_such_column\n1\n"
"""Our servers refuse it."""

_CUT = 300


def run(sandbox: Sandbox) -> Iterator[tuple[str, Finding]]:
    """One endpoint, one request that succeeds and one that fails; then none of its instances."""
    output = {f"S3{kind}Path": f"s3://{sandbox.bucket}/{kind.lower()}" for kind in ("Output", "Failure")}
    config: dict[str, Any] = {
        "AsyncInferenceConfig": {"OutputConfig": output},
        "DataCaptureConfig": sandbox.capture_config(),
    }
    endpoint = sandbox.endpoint("async", **config)
    _submit(sandbox, endpoint, sandbox.served.rows, "OutputLocation")
    failure = _submit(sandbox, endpoint, UNREADABLE, "FailureLocation")
    yield "async-failure-object", confirmed_if(b"422" in failure, f"says {failure[:_CUT].decode(errors='replace')!r}")
    captured, _ = capture(sandbox, endpoint)
    yield "capture-async", captured
    yield "async-metric-names", _metrics(sandbox, endpoint)
    yield "update-at-zero", _update_at_zero(sandbox, endpoint, config)


def _submit(sandbox: Sandbox, endpoint: str, body: bytes, location: str) -> bytes:
    """Puts one request into the queue, and waits for the object that ends it."""
    s3, key = sandbox.account("s3"), f"input/{endpoint}-{location}"
    s3.put_object(Bucket=sandbox.bucket, Key=key, Body=body, ContentType=CSV)
    taken = sandbox.account("sagemaker-runtime").invoke_endpoint_async(
        EndpointName=endpoint, InputLocation=f"s3://{sandbox.bucket}/{key}", ContentType=CSV
    )
    place = urlsplit(taken[location])

    def look() -> bytes | None:
        try:
            content: bytes = s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None
        return content

    content: bytes | None = sandbox.seen(look, ANSWER_MINUTES)
    if content is None:
        raise CheckError(f"no object at {location} within {ANSWER_MINUTES:g} minutes")
    return content


def _metrics(sandbox: Sandbox, endpoint: str) -> Finding:
    def names() -> set[str]:
        return metric_names(sandbox, "AWS/SageMaker", "EndpointName", endpoint)

    sandbox.seen(lambda: FAILURES_METRIC in names(), METRIC_MINUTES)
    found = names()
    return confirmed_if(FAILURES_METRIC in found, ", ".join(sorted(found)) or "no metric of this endpoint")


def _update_at_zero(sandbox: Sandbox, endpoint: str, config: dict[str, Any]) -> Finding:
    sagemaker = sandbox.account("sagemaker")
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint, DesiredWeightsAndCapacities=[{"VariantName": VARIANT, "DesiredInstanceCount": 0}]
    )
    sandbox.settled(endpoint)
    successor = sandbox.config({"ModelName": sandbox.model(endpoint)}, **config)
    try:
        sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=successor, RetainAllVariantProperties=True)
        found = sandbox.settled(endpoint)
    except (ClientError, CheckError) as error:
        return Finding(verdict="refuted", evidence=str(error))
    variant = found["ProductionVariants"][0]
    told = f"configuration {'new' if found['EndpointConfigName'] == successor else 'old'}, "
    told += f"{variant['CurrentInstanceCount']} instances, {variant['DesiredInstanceCount']} desired"
    asleep = variant["DesiredInstanceCount"] == 0 and found["EndpointConfigName"] == successor
    return confirmed_if(asleep, told)


ASYNCHRONOUS = Check(
    id="async",
    answers=("async-failure-object", "capture-async", "async-metric-names", "update-at-zero"),
    instances=2,  # An update runs the next fleet beside the first.
    ceiling_minutes=75,
    run=run,
    not_local={"capture-async": "the local AWS captures only what AWS documents, and that is no asynchronous request"},
)
