"""The CloudWatch metrics that scaling, alarms and dashboards read: the one place that knows names and dimensions.

A wrong dimension gives an alarm that never fires and a policy that never scales, without any error.

Sources: "Amazon SageMaker AI metrics in Amazon CloudWatch", "Alarms and logs for tracking metrics from asynchronous
endpoints", "Alarms and logs for tracking metrics from serverless endpoints" (SageMaker developer guide);
"PredefinedMetricSpecification" (Application Auto Scaling API reference).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from chem_endpoints.spec.declared_values import MAIN_VARIANT

Dimension = Literal["EndpointName", "VariantName", "InferenceComponentName"]
Unit = Literal["Count", "Percent", "Microseconds", "Milliseconds", "Seconds", "None"]

INVOCATIONS_NAMESPACE = "AWS/SageMaker"
INSTANCES_NAMESPACE = "/aws/sagemaker/Endpoints"
DRIFT_NAMESPACE = "aws/sagemaker/Endpoints/data-metrics"
COMPONENTS_NAMESPACE = "/aws/sagemaker/InferenceComponents"

_ENDPOINT: tuple[Dimension, ...] = ("EndpointName",)
_VARIANT: tuple[Dimension, ...] = ("EndpointName", "VariantName")
_COMPONENT: tuple[Dimension, ...] = ("InferenceComponentName",)


@dataclass(frozen=True, kw_only=True)
class EndpointMetric:
    """A metric that SageMaker publishes per endpoint, per variant or per inference component."""

    name: str
    dimensions: tuple[Dimension, ...]
    statistic: str
    """The one that answers the question that we ask; percentiles as ``p99``."""
    unit: Unit
    namespace: str = INVOCATIONS_NAMESPACE

    def dimension_values(self, endpoint: str, variant: str = MAIN_VARIANT) -> Mapping[str, str]:
        """The dimensions of one endpoint. Its component has the endpoint's name."""
        values = {"EndpointName": endpoint, "VariantName": variant, "InferenceComponentName": endpoint}
        return {dimension: values[dimension] for dimension in self.dimensions}


# Requests of real-time and serverless endpoints, by variant.
INVOCATIONS = EndpointMetric(name="Invocations", dimensions=_VARIANT, statistic="Sum", unit="None")
SERVER_ERRORS = EndpointMetric(name="Invocation5XXErrors", dimensions=_VARIANT, statistic="Sum", unit="None")
CALLER_ERRORS = EndpointMetric(name="Invocation4XXErrors", dimensions=_VARIANT, statistic="Sum", unit="None")
MODEL_LATENCY = EndpointMetric(name="ModelLatency", dimensions=_VARIANT, statistic="p99", unit="Microseconds")
OVERHEAD_LATENCY = EndpointMetric(name="OverheadLatency", dimensions=_VARIANT, statistic="p99", unit="Microseconds")
CONCURRENT_REQUESTS = EndpointMetric(
    name="ConcurrentRequestsPerModel", dimensions=_VARIANT, statistic="Maximum", unit="Count"
)

# Instances of any kind that has them.
CPU_UTILIZATION = EndpointMetric(
    name="CPUUtilizationNormalized",
    namespace=INSTANCES_NAMESPACE,
    dimensions=_VARIANT,
    statistic="Average",
    unit="Percent",
)
MEMORY_UTILIZATION = EndpointMetric(
    name="MemoryUtilization", namespace=INSTANCES_NAMESPACE, dimensions=_VARIANT, statistic="Maximum", unit="Percent"
)
DISK_UTILIZATION = EndpointMetric(
    name="DiskUtilization", namespace=INSTANCES_NAMESPACE, dimensions=_VARIANT, statistic="Maximum", unit="Percent"
)
GPU_UTILIZATION = EndpointMetric(
    name="GPUUtilizationNormalized",
    namespace=INSTANCES_NAMESPACE,
    dimensions=_VARIANT,
    statistic="Average",
    unit="Percent",
)

