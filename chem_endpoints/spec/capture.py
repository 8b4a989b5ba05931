"""Data capture: requests and answers are copied to S3 (they hold structures: mind who may read the bucket).

Source: "Capture data from real-time endpoint", SageMaker developer guide.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chem_endpoints.spec.retention import RetentionDays
from chem_endpoints.spec.strict_model import StrictModel, refusal

Direction = Literal["input", "output"]


def _some(directions: tuple[Direction, ...]) -> tuple[Direction, ...]:
    if not directions or len(set(directions)) != len(directions):
        raise refusal("must be input, output or both, each once")
    return directions


class Capture(StrictModel):
    """What is captured, and for how long it is kept."""

    percent: int = Field(default=100, ge=1, le=100)
    """Share of the requests that is captured, in percent; default 100."""
    directions: Annotated[tuple[Direction, ...], AfterValidator(_some), Field(strict=False)] = ("input", "output")
    """input, output or both; default both."""
    retain_days: RetentionDays = 90
    """Days after which a captured object expires; default 90."""


class ComponentCapture(Capture):
    """Capture of an endpoint with inference components, which no AWS page promises."""

    unverified: Literal[True]
    """Must be true: AWS does not say that capture works with inference components. Check the bucket."""
