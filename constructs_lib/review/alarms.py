"""Rules for alarms: they watch what exists, act, explain themselves, and decide before the deployment ends."""

from collections.abc import Iterator

from constructs_lib import metrics
from constructs_lib.metrics import EndpointMetric
from constructs_lib.review.finding import Expected, Flaw
from constructs_lib.review.hosting import COMPONENT, ENDPOINT
from constructs_lib.review.scaling import ALARM, POLICY, watched
from constructs_lib.review.template import Resource, Template, Values, as_list, number

_OURS = ("AWS/SageMaker", "/aws/sagemaker/")
"""How the namespaces start of which `constructs_lib.metrics` knows every metric that we use."""


def known_metrics() -> frozenset[tuple[str, str, frozenset[str], str]]:
    """Namespace, name, dimensions and statistic of each metric in the table."""
    return frozenset(
        (each.namespace, each.name, frozenset(each.dimensions), each.statistic)
        for each in vars(metrics).values()
        if isinstance(each, EndpointMetric)
    )


def metrics_exist(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Alarms and policies watch metrics that SageMaker publishes, in the way that they can be read."""
    known = known_metrics()
    for resource in template.of(ALARM, POLICY):
        for metric in [*watched(resource), *_tracked(resource)]:
            if not str(metric["Namespace"]).startswith(_OURS):
                continue
            dimensions = frozenset(each["Name"] for each in metric["Dimensions"])
            asked = (metric["Namespace"], metric["MetricName"], dimensions, metric["Statistic"])
            if asked not in known:
                by = ", ".join(sorted(dimensions)) or "nothing"
                yield (
                    resource.logical_id,
                    f"reads {metric['Statistic']} of {metric['Namespace']} {metric['MetricName']} by {by}",
                )


def _tracked(policy: Resource) -> list[Values]:
    tracking = policy.properties.get("TargetTrackingScalingPolicyConfiguration", {})
    custom = tracking.get("CustomizedMetricSpecification", {})
    return [{"Dimensions": [], **custom}] if "MetricName" in custom else []


def alarms_act(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """An alarm tells somebody, scales something or rolls a deployment back."""
    rolling_back = {name for resource in template.of(ENDPOINT, COMPONENT) for name in rollback_alarms(resource)}
    for alarm in template.of(ALARM):
        if not alarm.properties.get("AlarmActions") and alarm.properties.get("AlarmName") not in rolling_back:
            yield alarm.logical_id, "nobody hears it"


def alarms_explain(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Whoever is woken finds what to do."""
    for alarm in template.of(ALARM):
        if "runbook" not in str(alarm.properties.get("AlarmDescription", "")).lower():
            yield alarm.logical_id, "its description links no runbook"


def rollback_alarms(resource: Resource) -> list[str]:
    """Names of the alarms that roll a deployment back."""
    deployment = resource.properties.get("DeploymentConfig", {})
    return [each["AlarmName"] for each in as_list(deployment.get("AutoRollbackConfiguration", {}).get("Alarms"))]


def rollback_alarms_exist(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """A deployment with guardrails has alarms, in the same stack, that a quiet endpoint does not raise."""
    alarms = {alarm.properties.get("AlarmName"): alarm for alarm in template.of(ALARM)}
    for resource in template.of(ENDPOINT, COMPONENT):
        if not resource.properties.get("DeploymentConfig"):
            continue
        names = rollback_alarms(resource)
        if not names:
            yield resource.logical_id, "a deployment is never rolled back: no alarm is named"
        for name in names:
            if name not in alarms:
                yield resource.logical_id, f"the rollback alarm {name} is not in this template"
            elif alarms[name].properties.get("TreatMissingData") != "notBreaching":
                yield alarms[name].logical_id, "missing data rolls a deployment back or holds the alarm as it was"


def rollback_in_time(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """The alarms can fire while the old instances still stand."""
    alarms = {alarm.properties.get("AlarmName"): alarm for alarm in template.of(ALARM)}
    for resource in template.of(ENDPOINT, COMPONENT):
        bake = _bake_seconds(resource.properties.get("DeploymentConfig", {}))
        for name in rollback_alarms(resource):
            needed = _seconds_to_fire(alarms[name]) if name in alarms else 0
            if needed >= bake:
                yield alarms[name].logical_id, f"needs {needed:g} s to fire and the deployment watches for {bake:g} s"


def _seconds_to_fire(alarm: Resource) -> float:
    stats = [query.get("MetricStat", {}) for query in as_list(alarm.properties.get("Metrics"))]
    periods = [number(each.get("Period", 0)) for each in (alarm.properties, *stats)]
    datapoints = alarm.properties.get("DatapointsToAlarm") or alarm.properties.get("EvaluationPeriods", 1)
    return max(periods) * number(datapoints)


def _bake_seconds(deployment: Values) -> float:
    """How long SageMaker watches the alarms before it goes on; all at once, until the old instances go."""
    rolling = deployment.get("RollingUpdatePolicy", {})
    blue_green = deployment.get("BlueGreenUpdatePolicy", {})
    routing = blue_green.get("TrafficRoutingConfiguration", {})
    waits = [
        rolling.get("WaitIntervalInSeconds", 0),
        routing.get("WaitIntervalInSeconds", 0),
        blue_green.get("TerminationWaitInSeconds", 0),
    ]
    return max(number(each) for each in waits)
