"""Metrics in log lines are read as CloudWatch Logs reads them."""

import json
import subprocess
import sys
from typing import Any

import pytest

from chem_endpoints.local.emf import EmbeddedMetric, EmbeddedMetrics, embedded_metrics

ROWS = {"Name": "Rows", "Unit": "Count"}


def line(*, dimensions: Any = None, metrics: Any = None, **root: Any) -> str:
    directive = {
        "Namespace": "ChemEndpoints",
        "Dimensions": [["Endpoint"]] if dimensions is None else dimensions,
        "Metrics": [ROWS] if metrics is None else metrics,
    }
    return json.dumps({"_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]}, "Endpoint": "logs", **root})


def metric(name: str = "Rows", unit: str = "Count", **dimensions: str) -> EmbeddedMetric:
    return EmbeddedMetric(
        namespace="ChemEndpoints", name=name, unit=unit, dimensions=tuple((dimensions or {"Endpoint": "logs"}).items())
    )


def read(text: str) -> list[tuple[EmbeddedMetric, list[float]]]:
    return list(embedded_metrics(text))


def test_a_metric_has_a_value_or_several() -> None:
    assert read(line(Rows=3)) == [(metric(), [3.0])]
    assert read(line(Rows=[1, 2.5])) == [(metric(), [1.0, 2.5])]


def test_each_set_of_dimensions_is_a_metric_of_its_own() -> None:
    found = read(line(dimensions=[[], ["Endpoint", "Reason"]], Rows=3, Reason="salt"))
    assert [one.dimensions for one, _ in found] == [(), (("Endpoint", "logs"), ("Reason", "salt"))]


def test_the_unit_may_be_left_out() -> None:
    assert read(line(metrics=[{"Name": "Rows"}], Rows=3)) == [(metric(unit="None"), [3.0])]


@pytest.mark.parametrize(
    "text",
    [
        "a plain line",
        'not JSON, but "_aws"',
        '["_aws"]',
        '{"_aws": 3}',
        '{"_aws": {"CloudWatchMetrics": [3]}}',
        line(),
        line(Rows="3"),
        line(Rows=True),
        line(Rows=None),
        line(Rows=[]),
        line(Rows=[1] * 101),
        line(Rows=[1, "2"]),
        line(dimensions=[["Missing"]], Rows=3),
        line(dimensions=[["Rows"]], Rows=3),
        line(metrics=[{"Unit": "Count"}], Rows=3),
        line(Rows=3, Endpoint=""),
        line(Rows=3).replace("ChemEndpoints", "AWS/SageMaker"),
    ],
    ids=[
        "plain",
        "broken",
        "list",
        "no-directives",
        "no-directive",
        "no-value",
        "text",
        "truth",
        "null",
        "empty",
        "too-many",
        "mixed",
        "no-dimension",
        "dimension-is-no-text",
        "no-name",
        "empty-dimension",
        "namespace-of-aws",
    ],
)
def test_what_does_not_follow_the_specification_gives_nothing(text: str) -> None:
    assert read(text) == []


def test_values_are_collected_until_they_are_taken() -> None:
    metrics = EmbeddedMetrics()
    for rows in (3, 4):
        metrics.add("us-east-1", line(Rows=rows))
    metrics.add("eu-west-1", line(Rows=5))
    assert metrics.take() == {("us-east-1", metric()): [3, 4], ("eu-west-1", metric()): [5]}
    assert metrics.take() == {}


def test_the_lines_of_our_own_server_are_read() -> None:
    code = """
from container.server.log import RequestRecord, flush, log_request
log_request(RequestRecord("logs", "r", 200, None, 5, {"invalid_smiles": 2}, 12.5, {"predict": 7.0}, 1, 0, "0" * 64, 1))
flush()
"""
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    found = {(one.name, one.dimensions): values for text in printed.splitlines() for one, values in read(text)}
    endpoint = (("Endpoint", "logs"),)
    assert found["Rows", endpoint] == [5]
    assert found["PredictMilliseconds", endpoint] == [7]
    assert found["BadRows", (*endpoint, ("Reason", "invalid_smiles"))] == [2]
    assert len(found) == 9
