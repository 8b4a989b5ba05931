"""What the engine asks of a plan: that of one frame (`Plan`), or of a batch that is read as it goes."""

from typing import Any, Protocol

from numpy.typing import NDArray

from chem_endpoints.client.plan import Answer, Group
from chem_endpoints.errors import EndpointError


class EndedRows(Protocol):
    """How many rows have ended."""

    @property
    def ended_rows(self) -> NDArray[Any]:
        """Which rows have ended; their sum is their number."""
        ...

    @property
    def failed(self) -> int:
        """Rows that ended with a reason."""
        ...


class Planned(Protocol):
    """The rows of a run; see the methods of `chem_endpoints.client.plan.Plan`."""

    @property
    def fates(self) -> EndedRows:
        """What became of the rows."""
        ...

    @property
    def done(self) -> bool:
        """Whether every row has its fate."""
        ...

    @property
    def waiting(self) -> bool:
        """Whether there is a group that could be sent now."""
        ...

    def next(self, now: float) -> Group | None:
        """The next request's rows."""
        ...

    def answered(self, group: Group, answer: Answer, seconds: float) -> None:
        """A request was answered."""
        ...

    def put_back(self, group: Group) -> None:
        """A request failed for a reason that is not its own."""
        ...

    def failed(self, group: Group, error: EndpointError, *, again: bool, now: float) -> None:
        """A request failed, perhaps because of its rows."""
        ...

    def too_large(self, group: Group, *, parts: int = 2) -> None:
        """A request was larger than the endpoint takes."""
        ...

    def timed_out(self, group: Group, seconds: float, *, again: bool) -> None:
        """A request was not answered in time."""
        ...
