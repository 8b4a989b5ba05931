"""One request on its way through the workers: what is answered already, and what a worker's death has taught."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.options import Return
from chem_endpoints.wire.rows import NO_ROW
from container.server.asking import Ask
from container.server.frames import Frame
from container.server.published import NO_SLICE
from container.server.reason_counts import TOLD_ROWS
from container.server.spool import Spool

DEATHS_BEFORE_BLAME = 2
"""A first death is forgiven, as it may have come from outside. A row on which a second worker dies is at fault."""

CRASHED = Reason.WORKER_CRASHED.because("the model's process died on this row")


class RequestError(Exception):
    """A request that is not answered with rows.

    Attributes:
        status: HTTP status.
        code: stable machine-readable name.
        details: more for a program to read.
    """

    def __init__(self, *, status: int, code: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.details = details or {}


class Together(NamedTuple):
    """What requests must have in common to travel together."""

    header: bytes
    returned: Return


class Figures(NamedTuple):
    """What was done for a request, for its log line."""

    rows: int
    bad_rows: dict[str, int]
    milliseconds: dict[str, float]
    pid: int | None
    told: tuple[tuple[int, str], ...] = ()
    content_type: str | None = None
    size: int | None = None
    body: bytes = b""


def _together(first: Figures, rest: Figures) -> Figures:
    """Figures of a request that several workers had a part of; its time is that of all of them."""
    bad_rows, milliseconds = Counter(first.bad_rows), Counter(first.milliseconds)
    bad_rows.update(rest.bad_rows)
    milliseconds.update(rest.milliseconds)
    return first._replace(
        bad_rows=dict(bad_rows),
        milliseconds=dict(milliseconds),
        told=tuple(sorted((*first.told, *rest.told))[:TOLD_ROWS]),
    )


@dataclass(frozen=True, kw_only=True)
class Death:
    """How a worker ended, and what it was doing."""

    row: int
    start: int
    stop: int
    own_fault: bool
    """Whether the model's code did it, and nobody from outside."""

    too_slow: bool
    """Whether we ended it, or the kernel did, because the row or the slice took too long."""


