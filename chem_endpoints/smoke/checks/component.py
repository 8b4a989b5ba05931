"""An inference component: captured files, its log group, zeros as metrics, no copies, and what a caller hears then."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from chem_endpoints.smoke.check import Check, Finding, confirmed_if, not_tested
from chem_endpoints.smoke.observation import CSV, capture, invoke, refusal
from chem_endpoints.smoke.sandbox import CheckError, Sandbox

LOG_MINUTES = 5.0
ZERO_MINUTES = 6.0
NO_CAPACITY_WORDS = "no capacity"
"""The client waits on these words."""


def run(sandbox: Sandbox) -> Iterator[tuple[str, Finding]]:
    """One endpoint with one component, which is scaled in to no copies."""
    endpoint = sandbox.endpoint("components", with_components=True, DataCaptureConfig=sandbox.capture_config())
    component = sandbox.component(endpoint)
    invoke(sandbox, endpoint, InferenceComponentName=component)
    captured, _ = capture(sandbox, endpoint)
    yield "capture-components", captured
    yield "component-log-group", _log_group(sandbox, component)
    yield "component-zeros", _zeros(sandbox, component)
    yield "components-at-zero", _no_copies(sandbox, component)
    yield "component-no-capacity", _refused(sandbox, endpoint, component)


def _log_group(sandbox: Sandbox, component: str) -> Finding:
    name, logs = f"/aws/sagemaker/InferenceComponents/{component}", sandbox.account("logs")
    found = sandbox.seen(lambda: logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"], LOG_MINUTES)
    return confirmed_if(found, f"{'there is' if found else 'no'} log group /aws/sagemaker/InferenceComponents/NAME")


def _zeros(sandbox: Sandbox, component: str) -> Finding:
    """Whether a component that nobody calls publishes zeros, without which it could never be scaled in to none."""
    asked = datetime.now(UTC)

    def quiet_minutes() -> list[float]:
        points = sandbox.account("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName="InvocationsPerCopy",
            Dimensions=[{"Name": "InferenceComponentName", "Value": component}],
            StartTime=asked - timedelta(minutes=30),
            EndTime=asked + timedelta(days=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return [point["Sum"] for point in points if point["Sum"] == 0]

    zeros = sandbox.seen(quiet_minutes, ZERO_MINUTES)
    return confirmed_if(zeros, f"{len(zeros)} minutes with InvocationsPerCopy 0")


def _no_copies(sandbox: Sandbox, component: str) -> Finding:
    try:
        sandbox.account("sagemaker").update_inference_component_runtime_config(
            InferenceComponentName=component, DesiredRuntimeConfig={"CopyCount": 0}
        )
        found = sandbox.seen(lambda: _without_copies(sandbox, component), LOG_MINUTES)
    except (ClientError, CheckError) as error:
        return Finding(verdict="refuted", evidence=f"{sandbox.account.region}: {error}")
    return confirmed_if(found, f"{sandbox.account.region}: InService with {0 if found else 'more than 0'} copies")


def _without_copies(sandbox: Sandbox, component: str) -> bool:
    return bool(sandbox.component_settled(component)["RuntimeConfig"]["CurrentCopyCount"] == 0)


def _refused(sandbox: Sandbox, endpoint: str, component: str) -> Finding:
    try:
        sandbox.account("sagemaker-runtime").invoke_endpoint(
            EndpointName=endpoint, InferenceComponentName=component, Body=sandbox.served.rows, ContentType=CSV
        )
    except ClientError as error:
        return confirmed_if(NO_CAPACITY_WORDS in str(error), f"refused with {refusal(error)!r}")
    return not_tested("a component that should have no copies answered")


COMPONENT = Check(
    id="component",
    answers=(
        "capture-components",
        "component-log-group",
        "component-zeros",
        "components-at-zero",
        "component-no-capacity",
    ),
    instances=1,
    ceiling_minutes=60,
    run=run,
)
