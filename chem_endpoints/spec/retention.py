"""For how many days objects are kept: a fixed set, so that one bucket can expire them for every endpoint.

S3 expires by prefix, and an endpoint stack never edits the shared bucket. The shared bucket therefore has one
lifecycle rule per number of days below, and an endpoint chooses the rule by the prefix that it writes under. The
objects outlive the endpoint's stack and still expire on their day.
"""

from typing import Annotated

from pydantic import AfterValidator, Field

from chem_endpoints.spec.strict_model import refusal

RETENTION_DAYS = (1, 3, 7, 14, 30, 60, 90, 180, 365)
"""The numbers of days that a declaration may ask for."""


def _is_offered(days: int) -> int:
    if days not in RETENTION_DAYS:
        raise refusal(f"must be one of {', '.join(map(str, RETENTION_DAYS))} days")
    return days


RetentionDays = Annotated[int, AfterValidator(_is_offered), Field(json_schema_extra={"enum": list(RETENTION_DAYS)})]
"""Days after which S3 expires an object."""