# The queue of an asynchronous endpoint. It publishes no Invocations and no OverheadLatency.
BACKLOG = EndpointMetric(name="ApproximateBacklogSize", dimensions=_ENDPOINT, statistic="Maximum", unit="Count")
BACKLOG_PER_INSTANCE = EndpointMetric(
    name="ApproximateBacklogSizePerInstance", dimensions=_ENDPOINT, statistic="Average", unit="Count"
)
BACKLOG_WITHOUT_CAPACITY = EndpointMetric(
    name="HasBacklogWithoutCapacity", dimensions=_ENDPOINT, statistic="Average", unit="Count"
)
OLDEST_REQUEST_AGE = EndpointMetric(
    name="ApproximateAgeOfOldestRequest", dimensions=_ENDPOINT, statistic="Maximum", unit="Seconds"
)
FAILED_REQUESTS = EndpointMetric(name="InvocationFailures", dimensions=_VARIANT, statistic="Sum", unit="Count")
PROCESSED_REQUESTS = EndpointMetric(name="InvocationsProcessed", dimensions=_VARIANT, statistic="Sum", unit="Count")
EXPIRED_REQUESTS = EndpointMetric(name="ExpiredRequests", dimensions=_VARIANT, statistic="Sum", unit="Count")
TIME_IN_BACKLOG = EndpointMetric(name="TimeInBacklog", dimensions=_VARIANT, statistic="p99", unit="Microseconds")
PROCESSING_TIME = EndpointMetric(name="TotalProcessingTime", dimensions=_VARIANT, statistic="p99", unit="Milliseconds")

# Serverless alone.
SETUP_TIME = EndpointMetric(name="ModelSetupTime", dimensions=_VARIANT, statistic="p99", unit="Microseconds")
CONCURRENCY_IN_USE = EndpointMetric(
    name="ServerlessConcurrentExecutionsUtilization", dimensions=_VARIANT, statistic="Maximum", unit="None"
)

# Inference components: the same requests, by component, and what finds no copy.
COMPONENT_INVOCATIONS = EndpointMetric(name="Invocations", dimensions=_COMPONENT, statistic="Sum", unit="None")
COMPONENT_SERVER_ERRORS = EndpointMetric(
    name="Invocation5XXErrors", dimensions=_COMPONENT, statistic="Sum", unit="None"
)
COMPONENT_LATENCY = EndpointMetric(name="ModelLatency", dimensions=_COMPONENT, statistic="p99", unit="Microseconds")
NO_CAPACITY_FAILURES = EndpointMetric(
    name="NoCapacityInvocationFailures", dimensions=_COMPONENT, statistic="Sum", unit="Count"
)
COMPONENT_CPU = EndpointMetric(
    name="CPUUtilizationNormalized",
    namespace=COMPONENTS_NAMESPACE,
    dimensions=_COMPONENT,
    statistic="Average",
    unit="Percent",
)
COMPONENT_MEMORY = EndpointMetric(
    name="MemoryUtilizationNormalized",
    namespace=COMPONENTS_NAMESPACE,
    dimensions=_COMPONENT,
    statistic="Maximum",
    unit="Percent",
)

MICROSECONDS_PER_MILLISECOND = 1000
"""`MODEL_LATENCY` counts in microseconds; declarations say milliseconds."""

MICROSECONDS_PER_SECOND = 1_000_000
"""`SETUP_TIME` counts in microseconds; declarations say seconds."""

SECONDS_PER_MINUTE = 60
"""`OLDEST_REQUEST_AGE` counts in seconds; declarations say minutes."""

# Names that Application Auto Scaling gives to metrics which its own alarms then watch.
INVOCATIONS_PER_INSTANCE_PRESET = "SageMakerVariantInvocationsPerInstance"
CONCURRENT_REQUESTS_PRESET = "SageMakerVariantConcurrentRequestsPerModelHighResolution"
INVOCATIONS_PER_COPY_PRESET = "SageMakerInferenceComponentInvocationsPerCopy"
CONCURRENT_REQUESTS_PER_COPY_PRESET = "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution"
CONCURRENCY_UTILIZATION_PRESET = "SageMakerVariantProvisionedConcurrencyUtilization"
