"""Metrics in log lines: CloudWatch Logs reads them from JSON in the Embedded Metric Format.

Source: "Specification: Embedded metric format", Amazon CloudWatch user guide. As there, what does not follow the
specification gives no metric and no error.
"""

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

_MARK = '"_aws"'
MOST_VALUES = 100
"""Values that one metric of a line may have."""


@dataclass(frozen=True, kw_only=True)
class EmbeddedMetric:
    """A metric that a line has values of."""

    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]


def embedded_metrics(line: str) -> Iterator[tuple[EmbeddedMetric, list[float]]]:
    """The metrics of a log line with their values; none of most lines."""
    if _MARK not in line:
        return
    try:
        root = orjson.loads(line)
    except orjson.JSONDecodeError:
        return
    metadata = root.get("_aws") if isinstance(root, dict) else None
    for directive in _list(metadata, "CloudWatchMetrics"):
        namespace = directive.get("Namespace") if isinstance(directive, dict) else None
        if not isinstance(namespace, str) or not 1 <= len(namespace) <= 255 or namespace.startswith("AWS/"):
            continue
        for dimensions in _dimension_sets(root, directive):
            for definition in _list(directive, "Metrics"):
                if not isinstance(definition, dict) or not isinstance(name := definition.get("Name"), str):
                    continue
                if 1 <= len(name) <= 255 and (values := _values(root.get(name))):
                    unit = str(definition.get("Unit", "None"))
                    yield EmbeddedMetric(namespace=namespace, name=name, unit=unit, dimensions=dimensions), values


def _list(parent: Any, name: str) -> list[Any]:
    found = parent.get(name) if isinstance(parent, dict) else None
    return found if isinstance(found, list) else []


def _dimension_sets(root: dict[str, Any], directive: dict[str, Any]) -> Iterator[tuple[tuple[str, str], ...]]:
    """Each set by names and values; one that names something else than a text is left out."""
    for names in _list(directive, "Dimensions"):
        if not isinstance(names, list) or len(names) > 30:
            continue
        if all(isinstance(name, str) and isinstance(root.get(name), str) for name in names):
            found = tuple((name, root[name]) for name in names)
            if all(1 <= len(name) <= 255 and 1 <= len(value) <= 1024 for name, value in found):
                yield found


def _values(found: Any) -> list[float]:
    values = found if isinstance(found, list) else [found]
    numbers = [
        float(value)
        for value in values
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    ]
    return numbers if len(numbers) == len(values) <= MOST_VALUES else []


class EmbeddedMetrics:
    """Collects the metrics of log lines until somebody publishes them; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[str, EmbeddedMetric], list[float]] = {}

    def add(self, region: str, line: str) -> None:
        """Reads one log line."""
        for metric, values in embedded_metrics(line):
            with self._lock:
                self._values.setdefault((region, metric), []).extend(values)

    def take(self) -> dict[tuple[str, EmbeddedMetric], list[float]]:
        """What was added since the last call, by region and metric."""
        with self._lock:
            values, self._values = self._values, {}
        return values
