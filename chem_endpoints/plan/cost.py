"""Monthly cost of what a template declares: while idle, and at its declared maximum."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chem_endpoints.plan.capacity import Capacity, Pool, Serverless, capacities
from chem_endpoints.plan.prices import HOURS_PER_MONTH, Prices, RegionPrices
from chem_endpoints.plan.template import ALARM, Resource, Template

_SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600
_SECONDS_PER_HOUR = 3600
_MIB_PER_GIB = 1024
_MILLION = 1_000_000
_STANDARD_PERIOD_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that costs: per month while idle, and at the declared maximum; ``sure`` False: a weak price."""

    what: str
    idle: float
    maximum: float
    sure: bool = True


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a stack costs per month.

    Attributes:
        lines: what it is made of.
        unknown: prices that the table lacks, one sentence each; the totals are then too small.
        currency: of all figures.
    """

    lines: tuple[Line, ...]
    unknown: tuple[str, ...]
    currency: str

    @property
    def idle(self) -> float:
        """While nobody asks anything."""
        return sum(line.idle for line in self.lines)

    @property
    def maximum(self) -> float:
        """With every declared instance or concurrent call busy all month."""
        return sum(line.maximum for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Rows per second of one instance, and what a million rows cost at that rate with the instance always busy."""

    rows_per_second: float
    per_million_rows: float


class CostModel:
    """Templates in, costs out, for one region."""

    def __init__(self, *, prices: Prices, region: str) -> None:
        """
        Args:
            prices: the table.
            region: which of its regions; one that it lacks makes everything unknown.
        """
        self._region = region
        self._currency = prices.currency
        self._prices = prices.regions.get(region)

    def cost(self, template: Template) -> Cost:
        """What a stack costs per month."""
        found = capacities(template)
        if self._prices is None:
            return Cost(lines=(), unknown=tuple(sorted(set(self._missing(found)))), currency=self._currency)
        lines = [line for capacity in found.values() for line in self._served(capacity, self._prices)]
        lines += _fixed(template, self._prices)
        return Cost(lines=tuple(lines), unknown=tuple(sorted(set(self._missing(found)))), currency=self._currency)

    def hour(self, instance_type: str) -> float | None:
        """Price of an instance's hour; None where the table lacks it."""
        found = self._prices.instance_hour(instance_type) if self._prices else None
        return found[0] if found else None

    def rate(self, capacity: Capacity, rows_per_second: float) -> Rate | None:
        """Cost of a million rows on the main variant; None where a price is missing."""
        second = self._busy_second(capacity)
        if second is None:
            return None
        return Rate(rows_per_second=rows_per_second, per_million_rows=second / rows_per_second * _MILLION)

    def _busy_second(self, capacity: Capacity) -> float | None:
        if capacity.pools:
            hour = self.hour(capacity.pools[0].instance_type)
            return hour / _SECONDS_PER_HOUR if hour is not None else None
        if capacity.serverless and self._prices:
            serverless = capacity.serverless[0]
            return self._prices.serverless.duration_gib_second * serverless.memory_mb / _MIB_PER_GIB
        return None

    def _missing(self, found: Mapping[str, Capacity]) -> Iterator[str]:
        for capacity in found.values():
            for pool in capacity.pools:
                if self.hour(pool.instance_type) is None:
                    yield f"no price known for {pool.instance_type} in {self._region}, give --prices FILE"
            if capacity.serverless and self._prices is None:
                yield f"no price known for serverless inference in {self._region}, give --prices FILE"

    def _served(self, capacity: Capacity, prices: RegionPrices) -> Iterator[Line]:
        for pool in capacity.pools:
            known = prices.instance_hour(pool.instance_type)
            if known is not None:
                hour, confidence = known
                yield _pool_line(pool, hour * HOURS_PER_MONTH, sure=confidence == "listed")
        for serverless in capacity.serverless:
            yield _serverless_line(serverless, prices)


