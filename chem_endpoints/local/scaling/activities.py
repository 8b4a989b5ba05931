"""What Application Auto Scaling did and why: DescribeScalingActivities, which moto lacks."""

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from chem_endpoints.local.scaling.scalable_resource import ResourceKey

LIMIT = 1000
"""Activities that are kept; AWS keeps those of six weeks."""


@dataclass(frozen=True, kw_only=True)
class Activity:
    """One change of capacity."""

    key: ResourceKey
    before: int
    """The capacity that it changes."""
    capacity: int
    """The one that it changes it to."""
    cause: str
    start: datetime
    end: datetime | None = None
    status: str = "InProgress"
    message: str = ""
    activity_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def ended(self, at: datetime, failure: str | None = None) -> "Activity":
        """The same activity, over."""
        done = f"Successfully set {self.key.what} to {self.capacity}. Change successfully fulfilled by sagemaker."
        status = "Successful" if failure is None else "Failed"
        return replace(self, end=at, status=status, message=done if failure is None else failure)

    def described(self) -> dict[str, Any]:
        """As DescribeScalingActivities shows it."""
        shown: dict[str, Any] = {
            "ActivityId": self.activity_id,
            "ServiceNamespace": "sagemaker",
            "ResourceId": self.key.resource_id,
            "ScalableDimension": self.key.dimension,
            "Description": f"Setting {self.key.what} to {self.capacity}.",
            "Cause": self.cause,
            "StartTime": self.start.timestamp(),
            "StatusCode": self.status,
            "StatusMessage": self.message or f"Setting {self.key.what} to {self.capacity}.",
        }
        if self.end is not None:
            shown["EndTime"] = self.end.timestamp()
        return shown


class Activities:
    """The activities of one local AWS, newest last; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: dict[str, Activity] = {}

    def put(self, activity: Activity) -> None:
        """Adds an activity, or what became of it."""
        with self._lock:
            self._all[activity.activity_id] = activity
            while len(self._all) > LIMIT:
                self._all.pop(next(iter(self._all)))

    def snapshot(self) -> list[Activity]:
        """All activities, oldest first."""
        with self._lock:
            return list(self._all.values())

    def restore(self, kept: list[Activity]) -> None:
        """Takes what another record had."""
        for activity in kept:
            self.put(activity)

    def describe(self, region: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of DescribeScalingActivities, newest first."""
        with self._lock:
            newest_first = list(reversed(self._all.values()))
        wanted = {"resource_id": parameters.get("ResourceId"), "dimension": parameters.get("ScalableDimension")}
        matching = [
            activity
            for activity in newest_first
            if activity.key.region == region
            and parameters.get("ServiceNamespace") == "sagemaker"
            and all(value in (None, getattr(activity.key, name)) for name, value in wanted.items())
        ]
        start, size = int(parameters.get("NextToken") or 0), int(parameters.get("MaxResults") or 50)
        answer: dict[str, Any] = {"ScalingActivities": [item.described() for item in matching[start : start + size]]}
        if len(matching) > start + size:
            answer["NextToken"] = str(start + size)
        return answer
