"""The CloudWatch metrics that scaling and alarms read: the one place that knows names and dimensions.

A wrong dimension gives an alarm that never fires and a policy that never scales, without any error.

Sources: "Monitor Amazon SageMaker AI with Amazon CloudWatch" and "Alarms and logs for tracking metrics from
asynchronous endpoints", SageMaker developer guide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from constructs_lib.naming import VARIANT

Dimension = Literal["EndpointName", "VariantName"]

INVOCATIONS_NAMESPACE = "AWS/SageMaker"
INSTANCES_NAMESPACE = "/aws/sagemaker/Endpoints"

_ENDPOINT: tuple[Dimension, ...] = ("EndpointName",)
_VARIANT: tuple[Dimension, ...] = ("EndpointName", "VariantName")


@dataclass(frozen=True, kw_only=True)
class EndpointMetric:
    """A metric that SageMaker publishes per endpoint or per variant."""

    name: str
    namespace: str
    dimensions: tuple[Dimension, ...]
    statistic: str

    def dimension_values(self, endpoint: str) -> Mapping[str, str]:
        """The dimensions of one endpoint."""
        values = {"EndpointName": endpoint, "VariantName": VARIANT}
        return {dimension: values[dimension] for dimension in self.dimensions}


INVOCATIONS = EndpointMetric(name="Invocations", namespace=INVOCATIONS_NAMESPACE, dimensions=_VARIANT, statistic="Sum")
SERVER_ERRORS = EndpointMetric(
    name="Invocation5XXErrors", namespace=INVOCATIONS_NAMESPACE, dimensions=_VARIANT, statistic="Sum"
)
MODEL_LATENCY = EndpointMetric(
    name="ModelLatency", namespace=INVOCATIONS_NAMESPACE, dimensions=_VARIANT, statistic="p99"
)
DISK_UTILIZATION = EndpointMetric(
    name="DiskUtilization", namespace=INSTANCES_NAMESPACE, dimensions=_VARIANT, statistic="Maximum"
)

BACKLOG = EndpointMetric(
    name="ApproximateBacklogSize",
    namespace=INVOCATIONS_NAMESPACE,
    dimensions=_ENDPOINT,
    statistic="Maximum",
)
BACKLOG_PER_INSTANCE = EndpointMetric(
    name="ApproximateBacklogSizePerInstance",
    namespace=INVOCATIONS_NAMESPACE,
    dimensions=_ENDPOINT,
    statistic="Average",
)
BACKLOG_WITHOUT_CAPACITY = EndpointMetric(
    name="HasBacklogWithoutCapacity",
    namespace=INVOCATIONS_NAMESPACE,
    dimensions=_ENDPOINT,
    statistic="Average",
)
OLDEST_REQUEST_AGE = EndpointMetric(
    name="ApproximateAgeOfOldestRequest",
    namespace=INVOCATIONS_NAMESPACE,
    dimensions=_ENDPOINT,
    statistic="Maximum",
)
FAILED_REQUESTS = EndpointMetric(
    name="InvocationFailures", namespace=INVOCATIONS_NAMESPACE, dimensions=_VARIANT, statistic="Sum"
)
PROCESSED_REQUESTS = EndpointMetric(
    name="InvocationsProcessed", namespace=INVOCATIONS_NAMESPACE, dimensions=_VARIANT, statistic="Sum"
)

MICROSECONDS_PER_MILLISECOND = 1000
"""`MODEL_LATENCY` counts in microseconds; declarations say milliseconds."""

SECONDS_PER_MINUTE = 60
"""`OLDEST_REQUEST_AGE` counts in seconds; declarations say minutes."""

INVOCATIONS_PER_INSTANCE_PRESET = "SageMakerVariantInvocationsPerInstance"
"""Application Auto Scaling's name for invocations per instance and minute; real-time variants only."""
