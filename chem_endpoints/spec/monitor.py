"""Model Monitor: captured requests compared with a baseline by the hour or the day.

Source: "Monitor data quality", SageMaker developer guide.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chem_endpoints.spec.instance_types import InstanceType
from chem_endpoints.spec.strict_model import StrictModel, refusal


def _json_in_s3(uri: str) -> str:
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.'()/=+@-]+\.json", uri):
        raise refusal("must be s3://bucket/key.json")
    return uri


JsonInS3 = Annotated[str, AfterValidator(_json_in_s3)]


class Baseline(StrictModel):
    """What captured data are compared with; a baselining job makes both files."""

    statistics: JsonInS3
    """s3://bucket/key.json: distribution of each column."""
    constraints: JsonInS3
    """s3://bucket/key.json: what each column must satisfy."""


class DataQualityMonitor(StrictModel):
    """A schedule of data-quality jobs over the captured data; needs `capture` of CSV or flat JSON."""

    baseline: Baseline
    """Statistics and constraints."""
    every: Literal["hour", "day"] = "day"
    """How often; default day."""
    instance_type: InstanceType = "ml.m5.large"
    """On which the jobs run; default ml.m5.large."""
    max_minutes: int = Field(default=30, ge=1, le=55)
    """Most minutes of a job; default 30, at most 55: it must end before the next may start."""
