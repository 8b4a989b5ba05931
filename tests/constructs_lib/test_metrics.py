"""The table of metrics says what AWS's pages say."""

from constructs_lib import metrics
from constructs_lib.metrics import EndpointMetric

TABLE = {each.name: each for each in vars(metrics).values() if isinstance(each, EndpointMetric)}

# "Alarms and logs for tracking metrics from asynchronous endpoints": published with EndpointName alone.
QUEUE = {
    "ApproximateBacklogSize",
    "ApproximateBacklogSizePerInstance",
    "ApproximateAgeOfOldestRequest",
    "HasBacklogWithoutCapacity",
}


def test_queue_metrics_know_no_variant_and_all_others_do() -> None:
    for name, metric in TABLE.items():
        assert set(metric.dimension_values("x")) == (
            {"EndpointName"} if name in QUEUE else {"EndpointName", "VariantName"}
        )
    assert set(TABLE) > QUEUE


def test_only_instance_metrics_have_the_other_namespace() -> None:
    others = {name for name, metric in TABLE.items() if metric.namespace != "AWS/SageMaker"}
    assert others == {"DiskUtilization"}
