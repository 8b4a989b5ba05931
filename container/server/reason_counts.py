"""Counts bad rows by reason, for the log and the metrics, and names them to callers who ask strictly."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from chem_endpoints.wire.columns import Reason

TOLD_ROWS = 50
"""Failed rows that a strict caller is told of; the error's body must stay small (SageMaker cuts large ones)."""

OTHER = "other"
"""Reasons in a script's own words: they may quote a structure, so they are counted but not named."""

_KNOWN = frozenset(str(reason) for reason in Reason)


def count_reasons(errors: Iterable[str]) -> dict[str, int]:
    """Reason → rows, of the cells of a ``prediction_error`` column; an empty cell is a good row."""
    words = (told.partition(":")[0] for told in errors if told)
    return dict(Counter(word if word in _KNOWN else OTHER for word in words))


def told_of(reasons: Mapping[int, str], *, first_row: int, strict: bool) -> dict[str, Any]:
    """What a worker tells of the bad rows of a part that begins at row ``first_row`` of the request.

    ``bad``: their number by reason; ``told``, for strict callers: the first `TOLD_ROWS` of them with their reasons.
    """
    if not reasons:
        return {}
    head: dict[str, Any] = {"bad": count_reasons(reasons.values())}
    if strict:
        head["told"] = [[first_row + row, _told(reason)] for row, reason in sorted(reasons.items())[:TOLD_ROWS]]
    return head


def _told(reason: str) -> str:
    """The reason, unless it is in the script's own words, which may quote a structure."""
    return reason if OTHER not in count_reasons([reason]) else Reason.PREDICTION_FAILED.because("see the row itself")
