"""Faults on demand in a local AWS: the schedule of `schedule.py` over real requests and the real time."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from chem_endpoints.local.faults.live_answer import struck
from chem_endpoints.local.faults.live_request import Asked, asked_by
from chem_endpoints.local.faults.schedule import Fault, FaultKind, Operation, Schedule
from chem_endpoints.local.faults.script import MOST_FAULTS, FaultOrder
from chem_endpoints.local.faults.shapes import error_of
from chem_endpoints.local.wsgi import Answer, Reply, Request, StreamedReply


class TooManyFaultsError(Exception):
    """More than `MOST_FAULTS`."""


class RequestLostError(Exception):
    """A queued request vanishes."""


@dataclass(eq=False, kw_only=True)
class LiveFault:
    """A fault that was ordered, and how often it struck."""

    name: str
    order: FaultOrder
    fault: Fault
    began: float
    schedule: Schedule
    seen: Counter[Operation] = field(default_factory=Counter)
    struck: int = 0

    def count(self, asked: Asked, now: float) -> None:
        """Counts a call that lies in its time."""
        if self._concerns(asked) and self.fault.after <= now - self.began < self.fault.until:
            self.seen[asked.operation] += 1

    def strikes(self, asked: Asked, now: float) -> bool:
        """Whether the call that was counted last goes wrong."""
        number, seconds = self.seen[asked.operation], now - self.began
        hit = self._concerns(asked) and self.schedule.strike(asked.operation, number, seconds) is not None
        self.struck += hit
        return hit

    def _concerns(self, asked: Asked) -> bool:
        return self.order.endpoint is None or asked.endpoint == self.order.endpoint.lower()

    def told(self, now: float) -> dict[str, Any]:
        """What `chem-endpoints local fault list` shows of it."""
        order = self.order.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        return {"id": self.name, "state": self._state(now), "struck": self.struck, **order}

    def _state(self, now: float) -> str:
        seconds, last = now - self.began, None
        if self.fault.calls is not None:
            last = self.fault.first_call + self.fault.calls - 1
        used_up = last is not None and all(self.seen[operation] >= last for operation in self.fault.operations or ())
        if used_up or seconds >= self.fault.until:
            return "over"
        return "waiting" if seconds < self.fault.after else "active"


class LiveFaults:
    """The faults of one local AWS. Of several that would strike a call the one that was ordered first does.

    Args:
        now: the time in seconds.
        wait: lets so many seconds pass.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, wait: Callable[[float], None] = time.sleep) -> None:
        self._now, self._wait = now, wait
        self._faults: list[LiveFault] = []
        self._names = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, orders: Sequence[FaultOrder]) -> list[dict[str, Any]]:
        """Begins faults; returns them as `told`.

        Raises:
            TooManyFaultsError: none of them has begun.
        """
        with self._lock:
            if len(self._faults) + len(orders) > MOST_FAULTS:
                raise TooManyFaultsError(f"There are {len(self._faults)} faults, and {MOST_FAULTS} at most: clear some")
            now = self._now()
            added = [self._begun(order, now) for order in orders]
            self._faults += added
            return [fault.told(now) for fault in added]

    def _begun(self, order: FaultOrder, now: float) -> LiveFault:
        fault = order.to_fault()
        schedule = Schedule(faults=[fault], seed=order.seed)
        return LiveFault(name=str(next(self._names)), order=order, fault=fault, began=now, schedule=schedule)

    def listing(self) -> list[dict[str, Any]]:
        """All faults, also those that are over."""
        with self._lock:
            now = self._now()
            return [fault.told(now) for fault in self._faults]

    def clear(self, name: str | None = None) -> int:
        """Ends one fault, or all; returns how many."""
        with self._lock:
            kept = [fault for fault in self._faults if name is not None and fault.name != name]
            ended, self._faults = len(self._faults) - len(kept), kept
        return ended

    def answer(self, request: Request, serve: Callable[[], Reply | StreamedReply]) -> Answer:
        """Answers a user's request: with ``serve()``, unless a fault strikes it."""
        asked = asked_by(request) if self._faults else None
        fault = self._strike(asked) if asked is not None else None
        if asked is None or fault is None:
            return serve()
        return struck(fault, asked, request, serve, self._wait)

    def strike_work(self, endpoint: str) -> None:
        """Called before a container gets a queued request of an asynchronous endpoint.

        Raises:
            InvocationError: what the container answers instead.
            RequestLostError: nobody ever hears of the request again.
        """
        fault = self._strike(Asked(operation=Operation.ASYNC_WORK, endpoint=endpoint.lower()))
        if fault is None:
            return
        if fault.kind is FaultKind.LOST:
            raise RequestLostError
        if fault.kind is FaultKind.MODEL_SILENT:
            self._wait(fault.lasts)
        error = error_of(fault, endpoint)
        if error is not None:
            raise error

    def _strike(self, asked: Asked) -> Fault | None:
        with self._lock:
            now = self._now()
            for fault in self._faults:
                fault.count(asked, now)
            return next((fault.fault for fault in self._faults if fault.strikes(asked, now)), None)
