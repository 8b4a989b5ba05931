"""CloudWatch's datapoints, looked up by series and period.

moto's own queries know no percentiles and mix up namespaces, so its records are read directly.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

STATISTICS = ("Sum", "Average", "Minimum", "Maximum", "SampleCount")


@dataclass(frozen=True)
class Series:
    """A metric: namespace, name and dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> "Series":
        """From a mapping of dimensions."""
        return cls(namespace, name, frozenset(dimensions.items()))


@dataclass(frozen=True)
class Datum:
    """One published value, or a summary of several."""

    at: datetime
    total: float
    least: float
    most: float
    samples: float

    @classmethod
    def of(cls, at: datetime, value: float) -> "Datum":
        """A single value."""
        return cls(at, value, value, value, 1.0)


class Datapoints:
    """Everything that was published since some moment, in one region."""

    def __init__(self, data: Mapping[Series, Iterable[Datum]]) -> None:
        self._data = {series: tuple(values) for series, values in data.items()}

    @classmethod
    def from_moto(cls, records: Iterable[Any], since: datetime) -> "Datapoints":
        """The records of moto's CloudWatch backend that are not older."""
        data: dict[Series, list[Datum]] = {}
        for record in records:
            at = record.timestamp if record.timestamp.tzinfo else record.timestamp.replace(tzinfo=UTC)
            if at >= since:
                dimensions = {dimension.name: dimension.value for dimension in record.dimensions}
                data.setdefault(Series.of(record.namespace, record.name, dimensions), []).append(_datum(at, record))
        return cls(data)

    def statistic(self, series: Series, statistic: str, start: datetime, end: datetime) -> float | None:
        """A statistic (``Sum``, ``p99`` …) of what was published from start until before end; None: nothing was.

        Raises:
            ValueError: CloudWatch has this statistic, the local AWS does not.
        """
        data = [datum for datum in self._data.get(series, ()) if start <= datum.at < end]
        if not is_supported(statistic):
            raise ValueError(f"The local AWS has no statistic {statistic}")
        return _statistic(data, statistic) if data else None


def is_supported(statistic: str) -> bool:
    """Whether `Datapoints` can compute it."""
    return statistic in STATISTICS or _percent(statistic) is not None


def _datum(at: datetime, record: Any) -> Datum:
    if hasattr(record, "sample_count"):
        return Datum(at, record.sum, record.min, record.max, record.sample_count)
    return Datum.of(at, record.value)


def _percent(statistic: str) -> float | None:
    try:
        percent = float(statistic.removeprefix("p")) if statistic.startswith("p") else -1.0
    except ValueError:
        return None
    return percent if 0 <= percent <= 100 else None


def _statistic(data: list[Datum], statistic: str) -> float | None:
    samples = sum(datum.samples for datum in data)
    if statistic == "Sum":
        return sum(datum.total for datum in data)
    if statistic == "Average":
        return sum(datum.total for datum in data) / samples if samples else None
    if statistic == "Minimum":
        return min(datum.least for datum in data)
    if statistic == "Maximum":
        return max(datum.most for datum in data)
    if statistic == "SampleCount":
        return samples
    return _percentile(data, _percent(statistic) or 0.0)


def _percentile(data: list[Datum], percent: float) -> float | None:
    """CloudWatch has percentiles of single values, and of summaries of equal ones."""
    if any(datum.least != datum.most for datum in data):
        return None
    ranked = sorted((datum.least, datum.samples) for datum in data)
    wanted, reached = percent / 100 * sum(samples for _, samples in ranked), 0.0
    for value, samples in ranked:
        reached += samples
        if reached >= wanted:
            return value
    return ranked[-1][0]
