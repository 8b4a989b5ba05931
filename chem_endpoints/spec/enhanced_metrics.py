"""Metrics per instance and more often than each minute, at a price.

Source: "MetricsConfig" in the SageMaker API reference.
"""

from typing import Annotated

from pydantic import AfterValidator, Field

from chem_endpoints.spec.strict_model import StrictModel, refusal

PUBLISH_SECONDS = (10, 30, 60, 120, 180, 240, 300)
"""The intervals that SageMaker offers."""


def _is_offered(seconds: int) -> int:
    if seconds not in PUBLISH_SECONDS:
        raise refusal(f"must be one of {', '.join(map(str, PUBLISH_SECONDS))} seconds")
    return seconds


class EnhancedMetrics(StrictModel):
    """Enhanced metrics of an endpoint's instances."""

    every_seconds: Annotated[
        int, AfterValidator(_is_offered), Field(json_schema_extra={"enum": list(PUBLISH_SECONDS)})
    ] = 60
    """Seconds between two data points; default 60."""
    detailed: bool = False
    """Also the container's own metrics, GPU by GPU; default false."""