@dataclass(kw_only=True, slots=True, eq=False)
class Job:
    """A request, from its admission to its answer.

    Attributes:
        ask: what the worker is asked next.
        body: the body, unless it lies in ``file``.
        admitted, deadline: on the clock `time.monotonic`, which all processes share.
        together: what others must have in common with it to travel with it; ``None``: it travels alone.
        header_bytes: length of its header line, where it may travel with others.
        rows: number of its rows, likewise; an estimate.
        rest: the rows from ``ask.stop`` on, which another worker has; its answer follows this one's.
        own: figures of this job's own rows, while those of the rest are waited for.
        out: where workers write parts of the answer; ``None``: into frames.
        converted: where they write the finished answer, for a format that parts cannot be written in.
        parts: parts of the answer, as they come: bytes, or where they lie in ``out``.
        news: set when a part comes, or the end.
        done: figures, or the error.
        on_long_wait: called once when the job has been in hand for a while; gives a task to cancel in the end.
        row_timeout: what a row is told that took too long.
    """

    ask: Ask
    body: bytes
    deadline: float
    row_timeout: str
    done: "asyncio.Future[Figures]"
    admitted: float
    file: Spool | None = None
    together: Together | None = None
    header_bytes: int = 0
    rows: int = 0
    out: Spool | None = None
    converted: Spool | None = None
    parts: list[bytes | range] = field(default_factory=list)
    news: asyncio.Event | None = None
    rest: "Job | None" = None
    own: Figures | None = None
    on_long_wait: "Callable[[], asyncio.Task[None]] | None" = None
    watch: "asyncio.Task[None] | None" = None
    written: int = 0
    bad_rows: dict[str, int] = field(default_factory=dict)
    told: list[tuple[int, str]] = field(default_factory=list)
    content_type: str | None = None
    deaths: dict[tuple[int, int, int], int] = field(default_factory=dict)

    @property
    def telling(self) -> bool:
        """Whether all that is left is to write down that the deadline has struck."""
        return self.ask.fail_all is not None

    def take_part(self, frame: Frame) -> None:
        """Some rows are done."""
        head = frame.head
        self.ask = replace(self.ask, start=head["stop"], opened=True)
        for reason, rows in head.get("bad", {}).items():
            self.bad_rows[reason] = self.bad_rows.get(reason, 0) + rows
        self.told += [(row, reason) for row, reason in head.get("told", ())][: TOLD_ROWS - len(self.told)]
        self.content_type = head.get("content_type")
        if "written" in head:
            start, self.written = self.written, self.written + head["written"]
            if self.out is not None:
                self.out.size = self.written
            self.parts.append(range(start, self.written))
        else:
            self.parts.append(frame.body)
        self._tell_news()

    def finish(self, frame: Frame) -> None:
        """Everything is done."""
        head = frame.head
        self.own = Figures(
            rows=head["rows"],
            bad_rows=dict(self.bad_rows),
            milliseconds=head["milliseconds"],
            pid=head["pid"],
            told=tuple(self.told),
            content_type=self.content_type,
            size=head["converted"],
        )
        self._settle_when_complete()

    def share(self, start: int) -> "Job":
        """Splits off the rows from ``start`` on; the new job is to be queued."""
        rest = Job(
            ask=replace(self.ask, start=start, opened=True),
            body=self.body,
            file=self.file,
            deadline=self.deadline,
            row_timeout=self.row_timeout,
            done=self.done.get_loop().create_future(),
            admitted=self.admitted,
            out=Spool(on_disk=self.out.on_disk) if self.out is not None else None,
            news=asyncio.Event() if self.news is not None else None,
            rest=self.rest,
        )
        self.ask = replace(self.ask, stop=start)
        self.rest = rest
        rest.done.add_done_callback(self._rest_is_done)
        if rest.rest is not None:
            rest.rest.done.add_done_callback(rest._rest_is_done)
        return rest

    @property
    def over(self) -> bool:
        """Whether no part of this job's own rows will come any more."""
        return self.own is not None or self.done.done()

    def segments(self) -> "Iterator[Job]":
        """The job and all that was split off it, in the order of their rows."""
        job: Job | None = self
        while job is not None:
            yield job
            job = job.rest

    def _rest_is_done(self, done: "asyncio.Future[Figures]") -> None:
        error = done.exception()
        if isinstance(error, RequestError):
            self.fail(status=error.status, code=error.code, message=str(error), details=error.details)
        else:
            self._settle_when_complete()

    def _settle_when_complete(self) -> None:
        if self.own is None:
            return
        self._tell_news()
        if self.rest is None:
            self.settle(self.own)
        elif self.rest.done.done() and self.rest.done.exception() is None:
            self.settle(_together(self.own, self.rest.done.result()))

    def settle(self, figures: Figures) -> None:
        """Hands the result to whoever waits for it."""
        if not self.done.done():
            self.done.set_result(figures)
        self._tell_news()

    def _tell_news(self) -> None:
        if self.news is not None:
            self.news.set()

    def fail(self, *, status: int, code: str, message: str, details: dict[str, Any] | None = None) -> None:
        """Ends the request with an error."""
        if not self.done.done():
            self.done.set_exception(RequestError(status=status, code=code, message=message, details=details))
            self.done.exception()  # nobody may be left to look at it
        self._tell_news()

    def tell_all(self, reason: str, *, seconds: float) -> None:
        """From here on rows are only told this reason, for which there are ``seconds``."""
        self.ask = replace(self.ask, fail_all=reason)
        self.together = None
        self.deadline = time.monotonic() + seconds

    def tell_timeout(self, seconds: float) -> None:
        """The deadline has struck."""
        told = Reason.TIMEOUT.because("request deadline; send fewer rows, or use an async endpoint")
        self.tell_all(told, seconds=seconds)

    def forget_unfinished(self) -> None:
        """Drops what a dead worker had begun to write."""
        if self.out is not None:
            self.out.cut(self.written)
        if self.converted is not None:
            self.converted.cut(0)

    def learn_from(self, death: Death) -> None:
        """Decides who is at fault: a row, a slice that is then halved, or the request."""
        self.together = None
        place = (death.row, death.start, death.stop)
        self.deaths[place] = self.deaths.get(place, 0) + 1
        again = self.deaths[place] >= DEATHS_BEFORE_BLAME
        if death.row == NO_ROW and death.start == NO_SLICE:
            if again:
                self.fail(
                    status=500,
                    code="worker_crashed",
                    message="the model's process died twice on this request without naming a row; send fewer rows",
                )
        elif again or death.own_fault or death.too_slow:
            self._blame(death)

    def _blame(self, death: Death) -> None:
        row = death.start if death.row == NO_ROW and death.stop - death.start == 1 else death.row
        if row == NO_ROW:
            half = max(1, (death.stop - death.start) // 2)
            self.ask = replace(self.ask, slice_rows=half, slice_until=death.stop)
        else:
            reason = self.row_timeout if death.too_slow else CRASHED
            self.ask = replace(self.ask, known_bad={**self.ask.known_bad, row: reason})
