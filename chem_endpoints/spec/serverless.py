"""Sections of a declaration that belong to ``serving.kind: serverless``.

Source: "Deploy models with Amazon SageMaker Serverless Inference", SageMaker developer guide.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chem_endpoints.spec.realtime import RealtimeClient, RequestAlarms
from chem_endpoints.spec.schedule import Schedule
from chem_endpoints.spec.strict_model import StrictModel, refusal

MEMORY_MB = (1024, 2048, 3072, 4096, 5120, 6144)
"""The sizes that SageMaker offers."""


def _is_offered(size: int) -> int:
    if size not in MEMORY_MB:
        raise refusal(f"must be one of {', '.join(map(str, MEMORY_MB))} MB")
    return size


class ConcurrencyScaling(StrictModel):
    """Provisioned concurrency follows its use.

    Source: "Automatically scale Provisioned Concurrency for a serverless endpoint", SageMaker developer guide.
    """

    min: int = Field(default=1, ge=0)
    """Fewest; at least 1, default 1."""
    max: int = Field(ge=1, le=200)
    """Most; at most `max_concurrency`."""
    utilization_percent: int = Field(default=70, ge=1, le=100)
    """Share of the provisioned concurrency in use that scaling aims at, in percent; default 70."""
    schedule: Schedule = ()
    """Bounds by the clock; default: none."""


class ServerlessServing(StrictModel):
    """Answers within one HTTP call of at most 60 s; nothing is paid between requests, and the first one waits for a
    cold start."""

    kind: Literal["serverless"]
    """``serverless``."""
    memory_mb: Annotated[int, AfterValidator(_is_offered), Field(json_schema_extra={"enum": list(MEMORY_MB)})] = 4096
    """Memory in MB, 1024 to 6144 in steps of 1024; cores grow with it. Default 4096."""
    max_concurrency: int = Field(default=5, ge=1, le=200)
    """Requests under way at a time, beyond which AWS throttles; default 5."""
    provisioned_concurrency: int | None = Field(default=None, ge=1, le=200)
    """Copies that are kept warm, and paid for; at most `max_concurrency`. Default: none."""
    workers: int | None = Field(default=1, ge=1, le=1000)
    """Worker processes per copy; default 1, as AWS advises: a copy gets one request at a time."""
    scaling: ConcurrencyScaling | None = None
    """Scaling of `provisioned_concurrency`; default: none."""


class ServerlessClient(RealtimeClient):
    """How our client cuts and sends a frame."""


class ServerlessAlarms(RequestAlarms):
    """Thresholds of the alarms."""

    setup_seconds: int = Field(default=60, ge=1, le=180)
    """Time that a cold start takes, in seconds; default 60, at most 180, when AWS gives up."""
