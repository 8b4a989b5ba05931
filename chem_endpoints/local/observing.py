"""Who looks on while containers answer: the interface on which data capture is built.

A tuple of observers is given to `Runtime`. For each request that a container answers the runtime asks every one
``wants(...)`` first; when one does, the bodies are kept, and each that did gets one `Exchange` once the answer
is complete (a stream: at its end). It does so for InvokeEndpoint, InvokeEndpointWithResponseStream and invocations
of components, whatever status the container answers with; an answer that breaks off or does not come is not told, and
neither is a shadow's. Nor are asynchronous invocations: no source says that SageMaker captures them.

``wants`` and ``answered`` are called on the thread that answers the caller: neither may block or raise.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request to a container, and its complete answer."""

    region: str
    endpoint: str
    variant: str
    component: str | None
    inference_id: str | None
    request_headers: Mapping[str, str]
    """Those that the container saw."""
    request_body: bytes | None
    """None: it is not in memory (asynchronous invocations)."""
    status: int
    """The container's."""
    content_type: str
    """Of the answer."""
    answer_headers: Mapping[str, str]
    """Those that go back to the caller."""
    answer_body: bytes | None
    custom_attributes: str | None
    """Of the answer; of the request when the answer has none."""
    at: datetime
    """When the container got the request, UTC."""
    seconds: float
    """From then until the end of the answer."""


class Observer(Protocol):
    """Is told of exchanges."""

    def wants(self, region: str, endpoint: str, variant: str) -> bool:
        """Whether it wants the next exchange of this variant, with its bodies; asked once for each."""

    def answered(self, exchange: Exchange) -> None:
        """Takes one; must not block."""


@dataclass(kw_only=True)
class Watch:
    """An exchange under way that somebody wants."""

    observers: Sequence[Observer]
    region: str
    endpoint: str
    variant: str
    component: str | None
    request_headers: Mapping[str, str]
    request_body: bytes | None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _started: float = field(default_factory=time.monotonic)
    _pieces: list[bytes] = field(default_factory=list)

    def add(self, piece: bytes) -> None:
        """Keeps the next piece of the answer's body."""
        self._pieces.append(piece)

    def end(self, status: int, content_type: str, answer_headers: Mapping[str, str]) -> None:
        """Tells the observers: the answer is complete."""
        exchange = Exchange(
            region=self.region,
            endpoint=self.endpoint,
            variant=self.variant,
            component=self.component,
            inference_id=self.request_headers.get(INFERENCE_ID),
            request_headers=self.request_headers,
            request_body=self.request_body,
            status=status,
            content_type=content_type,
            answer_headers=answer_headers,
            answer_body=b"".join(self._pieces),
            custom_attributes=answer_headers.get(CUSTOM_ATTRIBUTES, self.request_headers.get(CUSTOM_ATTRIBUTES)),
            at=self.at,
            seconds=time.monotonic() - self._started,
        )
        for observer in self.observers:
            observer.answered(exchange)
