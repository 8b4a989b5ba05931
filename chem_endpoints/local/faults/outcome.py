"""What a call comes to: a value, a service's error or a broken connection, and how long it takes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from chem_endpoints.local.invocation_errors import InvocationError

T = TypeVar("T")


class Break(StrEnum):
    """How a connection ends without an answer."""

    UNREACHABLE = "unreachable"
    RESET = "reset"
    READ_TIMEOUT = "read_timeout"


@dataclass(frozen=True, kw_only=True)
class Outcome(Generic[T]):
    """What the caller of one operation gets.

    Attributes:
        seconds: time from the call until the caller knows.
        value: the result; ``None`` after an error.
        error: what the service says instead.
        broken: how the connection ended instead.
        truncated: the result's body breaks off half-way.
    """

    seconds: float
    value: T | None = None
    error: InvocationError | None = None
    broken: Break | None = None
    truncated: bool = False

    @property
    def delivered(self) -> bool:
        """Whether the caller has the whole result."""
        return self.error is None and self.broken is None and not self.truncated
