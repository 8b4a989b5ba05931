"""A deployment that an alarm rolls back: what DescribeEndpoint says of it afterwards."""

from collections.abc import Iterator
from typing import Any

from chem_endpoints.smoke.check import Check, Finding, confirmed_if, not_tested
from chem_endpoints.smoke.sandbox import CheckError, Sandbox

NAMESPACE, METRIC = "ChemEndpointsSmoke", "Never"
"""Nobody publishes it, and missing data is ignored: the alarm keeps the state that it is given."""

BAKE_SECONDS = 600


def run(sandbox: Sandbox) -> Iterator[tuple[str, Finding]]:
    """One endpoint, updated to the same model under a new configuration, while an alarm goes off."""
    endpoint = sandbox.endpoint("rollback")
    first = sandbox.settled(endpoint)["EndpointConfigName"]
    alarm = sandbox.alarm(
        Namespace=NAMESPACE,
        MetricName=METRIC,
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0.5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    sandbox.account("sagemaker").update_endpoint(
        EndpointName=endpoint,
        EndpointConfigName=sandbox.config({"ModelName": sandbox.model(endpoint)}),
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
                "TerminationWaitInSeconds": BAKE_SECONDS,
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
        },
    )
    yield "silent-rollback", _outcome(sandbox, endpoint, first, alarm)


def _outcome(sandbox: Sandbox, endpoint: str, first: str, alarm: str) -> Finding:
    try:
        found = _settled_in_trouble(sandbox, endpoint, alarm)
    except CheckError as error:
        return Finding(verdict="refuted", evidence=f"the endpoint is not in service: {error}")
    if found["EndpointConfigName"] != first:
        return not_tested("the alarm did not roll the update back")
    reason = found.get("FailureReason")
    return confirmed_if(reason is None, f"InService with the first configuration, FailureReason {reason!r}")


def _settled_in_trouble(sandbox: Sandbox, endpoint: str, alarm: str) -> dict[str, Any]:
    """DescribeEndpoint after the update; until then the alarm is set off, and nothing puts it back."""
    while True:
        found: dict[str, Any] = sandbox.account("sagemaker").describe_endpoint(EndpointName=endpoint)
        if found["EndpointStatus"] not in {"Updating", "RollingBack", "SystemUpdating"}:
            return sandbox.settled(endpoint)
        sandbox.account("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="smoke")
        sandbox.pause()


ROLLBACK = Check(
    id="rollback",
    answers=("silent-rollback",),
    instances=2,
    ceiling_minutes=60,
    run=run,
)
