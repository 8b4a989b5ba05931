"""What AWS supports for each kind of endpoint, with the AWS page that says so.

Refusals, tests and the documentation read this one table; nothing else knows what a kind can do.
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

    autoscaling: Cell[bool]
    scale_to_zero: Cell[bool]
    burstable_autoscaling: Cell[bool]
    data_capture: Cell[bool]
    retained_objects: Cell[bool]
    completion_topics: Cell[bool]
    network_isolation: Cell[bool]
    gpu: Cell[bool]
    request_bytes: Cell[int]
    inline_request_bytes: Cell[int]
    response_seconds: Cell[int]
    queue_seconds: Cell[int]


_BURSTABLE = Cell(
    value=False,
    source="Application Auto Scaling user guide: SageMaker AI and Application Auto Scaling",
    instead="choose for example ml.c7i.large",
)
_ISOLATION = Cell(
    value=True, source="SageMaker developer guide: Run Training and Inference Containers in Internet-Free Mode"
)
_GPU = Cell(value=True, source="SageMaker API reference: ProductionVariant")

SUPPORT: Mapping[Kind, KindSupport] = MappingProxyType(
    {
        "realtime": KindSupport(
            autoscaling=Cell(value=True, source="SageMaker developer guide: Automatic scaling of models"),
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
            completion_topics=Cell(value=False, source="SageMaker API reference: InvokeEndpoint"),
            network_isolation=_ISOLATION,
            gpu=_GPU,
            request_bytes=Cell(value=25 * 1024**2, source="SageMaker developer guide: Model hosting FAQs"),
            inline_request_bytes=Cell(value=25 * 1024**2, source="SageMaker developer guide: Model hosting FAQs"),
            response_seconds=Cell(value=60, source="SageMaker API reference: InvokeEndpoint"),
            queue_seconds=Cell(value=0, source="SageMaker API reference: InvokeEndpoint"),
        ),
        "async": KindSupport(
            autoscaling=Cell(value=True, source="SageMaker developer guide: Autoscale an asynchronous endpoint"),
            scale_to_zero=Cell(value=True, source="SageMaker developer guide: Autoscale an asynchronous endpoint"),
            burstable_autoscaling=_BURSTABLE,
            data_capture=Cell(
                value=False,
                source="SageMaker developer guide: Data capture (lists real-time endpoints and batch transform only)",
                instead="use serving.retain: it keeps every input and output in S3",
            ),
            retained_objects=Cell(value=True, source="SageMaker developer guide: Asynchronous inference"),
            completion_topics=Cell(value=True, source="SageMaker developer guide: Check prediction results"),
            network_isolation=_ISOLATION,
            gpu=_GPU,
            request_bytes=Cell(value=1024**3, source="SageMaker developer guide: Asynchronous inference"),
            inline_request_bytes=Cell(value=128_000, source="SageMaker API reference: InvokeEndpointAsync"),
            response_seconds=Cell(value=3600, source="SageMaker API reference: InvokeEndpointAsync"),
            queue_seconds=Cell(value=21_600, source="SageMaker API reference: InvokeEndpointAsync"),
        ),
    }
)
"""The table."""
