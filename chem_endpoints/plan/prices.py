"""The table of prices, read and checked."""

from functools import cached_property
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

PRICES = Path(__file__).parents[1] / "prices" / "prices.yaml"
"""The project's table; `--prices FILE` replaces it."""

HOURS_PER_MONTH = 730
"""As AWS's own calculator counts."""

Confidence = Literal["listed", "single", "contested", "derived", "recalled"]


class PricesError(Exception):
    """A table that cannot be read; says where and why."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InstancePrices(_Table):
    """Hourly prices of one origin."""

    confidence: Confidence
    source: str
    prices: dict[str, float]


class ServerlessPrices(_Table):
    """Per second and GiB of an endpoint's memory."""

    confidence: Confidence
    duration_gib_second: float = Field(ge=0)
    provisioned_gib_second: float = Field(ge=0)
    provisioned_duration_gib_second: float = Field(ge=0)


class MonthlyPrices(_Table):
    """Per piece and month."""

    confidence: Confidence
    alarm_metric: float = Field(ge=0)
    high_resolution_alarm_metric: float = Field(ge=0)
    dashboard: float = Field(ge=0)
    key: float = Field(ge=0)
    interface_endpoint: float = Field(ge=0)


class UsagePrices(_Table):
    """What depends on use that no template states; shown, never summed."""

    confidence: Confidence
    log_gb: float = Field(ge=0)
    log_gb_month: float = Field(ge=0)
    s3_gb_month: float = Field(ge=0)
    image_gb_month: float = Field(ge=0)
    endpoint_data_gb: float = Field(ge=0)
    volume_gb_month: float = Field(ge=0)
    million_notifications: float = Field(ge=0)


class RegionPrices(_Table):
    """Prices of one region."""

    instance_hours: tuple[InstancePrices, ...]
    serverless: ServerlessPrices
    monthly: MonthlyPrices
    usage: UsagePrices

    @cached_property
    def _by_type(self) -> dict[str, tuple[float, Confidence]]:
        return {
            name: (price, group.confidence) for group in self.instance_hours for name, price in group.prices.items()
        }

    def instance_hour(self, instance_type: str) -> tuple[float, Confidence] | None:
        """Price of an hour and how well it is known; None where nobody wrote it down."""
        return self._by_type.get(instance_type)


class Prices(_Table):
    """A dated table."""

    date: str
    currency: str
    source: str
    regions: dict[str, RegionPrices]


def load_prices(path: Path = PRICES) -> Prices:
    """Reads a table.

    Raises:
        PricesError: it cannot be read, or is not of the form of ``chem_endpoints/prices/prices.yaml``.
    """
    try:
        return Prices.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise PricesError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, ValidationError) as error:
        raise PricesError(f"{path}: not a table like {PRICES.name}: {error}") from None
