"""A CloudWatch dashboard per endpoint: what its kind publishes, and the alarms.

Source: "Dashboard body structure and syntax", CloudWatch API reference.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from chem_endpoints.spec.declared_values import MAIN_VARIANT
from chem_endpoints.spec.endpoint_spec import EndpointSpec, RealtimeSpec
from chem_endpoints.spec.support_matrix import Kind
from constructs_lib import metrics
from constructs_lib.metrics import EndpointMetric
from constructs_lib.naming import EndpointNames

_WIDTH, _HEIGHT = 8, 6
_COLUMNS = 3
_PERIOD_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Graph:
    """One picture of one or several metrics of the same unit."""

    title: str
    metrics: tuple[EndpointMetric, ...]


_REQUESTS = Graph(
    title="Requests and errors", metrics=(metrics.INVOCATIONS, metrics.SERVER_ERRORS, metrics.CALLER_ERRORS)
)
_LATENCY = Graph(
    title="Slowest 1 % of the answers (microseconds)", metrics=(metrics.MODEL_LATENCY, metrics.OVERHEAD_LATENCY)
)
_INSTANCES = Graph(
    title="Instances (percent)",
    metrics=(metrics.CPU_UTILIZATION, metrics.MEMORY_UTILIZATION, metrics.DISK_UTILIZATION, metrics.GPU_UTILIZATION),
)

GRAPHS: Mapping[Kind, tuple[Graph, ...]] = MappingProxyType(
    {
        "realtime": (
            _REQUESTS,
            _LATENCY,
            Graph(title="Requests under way", metrics=(metrics.CONCURRENT_REQUESTS,)),
            _INSTANCES,
        ),
        "async": (
            Graph(
                title="Queue",
                metrics=(metrics.BACKLOG, metrics.BACKLOG_PER_INSTANCE, metrics.BACKLOG_WITHOUT_CAPACITY),
            ),
            Graph(title="Age of the oldest request (seconds)", metrics=(metrics.OLDEST_REQUEST_AGE,)),
            Graph(
                title="Processed, failed, expired",
                metrics=(metrics.PROCESSED_REQUESTS, metrics.FAILED_REQUESTS, metrics.EXPIRED_REQUESTS),
            ),
            Graph(title="Slowest 1 %: processing (milliseconds)", metrics=(metrics.PROCESSING_TIME,)),
            Graph(title="Slowest 1 %: waiting (microseconds)", metrics=(metrics.TIME_IN_BACKLOG,)),
            _INSTANCES,
        ),
        "serverless": (
            _REQUESTS,
            _LATENCY,
            Graph(title="Slowest 1 % of the cold starts (microseconds)", metrics=(metrics.SETUP_TIME,)),
            Graph(title="Share of the concurrency in use", metrics=(metrics.CONCURRENCY_IN_USE,)),
            Graph(title="Memory (percent)", metrics=(metrics.MEMORY_UTILIZATION,)),
        ),
        "inference_component": (
            Graph(
                title="Requests, errors, and what found no copy",
                metrics=(
                    metrics.COMPONENT_INVOCATIONS,
                    metrics.COMPONENT_SERVER_ERRORS,
                    metrics.NO_CAPACITY_FAILURES,
                ),
            ),
            Graph(title="Slowest 1 % of the answers (microseconds)", metrics=(metrics.COMPONENT_LATENCY,)),
            Graph(title="Copies (percent)", metrics=(metrics.COMPONENT_CPU, metrics.COMPONENT_MEMORY)),
            _INSTANCES,
        ),
    }
)
"""The graphs of each kind."""


class EndpointDashboard(Construct):
    """Dashboard with a literal name, the same JSON at every synth."""

    def __init__(self, scope: Construct, construct_id: str, *, spec: EndpointSpec, names: EndpointNames) -> None:
        """
        Args:
            scope: parent construct.
            construct_id: id below the parent.
            spec: the declaration.
            names: the endpoint's names.
        """
        super().__init__(scope, construct_id)
        further = [each.name for each in spec.serving.variants] if isinstance(spec, RealtimeSpec) else []
        widgets = [
            _widget(index, graph, names, [MAIN_VARIANT, *further])
            for index, graph in enumerate(GRAPHS[spec.serving.kind])
        ]
        self.resource = cloudwatch.CfnDashboard(
            self, "Resource", dashboard_name=names.dashboard, dashboard_body=json.dumps({"widgets": widgets})
        )


def _widget(index: int, graph: Graph, names: EndpointNames, variants: Sequence[str]) -> dict[str, Any]:
    row, column = divmod(index, _COLUMNS)
    return {
        "type": "metric",
        "x": column * _WIDTH,
        "y": row * _HEIGHT,
        "width": _WIDTH,
        "height": _HEIGHT,
        "properties": {
            "title": graph.title,
            "region": names.shared.region,
            "view": "timeSeries",
            "period": _PERIOD_SECONDS,
            "metrics": [line for metric in graph.metrics for line in _lines(metric, names.endpoint, variants)],
        },
    }


def _lines(metric: EndpointMetric, endpoint: str, variants: Sequence[str]) -> list[list[Any]]:
    """One line per variant of a metric that is counted by variant, otherwise one."""
    shown = variants if "VariantName" in metric.dimensions else variants[:1]
    lines: list[list[Any]] = []
    for variant in shown:
        dimensions = [part for pair in metric.dimension_values(endpoint, variant).items() for part in pair]
        lines.append([metric.namespace, metric.name, *dimensions, {"stat": metric.statistic}])
    return lines
