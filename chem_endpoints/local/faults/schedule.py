"""What goes wrong, when: explicit or seeded, and the same again for the same seed."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Operation(StrEnum):
    """What can be asked for, and the work on a queued request, which nobody asks for by itself."""

    DESCRIBE_ENDPOINT = "DescribeEndpoint"
    DESCRIBE_ENDPOINT_CONFIG = "DescribeEndpointConfig"
    LIST_TAGS = "ListTags"
    INVOKE = "InvokeEndpoint"
    INVOKE_ASYNC = "InvokeEndpointAsync"
    ASYNC_WORK = "async work"
    PUT = "PutObject"
    GET = "GetObject"
    HEAD = "HeadObject"
    LIST = "ListObjectsV2"
    DELETE = "DeleteObject"
    DELETE_MANY = "DeleteObjects"


CONTROL = frozenset({Operation.DESCRIBE_ENDPOINT, Operation.DESCRIBE_ENDPOINT_CONFIG, Operation.LIST_TAGS})
INVOCATIONS = frozenset({Operation.INVOKE, Operation.INVOKE_ASYNC})
WORK = frozenset({Operation.INVOKE, Operation.ASYNC_WORK})
S3 = frozenset({Operation.PUT, Operation.GET, Operation.HEAD, Operation.LIST, Operation.DELETE, Operation.DELETE_MANY})
READS = frozenset({Operation.GET, Operation.HEAD})


class FaultKind(StrEnum):
    """What can go wrong with one call."""

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
    """The container does not answer: the caller waits for as long as SageMaker does."""
    UNREACHABLE = "unreachable"
    """No connection is made."""
    RESET_BEFORE = "reset_before"
    """The connection breaks before anything was done."""
    RESET_AFTER = "reset_after"
    """The work was done, the answer is lost."""
    READ_TIMEOUT = "read_timeout"
    """The work was done, and the caller's patience ends before the answer comes."""
    TRUNCATED = "truncated"
    """The answer breaks off half-way."""
    LOST = "lost"
    """A queued request vanishes: neither an answer nor a failure ever appears."""
    SLOW_DOWN = "slow_down"
    S3_INTERNAL_ERROR = "s3_internal_error"
    S3_MISSING = "s3_missing"
    S3_FORBIDDEN = "s3_forbidden"


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
    FaultKind.TRUNCATED: frozenset({Operation.INVOKE, Operation.GET}),
    FaultKind.LOST: frozenset({Operation.ASYNC_WORK}),
    FaultKind.SLOW_DOWN: S3,
    FaultKind.S3_INTERNAL_ERROR: S3,
    FaultKind.S3_MISSING: READS,
    FaultKind.S3_FORBIDDEN: READS,
}
"""The operations that each kind can strike; a `Fault` may name fewer."""


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
    """

    kind: FaultKind
    operations: frozenset[Operation] | None = None
    first_call: int = 1
    calls: int | None = None
    after: float = 0.0
    until: float = math.inf
    probability: float = 1.0

    def __post_init__(self) -> None:
        impossible = (self.operations or frozenset()) - TARGETS[self.kind]
        if impossible:
            raise ValueError(f"{self.kind} cannot strike {', '.join(sorted(impossible))}")

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

    def strike(self, operation: Operation, number: int, now: float) -> FaultKind | None:
        """What goes wrong with the ``number``-th call of an operation, at the time ``now``."""
        for fault in self.faults:
            if not fault.covers(operation, number, now):
                continue
            if fault.probability >= 1 or self._luck.random() < fault.probability:
                return fault.kind
        return None
