"""The two questions that checks ask CloudWatch."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

_ALARMS_PER_CALL = 100
_DAY_SECONDS = 86_400


def read_alarms(client: Any, names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """The metric alarms of these names, by name; those that are gone are left out."""
    asked = sorted(set(names))
    found: dict[str, Mapping[str, Any]] = {}
    for start in range(0, len(asked), _ALARMS_PER_CALL):
        part = asked[start : start + _ALARMS_PER_CALL]
        for page in client.get_paginator("describe_alarms").paginate(AlarmNames=part, AlarmTypes=["MetricAlarm"]):
            found.update({alarm["AlarmName"]: alarm for alarm in page["MetricAlarms"]})
    return found


def total(client: Any, metric: str, dimensions: Mapping[str, str], *, start: datetime, end: datetime) -> float:
    """Sum of a metric of ``AWS/SageMaker`` between two times."""
    answer = client.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=start,
        EndTime=end,
        Period=_DAY_SECONDS,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))
