"""Counts bad rows by reason, for the log and the metrics."""

from collections import Counter
from collections.abc import Iterable

from chem_endpoints.wire.columns import Reason

OTHER = "other"
"""Reasons in a script's own words: they may quote a structure, so they are counted but not named."""

_KNOWN = frozenset(str(reason) for reason in Reason)


def count_reasons(errors: Iterable[str]) -> dict[str, int]:
    """Reason → rows, of the cells of a ``prediction_error`` column; an empty cell is a good row."""
    words = (told.partition(":")[0] for told in errors if told)
    return dict(Counter(word if word in _KNOWN else OTHER for word in words))
