"""What was asked, in order: for counting calls, bytes and rows after a test."""

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from chem_endpoints.local.faults.schedule import Operation


@dataclass(frozen=True, kw_only=True)
class Record:
    """One call, or the work on one queued request.

    Attributes:
        operation: what was asked.
        number: which call of that operation, from 1.
        at: when it came (queued work: when it began), in seconds.
        seconds: how long it took.
        outcome: ``ok``, the code of the error, how the connection ended, ``truncated`` or ``lost``.
        body_sha256: digest of the request's rows, ``""`` for other calls.
        rows: rows that reached the model's server.
        key: the S3 key, ``""`` for other calls.
        sent: the model's features as they arrived, where `Journal.keeps_rows`.
    """

    operation: Operation
    number: int
    at: float
    seconds: float
    outcome: str
    body_sha256: str = ""
    rows: int = 0
    key: str = ""
    sent: pd.DataFrame | None = None


class Journal:
    """All calls.

    Args:
        keeps_rows: whether the rows of requests are kept too (memory).
    """

    def __init__(self, *, keeps_rows: bool = False) -> None:
        self.keeps_rows = keeps_rows
        self.records: list[Record] = []
        self._begun: Counter[Operation] = Counter()

    def begin(self, operation: Operation) -> int:
        """Counts a call; returns its number."""
        self._begun[operation] += 1
        return self._begun[operation]

    def end(self, record: Record) -> None:
        """Writes down what became of a call."""
        self.records.append(record)

    def calls(self, *operations: Operation) -> int:
        """How many calls of these operations there were; none named: of all, without queued work."""
        named = operations or tuple(one for one in Operation if one is not Operation.ASYNC_WORK)
        return sum(self._begun[operation] for operation in named)

    def of(self, *operations: Operation) -> list[Record]:
        """The calls of these operations, in the order of their end."""
        return [record for record in self.records if record.operation in operations]

    def answered_bodies(self) -> Counter[str]:
        """Digest of a request's rows → how often they were answered, and the answer delivered or stored."""
        return Counter(
            record.body_sha256 for record in self.of(Operation.INVOKE, Operation.ASYNC_WORK) if record.outcome == "ok"
        )

    def counts(self) -> dict[str, int]:
        """Operation → calls; for printing."""
        return {str(operation): number for operation, number in sorted(self._begun.items())}
