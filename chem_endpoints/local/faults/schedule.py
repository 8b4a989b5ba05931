"""What goes wrong, when: explicit or seeded, and the same again for the same seed."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from chem_endpoints.spec.support_matrix import SUPPORT


class Operation(StrEnum):
    """What can be asked for, and the work on a queued request, which nobody asks for by itself."""

    DESCRIBE_ENDPOINT = "DescribeEndpoint"
    DESCRIBE_ENDPOINT_CONFIG = "DescribeEndpointConfig"
    LIST_TAGS = "ListTags"
    INVOKE = "InvokeEndpoint"
    INVOKE_STREAM = "InvokeEndpointWithResponseStream"
    INVOKE_ASYNC = "InvokeEndpointAsync"
    ASYNC_WORK = "async work"
    PUT = "PutObject"
    GET = "GetObject"
    HEAD = "HeadObject"
    LIST = "ListObjectsV2"
    DELETE = "DeleteObject"
    DELETE_MANY = "DeleteObjects"


CONTROL = frozenset({Operation.DESCRIBE_ENDPOINT, Operation.DESCRIBE_ENDPOINT_CONFIG, Operation.LIST_TAGS})
INVOCATIONS = frozenset({Operation.INVOKE, Operation.INVOKE_STREAM, Operation.INVOKE_ASYNC})
WORK = frozenset({Operation.INVOKE, Operation.INVOKE_STREAM, Operation.ASYNC_WORK})
S3 = frozenset({Operation.PUT, Operation.GET, Operation.HEAD, Operation.LIST, Operation.DELETE, Operation.DELETE_MANY})
READS = frozenset({Operation.GET, Operation.HEAD})


class FaultKind(StrEnum):
    """What can go wrong with one call; `MEANINGS` says what each is."""

    THROTTLED_400 = "throttled_400"
    THROTTLED_429 = "throttled_429"
    MODEL_NOT_READY = "model_not_ready"
    SERVICE_UNAVAILABLE = "service_unavailable"
    INTERNAL_FAILURE = "internal_failure"
    INTERNAL_DEPENDENCY = "internal_dependency"
    NO_CAPACITY = "no_capacity"
    MODEL_OVERLOADED = "model_429"
    MODEL_UNAVAILABLE = "model_503"
    MODEL_FAILED = "model_500"
    MODEL_SILENT = "model_0"
    UNREACHABLE = "unreachable"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"
    READ_TIMEOUT = "read_timeout"
    TRUNCATED = "truncated"
    LOST = "lost"
    SLOW_DOWN = "slow_down"
    S3_INTERNAL_ERROR = "s3_internal_error"
    S3_MISSING = "s3_missing"
    S3_FORBIDDEN = "s3_forbidden"
    MODEL_ERROR = "model_error"
    LATENCY = "latency"
    S3_LATE = "s3_late"


MEANINGS: dict[FaultKind, str] = {
    FaultKind.THROTTLED_400: "ThrottlingException 400: too many requests for the account",
    FaultKind.THROTTLED_429: "ThrottlingException 429: the same, as some front ends say it",
    FaultKind.MODEL_NOT_READY: "ModelNotReadyException 429: the model is still being loaded",
    FaultKind.SERVICE_UNAVAILABLE: "ServiceUnavailable 503: no instance can answer",
    FaultKind.INTERNAL_FAILURE: "InternalFailure 500",
    FaultKind.INTERNAL_DEPENDENCY: "InternalDependencyException 530",
    FaultKind.NO_CAPACITY: "ValidationError 400: an inference component without copies",
    FaultKind.MODEL_OVERLOADED: "ModelError 424: the container answered 429, its queue is full",
    FaultKind.MODEL_UNAVAILABLE: "ModelError 424: the container answered 503, it stops",
    FaultKind.MODEL_FAILED: "ModelError 424: the container answered 500",
    FaultKind.MODEL_SILENT: "ModelError 424 with status 0: the container did not answer while SageMaker waited",
    FaultKind.UNREACHABLE: "no connection is made",
    FaultKind.RESET_BEFORE: "the connection breaks before anything was done",
    FaultKind.RESET_AFTER: "the connection breaks after the work was done: the answer is lost",
    FaultKind.READ_TIMEOUT: "the work was done, and the caller's patience ends before the answer comes",
    FaultKind.TRUNCATED: "the answer breaks off half-way",
    FaultKind.LOST: "a queued request vanishes: neither an answer nor a failure ever appears",
    FaultKind.SLOW_DOWN: "SlowDown 503 of S3",
    FaultKind.S3_INTERNAL_ERROR: "InternalError 500 of S3",
    FaultKind.S3_MISSING: "NoSuchKey 404 of S3, though the object is there",
    FaultKind.S3_FORBIDDEN: "AccessDenied 403 of S3",
    FaultKind.MODEL_ERROR: "ModelError 424: the container answered with a status of your choice",
    FaultKind.LATENCY: "the call takes longer",
    FaultKind.S3_LATE: "an object of S3 appears some time after it was put",
}
"""What each kind is, in a line."""


TARGETS: dict[FaultKind, frozenset[Operation]] = {
    FaultKind.THROTTLED_400: INVOCATIONS | CONTROL,
    FaultKind.THROTTLED_429: INVOCATIONS,
    FaultKind.MODEL_NOT_READY: frozenset({Operation.INVOKE}),
    FaultKind.SERVICE_UNAVAILABLE: INVOCATIONS | CONTROL,
    FaultKind.INTERNAL_FAILURE: INVOCATIONS | CONTROL,
    FaultKind.INTERNAL_DEPENDENCY: frozenset({Operation.INVOKE}),
    FaultKind.NO_CAPACITY: frozenset({Operation.INVOKE}),
    FaultKind.MODEL_OVERLOADED: WORK,
    FaultKind.MODEL_UNAVAILABLE: WORK,
    FaultKind.MODEL_FAILED: WORK,
    FaultKind.MODEL_SILENT: WORK,
    FaultKind.UNREACHABLE: INVOCATIONS | CONTROL | S3,
    FaultKind.RESET_BEFORE: INVOCATIONS | CONTROL | S3,
    FaultKind.RESET_AFTER: INVOCATIONS | CONTROL | S3,
    FaultKind.READ_TIMEOUT: INVOCATIONS | CONTROL | S3,
    FaultKind.TRUNCATED: frozenset({Operation.INVOKE, Operation.INVOKE_STREAM, Operation.GET}),
    FaultKind.LOST: frozenset({Operation.ASYNC_WORK}),
    FaultKind.SLOW_DOWN: S3,
    FaultKind.S3_INTERNAL_ERROR: S3,
    FaultKind.S3_MISSING: READS,
    FaultKind.S3_FORBIDDEN: READS,
    FaultKind.MODEL_ERROR: WORK,
    FaultKind.LATENCY: INVOCATIONS | CONTROL | S3,
    FaultKind.S3_LATE: READS,
}
"""The operations that each kind can strike; a `Fault` may name fewer."""


LIVE_KINDS = tuple(kind for kind in FaultKind if kind is not FaultKind.UNREACHABLE)
"""The kinds that a server which listens can play, as the local AWS does on demand."""

SECONDS: dict[FaultKind, float] = {
    FaultKind.MODEL_SILENT: SUPPORT["realtime"].response_seconds.value,
    FaultKind.READ_TIMEOUT: 70.0,
    FaultKind.LATENCY: 1.0,
    FaultKind.S3_LATE: 1.0,
}
"""The kinds that are a matter of time, and how many seconds each lasts unless its `Fault` says otherwise."""

MODEL_STATUS = 500
"""Status of `FaultKind.MODEL_ERROR` unless its `Fault` says otherwise."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One kind of trouble and when it strikes.

    Attributes:
        kind: what goes wrong.
        operations: which calls it strikes; default: all of `TARGETS`.
        first_call: number of the first call that it can strike, counted from 1 for each operation.
        calls: how many calls from there on; ``None``: all.
        after: seconds at which its time begins.
        until: seconds at which its time ends.
        probability: share of the calls within number and time that it strikes.
        seconds: how long a kind of `SECONDS` lasts; ``None``: as that table, or as the machine's settings say.
        status: what the container answers, for `FaultKind.MODEL_ERROR`; ``None``: `MODEL_STATUS`.
    """

    kind: FaultKind
    operations: frozenset[Operation] | None = None
    first_call: int = 1
    calls: int | None = None
    after: float = 0.0
    until: float = math.inf
    probability: float = 1.0
    seconds: float | None = None
    status: int | None = None

    def __post_init__(self) -> None:
        impossible = (self.operations or frozenset()) - TARGETS[self.kind]
        if impossible:
            raise ValueError(f"{self.kind} cannot strike {', '.join(sorted(impossible))}")
        if self.seconds is not None and self.kind not in SECONDS:
            raise ValueError(f"{self.kind} is no matter of time: only {', '.join(SECONDS)} are")
        if self.status is not None and self.kind is not FaultKind.MODEL_ERROR:
            raise ValueError(f"{self.kind} has a status already: only {FaultKind.MODEL_ERROR} takes one")

    @property
    def lasts(self) -> float:
        """How long a kind of `SECONDS` lasts."""
        return SECONDS[self.kind] if self.seconds is None else self.seconds

    def covers(self, operation: Operation, number: int, now: float) -> bool:
        """Whether a call lies within its numbers and its time."""
        return (
            operation in (self.operations or TARGETS[self.kind])
            and self.first_call <= number
            and (self.calls is None or number < self.first_call + self.calls)
            and self.after <= now < self.until
        )


def outage(after: float, until: float = math.inf, kind: FaultKind = FaultKind.SERVICE_UNAVAILABLE) -> Fault:
    """Every invocation fails from one time to another."""
    return Fault(kind=kind, after=after, until=until)


@dataclass
class Schedule:
    """Faults, and the luck that decides which of their calls they strike.

    Args:
        faults: the first one that strikes counts.
        seed: of the luck; the same calls meet the same luck.
    """

    faults: Sequence[Fault] = ()
    seed: int = 0
    _luck: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._luck = random.Random(self.seed)  # noqa: S311 - not a secret

    def strike(self, operation: Operation, number: int, now: float) -> Fault | None:
        """Which fault strikes the ``number``-th call of an operation, at the time ``now``; the first that does."""
        for fault in self.faults:
            if not fault.covers(operation, number, now):
                continue
            if fault.probability >= 1 or self._luck.random() < fault.probability:
                return fault
        return None
