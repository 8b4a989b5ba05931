"""How any call goes: counted, struck by the schedule or not, taken down."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from chem_endpoints.local.faults.container import Worked
from chem_endpoints.local.faults.journal import Journal, Record
from chem_endpoints.local.faults.objects import StoredObject
from chem_endpoints.local.faults.outcome import Break, Outcome
from chem_endpoints.local.faults.schedule import Fault, FaultKind, Operation, Schedule
from chem_endpoints.local.faults.settings import RuntimeSettings
from chem_endpoints.local.faults.shapes import BREAKS, DONE_ANYWAY, access_denied, error_of, no_such_key
from chem_endpoints.local.invocation_errors import InvocationError

T = TypeVar("T")


def told(value: T, seconds: float = 0.0) -> Outcome[T]:
    """A call with a result, after so much work."""
    return Outcome(seconds=seconds, value=value)


def refused(error: InvocationError, seconds: float = 0.0) -> Outcome[T]:
    """A call with an error, after so much work."""
    return Outcome(seconds=seconds, error=error)


class Calls:
    """Makes the calls of one endpoint and its bucket."""

    def __init__(self, settings: RuntimeSettings, schedule: Schedule, journal: Journal) -> None:
        self._settings, self._schedule, self._journal = settings, schedule, journal

    def make(
        self,
        operation: Operation,
        now: float,
        do: Callable[[], Outcome[T]],
        *,
        body: bytes = b"",
        worked: Sequence[Worked] = (),
        key: str = "",
    ) -> Outcome[T]:
        """Makes a call; its time grows by the round trip.

        Args:
            operation: what is asked.
            now: when, in seconds.
            do: does it, unless something goes wrong before.
            body: rows that are sent, for the journal.
            worked: where ``do`` puts what the container made of them.
            key: the S3 key, for the journal.
        """
        number = self._journal.begin(operation)
        fault = self._schedule.strike(operation, number, now)
        if fault is None:
            outcome = do()
        elif fault.kind in DONE_ANYWAY:
            outcome = self._spoilt(do(), fault, now)
        else:
            outcome = self._struck(fault)
        if operation is not Operation.ASYNC_WORK:
            outcome = replace(outcome, seconds=outcome.seconds + self._settings.latency)
        done = worked[0] if worked else None
        self._journal.end(
            Record(
                operation=operation,
                number=number,
                at=now,
                seconds=outcome.seconds,
                outcome=_word(outcome, fault),
                body_sha256=hashlib.sha256(body).hexdigest() if body else "",
                rows=done.rows if done else 0,
                key=key,
                sent=done.sent if done and self._journal.keeps_rows else None,
            )
        )
        return outcome

    def _struck(self, fault: Fault) -> Outcome[T]:
        """What goes wrong before anything is done."""
        if fault.kind is FaultKind.LOST:
            return Outcome(seconds=0.0, broken=Break.RESET)
        error = error_of(fault, self._settings.name)
        if error is None:
            return Outcome(seconds=0.0, broken=BREAKS[fault.kind])
        longest = self._settings.longest_response if fault.seconds is None else fault.seconds
        return refused(error, longest if fault.kind is FaultKind.MODEL_SILENT else 0.0)

    def _spoilt(self, done: Outcome[T], fault: Fault, now: float) -> Outcome[T]:
        """The answer does not arrive whole or in time, although the work was done."""
        if fault.kind is FaultKind.LATENCY:
            return replace(done, seconds=done.seconds + fault.lasts)
        if fault.kind is FaultKind.S3_LATE:
            return (
                self._hidden() if isinstance(done.value, StoredObject) and now < done.value.at + fault.lasts else done
            )
        if fault.kind is FaultKind.TRUNCATED:
            return replace(done, truncated=done.value is not None)
        patience = self._settings.read_timeout_seconds if fault.seconds is None else fault.seconds
        return Outcome(
            seconds=patience if fault.kind is FaultKind.READ_TIMEOUT else done.seconds, broken=BREAKS[fault.kind]
        )

    def _hidden(self) -> Outcome[T]:
        return refused(access_denied() if self._settings.hides_absence else no_such_key())


def _word(outcome: Outcome[T], fault: Fault | None) -> str:
    if fault is not None and fault.kind is FaultKind.LOST:
        return str(fault.kind)
    if outcome.error is not None:
        return outcome.error.code or str(outcome.error.status)
    if outcome.broken is not None:
        return str(outcome.broken)
    return "truncated" if outcome.truncated else "ok"
