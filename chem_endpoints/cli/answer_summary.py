"""How many rows were predicted, and why the others were not."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from chem_endpoints.client.files import FileRows


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Totals of an answer.

    Attributes:
        rows: rows of the answer.
        predicted: those with a prediction.
        failed: reason → rows.
    """

    rows: int
    predicted: int
    failed: dict[str, int]

    def __str__(self) -> str:
        failed = ", ".join(f"{reason}: {count}" for reason, count in self.failed.items())
        return f"{self.predicted} of {self.rows} rows predicted{f' ({failed})' if failed else ''}"


def errors_of(answer: "pd.DataFrame") -> list[str]:
    """Why each row has no prediction; empty: it has one."""
    from chem_endpoints.wire.columns import PREDICTION_ERROR

    if PREDICTION_ERROR not in answer.columns:
        return [""] * len(answer)
    return [str(told) for told in answer[PREDICTION_ERROR].fillna("")]


def summary_of(answer: "pd.DataFrame") -> Summary:
    """Counts an answer's rows."""
    failed = Counter(told.partition(":")[0] for told in errors_of(answer) if told)
    return Summary(rows=len(answer), predicted=len(answer) - failed.total(), failed=dict(sorted(failed.items())))


def with_read_reasons(answer: "pd.DataFrame", rows: "FileRows") -> "pd.DataFrame":
    """The answer, in which a row whose structure could not be read says so, and not that its SMILES is missing."""
    from chem_endpoints.wire.columns import PREDICTION_ERROR

    told = zip(answer.index, errors_of(answer), strict=True)
    better = [rows.reasons.get(row, error) if error else error for row, error in told] if rows.reasons else []
    return answer.assign(**{PREDICTION_ERROR: better}).astype({PREDICTION_ERROR: "str"}) if better else answer
