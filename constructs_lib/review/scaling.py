"""Rules for autoscaling: what wakes, what follows which metric, and what a deployment leaves alone."""

from collections.abc import Iterator

from constructs_lib.metrics import BACKLOG_WITHOUT_CAPACITY, INVOCATIONS_PER_INSTANCE_PRESET, NO_CAPACITY_FAILURES
from constructs_lib.review.finding import Expected, Flaw
from constructs_lib.review.hosting import COMPONENT, CONFIG, ENDPOINT
from constructs_lib.review.template import Resource, Template, Values, as_list, is_true, number

TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"
ALARM = "AWS::CloudWatch::Alarm"

_AT_LEAST = "GreaterThanOrEqualToThreshold"
_NOT_FOR_QUEUES = frozenset({"Invocations", "InvocationsPerInstance", "OverheadLatency"})


def capacity_kept(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """A deployment neither shrinks a busy endpoint nor ignores a new weight or capture share."""
    for endpoint in template.of(ENDPOINT):
        for minimum in _scaled_instances(template, endpoint):
            if not is_true(endpoint.properties.get("RetainAllVariantProperties")):
                yield endpoint.logical_id, "a deployment resets the number of instances"
            needed = {"DesiredWeight", "DataCaptureConfig", *(["DesiredInstanceCount"] if minimum == 0 else [])}
            excluded = {
                each.get("VariantPropertyType")
                for each in as_list(endpoint.properties.get("ExcludeRetainedVariantProperties"))
            }
            if missing := sorted(needed - excluded):
                yield endpoint.logical_id, f"a deployment ignores changes of {', '.join(missing)}"


def _scaled_instances(template: Template, endpoint: Resource) -> list[float]:
    """The least number of instances of each autoscaled variant of the endpoint."""
    prefix = f"endpoint/{endpoint.properties.get('EndpointName')}/variant/"
    return [
        number(target.properties.get("MinCapacity"))
        for target in template.of(TARGET)
        if str(target.properties.get("ResourceId")).startswith(prefix)
        and target.properties.get("ScalableDimension") == "sagemaker:variant:DesiredInstanceCount"
    ]


def queue_follows_its_backlog(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """No policy or alarm of an asynchronous endpoint waits for a metric that it does not publish."""
    if not _has_queue(template):
        return
    for policy in template.of(POLICY):
        tracking = policy.properties.get("TargetTrackingScalingPolicyConfiguration", {})
        preset = tracking.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
        custom = tracking.get("CustomizedMetricSpecification", {}).get("MetricName")
        if preset == INVOCATIONS_PER_INSTANCE_PRESET or custom in _NOT_FOR_QUEUES:
            yield policy.logical_id, f"follows {preset or custom}, which no asynchronous endpoint publishes"
    for alarm in template.of(ALARM):
        if absent := sorted({metric["MetricName"] for metric in watched(alarm)} & _NOT_FOR_QUEUES):
            yield alarm.logical_id, f"watches {', '.join(absent)}, which no asynchronous endpoint publishes"


def _has_queue(template: Template) -> bool:
    return any("AsyncInferenceConfig" in config.properties for config in template.of(CONFIG))


def wakes_from_zero(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Whatever may go to zero has a step of scaling that its first request triggers."""
    for target in template.of(TARGET):
        if number(target.properties.get("MinCapacity")) != 0:
            continue
        if str(target.properties.get("ResourceId")).startswith("inference-component/"):
            signal = NO_CAPACITY_FAILURES.name
        elif _has_queue(template):
            signal = BACKLOG_WITHOUT_CAPACITY.name
        else:
            continue
        steps = _adding_steps(template, target)
        if not any(
            policy.logical_id in _acted_on(template, alarm)
            for alarm in template.of(ALARM)
            if alarm.properties.get("MetricName") == signal
            for policy in steps
        ):
            yield target.logical_id, f"goes to zero, and no alarm on {signal} adds capacity again"


def _adding_steps(template: Template, target: Resource) -> list[Resource]:
    return [
        policy
        for policy in template.of(POLICY)
        if _scales(template, policy, target)
        and any(
            number(step.get("ScalingAdjustment")) > 0
            for step in policy.properties.get("StepScalingPolicyConfiguration", {}).get("StepAdjustments", [])
        )
    ]


def _scales(template: Template, policy: Resource, target: Resource) -> bool:
    if "ResourceId" in policy.properties:
        return bool(policy.properties["ResourceId"] == target.properties.get("ResourceId"))
    return template.referred(policy.properties.get("ScalingTargetId")) == target


def _acted_on(template: Template, alarm: Resource) -> set[str]:
    referred = [template.referred(action) for action in as_list(alarm.properties.get("AlarmActions"))]
    return {resource.logical_id for resource in referred if resource}


def one_failure_wakes(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """A single request wakes a component: AWS's own example waits for more than one."""
    for alarm in template.of(ALARM):
        if alarm.properties.get("MetricName") != NO_CAPACITY_FAILURES.name:
            continue
        comparison, threshold = alarm.properties.get("ComparisonOperator"), number(alarm.properties.get("Threshold"))
        at_once = (comparison == _AT_LEAST and threshold <= 1) or (
            comparison == "GreaterThanThreshold" and threshold < 1
        )
        if not at_once:
            yield alarm.logical_id, f"{comparison} {threshold:g}: one request does not wake the component"


def target_after_component(template: Template, _expected: Expected) -> Iterator[Flaw]:
    """Scalable targets are made after, and removed before, what they scale."""
    scaled = {each.logical_id for each in template.of(ENDPOINT, COMPONENT)}
    for target in template.of(TARGET):
        if scaled and not scaled & set(target.depends_on):
            yield target.logical_id, "does not wait for what it scales"


def watched(alarm: Resource) -> list[Values]:
    """Every metric of an alarm or dashboard expression, each with name, namespace, dimensions, statistic."""
    properties = alarm.properties
    single = (
        [
            {
                "MetricName": properties["MetricName"],
                "Namespace": properties.get("Namespace"),
                "Dimensions": properties.get("Dimensions", []),
                "Statistic": properties.get("Statistic") or properties.get("ExtendedStatistic"),
            }
        ]
        if "MetricName" in properties
        else []
    )
    stats = [query["MetricStat"] for query in as_list(properties.get("Metrics")) if "MetricStat" in query]
    return single + [
        {
            "MetricName": each["Metric"]["MetricName"],
            "Namespace": each["Metric"].get("Namespace"),
            "Dimensions": each["Metric"].get("Dimensions", []),
            "Statistic": each.get("Stat"),
        }
        for each in stats
    ]
