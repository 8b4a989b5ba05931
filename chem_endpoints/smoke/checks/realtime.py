"""A real-time endpoint: user of the container, sizes of bodies, captured files, metrics out of log lines."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from chem_endpoints.smoke.check import Check, Finding, confirmed_if, not_tested
from chem_endpoints.smoke.observation import CSV, METRIC_MINUTES, capture, image_user, invoke, metric_names, refusal
from chem_endpoints.smoke.sandbox import CheckError, Sandbox

SIZES = (6 * 1024**2 + 1, 24_900_000)
"""Above the 6 MB that older pages and botocore's own model state, and just below the 25 MB of the FAQs."""

EMF_NAMESPACE = "ChemEndpoints"
EMF_DIMENSION = "Endpoint"


def run(sandbox: Sandbox) -> Iterator[tuple[str, Finding]]:
    """One endpoint, a few requests."""
    endpoint = sandbox.endpoint("realtime", DataCaptureConfig=sandbox.capture_config())
    invoke(sandbox, endpoint)
    yield "non-root-user", _user(sandbox)
    yield "body-25-mb", _sizes(sandbox, endpoint)
    captured, layout = capture(sandbox, endpoint)
    yield "capture-realtime", captured
    yield "capture-layout", layout
    names = sandbox.seen(lambda: metric_names(sandbox, EMF_NAMESPACE, EMF_DIMENSION, endpoint), METRIC_MINUTES)
    told = f"{EMF_NAMESPACE}: {', '.join(sorted(names)) or 'no metric of this endpoint'}"
    yield "emf-from-endpoint-logs", confirmed_if(names, told)


def _user(sandbox: Sandbox) -> Finding:
    try:
        user = image_user(sandbox)
    except CheckError as error:
        return not_tested(str(error))
    if user.partition(":")[0] in ("", "0", "root"):
        return not_tested("the image that was given runs as root")
    return Finding(verdict="confirmed", evidence=f"in service, and its image runs as {user}")


def _sizes(sandbox: Sandbox, endpoint: str) -> Finding:
    told = {size: _outcome(sandbox, endpoint, size) for size in SIZES}
    arrived = all(outcome.startswith("arrived") for outcome in told.values())
    return confirmed_if(arrived, "; ".join(f"{size} bytes {outcome}" for size, outcome in told.items()))


def _outcome(sandbox: Sandbox, endpoint: str, size: int) -> str:
    """Whether a body reaches the container: what the container makes of it does not matter here."""
    body = b"no_such_column\n" + b"x" * (size - 16) + b"\n"
    try:
        sandbox.account("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=body, ContentType=CSV)
    except ClientError as error:
        status = int(str(error.response.get("OriginalStatusCode", 0)))
        return f"arrived (the container answered {status})" if 400 <= status < 500 else refusal(error)
    return "arrived"


REALTIME = Check(
    id="realtime",
    answers=("non-root-user", "body-25-mb", "capture-realtime", "capture-layout", "emf-from-endpoint-logs"),
    instances=1,
    ceiling_minutes=60,
    run=run,
    not_local={"non-root-user": "the local AWS runs no image, only its server"},
)