def _pool_line(pool: Pool, month: float, *, sure: bool) -> Line:
    count = f"{pool.idle}" if pool.idle == pool.base_maximum else f"{pool.idle} to {pool.base_maximum}"
    count += f" (with the schedule up to {pool.maximum})" if pool.maximum > pool.base_maximum else ""
    role = " (shadow)" if pool.shadow else ""
    schedule = _schedule(pool.scheduled_idle, pool.scheduled_idle * month)
    return Line(
        what=f"{count} x {pool.instance_type}, variant {pool.variant}{role}{schedule}",
        idle=pool.idle * month,
        maximum=pool.maximum * month,
        sure=sure,
    )


def _schedule(minimum: int, month: float) -> str:
    """What a schedule adds to the idle figure; the template does not say for how many hours."""
    return f", plus the schedule (min up to {minimum}: idle {month:,.2f} if it held all month)" if minimum else ""


def _serverless_line(variant: Serverless, prices: RegionPrices) -> Line:
    gib = variant.memory_mb / _MIB_PER_GIB
    rates = prices.serverless
    held = gib * _SECONDS_PER_MONTH * rates.provisioned_gib_second
    on_demand = max(variant.concurrency - variant.provisioned_maximum, 0)
    busy = (
        gib
        * _SECONDS_PER_MONTH
        * (variant.provisioned_maximum * rates.provisioned_duration_gib_second + on_demand * rates.duration_gib_second)
    )
    schedule = _schedule(variant.provisioned_scheduled, held * variant.provisioned_scheduled)
    return Line(
        what=f"serverless, {variant.memory_mb} MB, at most {variant.concurrency} at a time, variant {variant.variant}"
        f"{schedule}",
        idle=held * variant.provisioned_idle,
        maximum=held * variant.provisioned_maximum + busy,
        sure=rates.confidence == "listed",
    )


def _fixed(template: Template, prices: RegionPrices) -> Iterator[Line]:
    """What costs the same whatever happens."""
    monthly = prices.monthly
    counted = [
        ("alarm metrics", *_alarms(template, monthly.alarm_metric, monthly.high_resolution_alarm_metric)),
        ("dashboards", *_pieces(template, "AWS::CloudWatch::Dashboard", monthly.dashboard)),
        ("KMS keys", *_pieces(template, "AWS::KMS::Key", monthly.key)),
        ("interface endpoints, zones counted", *_interfaces(template, monthly.interface_endpoint)),
    ]
    for what, count, each in counted:
        if count:
            yield Line(what=f"{what}: {count}", idle=each, maximum=each, sure=monthly.confidence == "listed")


def _pieces(template: Template, type_: str, price: float) -> tuple[int, float]:
    count = sum(1 for _ in template.of_type(type_))
    return count, count * price


def _alarms(template: Template, standard: float, high: float) -> tuple[int, float]:
    periods = [period for alarm in template.of_type(ALARM) for period in _periods(alarm)]
    return len(periods), sum(high if period < _STANDARD_PERIOD_SECONDS else standard for period in periods)


def _periods(alarm: Resource) -> Iterator[int]:
    """Period of each metric that an alarm watches, in seconds; an expression is none."""
    queries: list[dict[str, Any]] = alarm.properties.get("Metrics", [])
    for query in queries:
        if "MetricStat" in query:
            yield int(query["MetricStat"].get("Period", _STANDARD_PERIOD_SECONDS))
    if "MetricName" in alarm.properties:
        yield int(alarm.properties.get("Period", _STANDARD_PERIOD_SECONDS))


def _interfaces(template: Template, price: float) -> tuple[int, float]:
    zones = sum(
        max(len(endpoint.properties.get("SubnetIds", [])), 1)
        for endpoint in template.of_type("AWS::EC2::VPCEndpoint")
        if endpoint.properties.get("VpcEndpointType") == "Interface"
    )
    return zones, zones * price
