"""How far a job is, as anybody can see who may list its answers."""

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, kw_only=True, repr=False)
class JobProgress:
    """The state of a job at one moment.

    Attributes:
        total: rows of the job.
        done: rows that have their fate.
        failed: those of them that ended with a reason; ``None``: not known before somebody has read the answers.
        requests: requests that the rows were cut into.
        finished: requests whose answer is there.
        complete: every row has its fate, and `Job.result` needs no further work.
        cancelled: nothing more is sent.
    """

    total: int
    done: int
    failed: int | None
    requests: int
    finished: int
    complete: bool
    cancelled: bool

    def __str__(self) -> str:
        failed = "" if not self.failed else f", {self.failed:,} failed"
        requests = f"{self.finished:,} of {self.requests:,} requests"
        return f"{self.done:,} of {self.total:,} rows{failed}, {requests}, {self._state}"

    def __repr__(self) -> str:
        return str(self)

    @property
    def _state(self) -> str:
        if self.complete:
            return "complete"
        if self.cancelled:
            return "cancelled"
        return "answered, not fetched yet" if self.finished == self.requests else "under way"

    def _repr_html_(self) -> str:
        share = 100 if not self.total else 100 * self.done // self.total
        return f'<progress max="100" value="{share}"></progress> {escape(str(self))}'
