"""The table of metrics says what AWS's pages say."""

import pytest

from constructs_lib import metrics
from constructs_lib.metrics import EndpointMetric

TABLE = {name: each for name, each in vars(metrics).items() if isinstance(each, EndpointMetric)}

# "Alarms and logs for tracking metrics from asynchronous endpoints": published with EndpointName alone.
QUEUE = {
    "ApproximateBacklogSize",
    "ApproximateBacklogSizePerInstance",
    "ApproximateAgeOfOldestRequest",
    "HasBacklogWithoutCapacity",
}
# "Amazon SageMaker AI metrics in Amazon CloudWatch": by endpoint and variant, in the instances' namespace.
ON_INSTANCES = {"CPUUtilizationNormalized", "MemoryUtilization", "DiskUtilization", "GPUUtilizationNormalized"}


def test_a_metric_belongs_to_the_queue_a_variant_or_a_component() -> None:
    for constant, metric in TABLE.items():
        if constant.startswith("COMPONENT_") or metric.name == "NoCapacityInvocationFailures":
            expected = {"InferenceComponentName"}
        else:
            expected = {"EndpointName"} if metric.name in QUEUE else {"EndpointName", "VariantName"}
        assert set(metric.dimension_values("x")) == expected, constant
    assert {metric.name for metric in TABLE.values()} > QUEUE


def test_name_and_dimensions_tell_metrics_apart() -> None:
    assert len({(each.name, each.dimensions) for each in TABLE.values()}) == len(TABLE)


def test_only_utilization_has_other_namespaces() -> None:
    instances = {each.name for each in TABLE.values() if each.namespace == "/aws/sagemaker/Endpoints"}
    components = {each.name for each in TABLE.values() if each.namespace == "/aws/sagemaker/InferenceComponents"}
    assert instances == ON_INSTANCES
    assert components == {"CPUUtilizationNormalized", "MemoryUtilizationNormalized"}
    others = {each.namespace for each in TABLE.values() if "Utilization" not in each.name}
    assert others == {"AWS/SageMaker"}


@pytest.mark.parametrize(
    ("constant", "unit"),
    [
        ("MODEL_LATENCY", "Microseconds"),
        ("COMPONENT_LATENCY", "Microseconds"),
        ("SETUP_TIME", "Microseconds"),
        ("TIME_IN_BACKLOG", "Microseconds"),
        ("PROCESSING_TIME", "Milliseconds"),
        ("OLDEST_REQUEST_AGE", "Seconds"),
        ("DISK_UTILIZATION", "Percent"),
    ],
)
def test_times_have_three_units(constant: str, unit: str) -> None:
    assert TABLE[constant].unit == unit


def test_counts_are_summed_and_times_are_percentiles() -> None:
    for metric in TABLE.values():
        assert metric.unit not in {"Microseconds", "Milliseconds"} or metric.statistic == "p99"
    for constant in ("INVOCATIONS", "SERVER_ERRORS", "FAILED_REQUESTS", "PROCESSED_REQUESTS", "NO_CAPACITY_FAILURES"):
        assert TABLE[constant].statistic == "Sum"


def test_a_variants_metric_names_the_main_variant_unless_told() -> None:
    assert metrics.INVOCATIONS.dimension_values("x") == {"EndpointName": "x", "VariantName": "AllTraffic"}
    assert metrics.INVOCATIONS.dimension_values("x", "b") == {"EndpointName": "x", "VariantName": "b"}
