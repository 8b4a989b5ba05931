"""Predicts rows together; when the model raises, the rows at fault are found and the others predicted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.rows import NO_ROW
from container.server.script_error import ScriptError

T = TypeVar("T")


class Watched(Protocol):
    """Where it is said which rows the model has; see `container.server.published.PublishedWork`."""

    @property
    def last(self) -> int:
        """The last row that the model said it was on, or `NO_ROW`."""
        ...

    @property
    def expect(self) -> Callable[[list[int]], None]:
        """Told which rows the model is about to see."""
        ...


@dataclass(frozen=True, kw_only=True)
class Isolated(Generic[T]):
    """What the model said of the rows that it could take, in order, and why it could not take the others."""

    predicted: list[tuple[list[int], T]]
    reasons: dict[int, str]


def predict_isolating(rows: list[int], offset: int, predict: Callable[[list[int]], T], work: Watched) -> Isolated[T]:
    """Predicts ``rows`` (positions in their group, which begins at row ``offset`` of the request).

    A script that says which row it is on (`each_row`) has its exception blamed on that row; otherwise the rows are
    halved until the ones at fault stand alone.

    Raises:
        ScriptError: the script breaks its contract, which no row is to blame for.
    """
    predicted: list[tuple[list[int], T]] = []
    reasons: dict[int, str] = {}
    left = [rows]
    while left:
        part = left.pop()
        if not part:
            continue
        work.expect([offset + row for row in part])
        try:
            predicted.append((part, predict(part)))
        except ScriptError:
            raise
        except Exception as error:  # noqa: BLE001 - a model script may raise anything; the row carries it
            culprit = part[0] if len(part) == 1 else work.last - offset if work.last != NO_ROW else NO_ROW
            if culprit in part:
                reasons[culprit] = _reason(error)
                position = part.index(culprit)
                left += [part[position + 1 :], part[:position]]
            else:
                middle = len(part) // 2
                left += [part[middle:], part[:middle]]
    return Isolated(predicted=sorted(predicted, key=lambda item: item[0][0]), reasons=reasons)


def _reason(error: Exception) -> str:
    # The exception's text may quote the row; its type does not.
    if isinstance(error, MemoryError):
        return Reason.TOO_LARGE.because("the model needs more memory for this row than it may use")
    return Reason.PREDICTION_FAILED.because(f"the model raised {type(error).__name__}")
