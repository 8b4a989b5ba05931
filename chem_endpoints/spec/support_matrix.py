"""What AWS supports for each kind of endpoint, with the AWS page that says so.

What a declaration may not ask of its kind, and the bounds that depend on the kind, come from this one table. Sizes
stand here for whoever sends requests or takes AWS's place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, Literal, TypeVar

Kind = Literal["realtime", "async"]
"""``serving.kind`` of a declaration."""

_Value = TypeVar("_Value")


@dataclass(frozen=True, kw_only=True)
class Cell(Generic[_Value]):
    """One fact: the value, the AWS page that states it, and what to use where AWS offers nothing."""

    value: _Value
    source: str
    instead: str = ""


@dataclass(frozen=True, kw_only=True)
class KindSupport:
    """A column of the table: what one kind of endpoint supports."""

    scale_to_zero: Cell[bool]
    """Whether an endpoint may have no instance."""
    burstable_autoscaling: Cell[bool]
    """Whether instances of the ``ml.t`` families may scale."""
    data_capture: Cell[bool]
    """Whether SageMaker copies requests and answers to S3."""
    retained_objects: Cell[bool]
    """Whether requests and answers lie in S3 in any case, so that they need an expiry."""
    request_bytes: Cell[int]
    """Most bytes of a request, wherever they lie: in the HTTP body or, asynchronously, in an S3 object."""
    inline_request_bytes: Cell[int]
    """Most bytes of a request that lies in the HTTP body."""
    response_seconds: Cell[int]
    """Most seconds that the container may work on a request."""
    queue_seconds: Cell[int]
    """Most seconds that a request may wait for an instance; 0 without a queue."""


_BURSTABLE = Cell(
    value=False,
    source="Application Auto Scaling user guide: SageMaker AI and Application Auto Scaling",
    instead="choose for example ml.c7i.large",
)

SUPPORT: Mapping[Kind, KindSupport] = MappingProxyType(
    {
        "realtime": KindSupport(
            scale_to_zero=Cell(
                value=False,
                source="SageMaker developer guide: Scale an endpoint to zero instances",
                instead="set it to 1 or more, or declare kind: async, which can sleep",
            ),
            burstable_autoscaling=_BURSTABLE,
            data_capture=Cell(value=True, source="SageMaker developer guide: Capture data from real-time endpoint"),
            retained_objects=Cell(
                value=False,
                source="SageMaker API reference: InvokeEndpoint",
                instead="requests and answers never lie in S3; use serving.capture to keep them",
            ),
            request_bytes=Cell(value=25 * 1024**2, source="SageMaker developer guide: Model hosting FAQs"),
            inline_request_bytes=Cell(value=25 * 1024**2, source="SageMaker developer guide: Model hosting FAQs"),
            response_seconds=Cell(value=60, source="SageMaker API reference: InvokeEndpoint"),
            queue_seconds=Cell(value=0, source="SageMaker API reference: InvokeEndpoint"),
        ),
        "async": KindSupport(
            scale_to_zero=Cell(value=True, source="SageMaker developer guide: Autoscale an asynchronous endpoint"),
            burstable_autoscaling=_BURSTABLE,
            data_capture=Cell(
                value=False,
                source="SageMaker developer guide: Data capture (lists real-time endpoints and batch transform only)",
                instead="use serving.retain: it keeps every input and output in S3",
            ),
            retained_objects=Cell(value=True, source="SageMaker developer guide: Asynchronous inference"),
            request_bytes=Cell(value=1024**3, source="SageMaker developer guide: Asynchronous inference"),
            inline_request_bytes=Cell(value=128_000, source="SageMaker API reference: InvokeEndpointAsync"),
            response_seconds=Cell(value=3600, source="SageMaker API reference: InvokeEndpointAsync"),
            queue_seconds=Cell(value=21_600, source="SageMaker API reference: InvokeEndpointAsync"),
        ),
    }
)
"""The table."""
