"""What a run costs at most: every check's instances, for as long as the check may take."""

from collections.abc import Sequence
from dataclasses import dataclass

from chem_endpoints.plan.prices import Prices
from chem_endpoints.smoke.check import Check


class NoPriceError(Exception):
    """Nobody wrote the price down."""


@dataclass(frozen=True, kw_only=True)
class CheckCost:
    """The most that one check costs."""

    check: Check
    most: float


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The most that a run costs, for instances; requests, logs and metrics come to cents."""

    checks: tuple[CheckCost, ...]
    instance_type: str
    hour: float
    confidence: str
    currency: str
    date: str

    @property
    def most(self) -> float:
        """Of all checks."""
        return sum(one.most for one in self.checks)

    def lines(self) -> list[str]:
        """The plan, for people."""
        told = [
            f"{one.check.id:<12} {one.check.instances} instances, {one.check.ceiling_minutes:>3} minutes at most, "
            f"{one.most:.2f} {self.currency} at most: {', '.join(one.check.answers)}"
            for one in self.checks
        ]
        price = f"{self.hour} {self.currency} per hour of {self.instance_type} ({self.confidence}, {self.date})"
        return [*told, f"In all at most {self.most:.2f} {self.currency}, by {price}; requests and logs come to cents."]


def cost_of(checks: Sequence[Check], *, region: str, instance_type: str, prices: Prices) -> Cost:
    """The most that these checks cost.

    Raises:
        NoPriceError: the table lacks the region or the instance type.
    """
    table = prices.regions.get(region)
    hour = table.instance_hour(instance_type) if table else None
    if hour is None:
        raise NoPriceError(f"no price of {instance_type} in {region} is known: give your own table with --prices FILE")
    return Cost(
        checks=tuple(
            CheckCost(check=check, most=check.instances * check.ceiling_minutes / 60 * hour[0]) for check in checks
        ),
        instance_type=instance_type,
        hour=hour[0],
        confidence=hour[1],
        currency=prices.currency,
        date=prices.date,
    )
