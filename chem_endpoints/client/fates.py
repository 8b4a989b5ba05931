"""What became of each row of a run: how it ended, and what that took."""

from collections import Counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PREDICTED = "predicted"
"""The outcome of a row with a prediction; others have the first word of their reason."""
UNSENT = "unsent: the run ended before this row was answered"
"""The reason of a row that the run never came to."""

COLUMNS = ("outcome", "error", "calls", "retries", "bytes", "seconds", "model_sha256")
"""Columns of a report on rows: how the row ended and the text of its error; requests that it travelled in, and those of
them that were repeats; size in bytes of the request that answered it and its seconds; digest of the model that
answered."""


class Fates:
    """One entry per row of the caller's frame, by position.

    Args:
        rows: number of rows.
    """

    def __init__(self, rows: int) -> None:
        self._error = np.full(rows, UNSENT, dtype=object)
        self._ended = np.zeros(rows, dtype=bool)
        self._calls = np.zeros(rows, dtype=np.int64)
        self._retries = np.zeros(rows, dtype=np.int64)
        self._bytes = np.zeros(rows, dtype=np.int64)
        self._seconds = np.full(rows, np.nan)
        self._digest = np.full(rows, "", dtype=object)
        self.failed = 0
        """Rows that ended with a reason."""

    def __len__(self) -> int:
        return len(self._error)

    def asked(self, rows: NDArray[np.int64]) -> None:
        """The rows travel in a request."""
        self._calls[rows] += 1

    def retried(self, rows: NDArray[np.int64]) -> None:
        """The rows' request is repeated."""
        self._retries[rows] += 1

    def answered(
        self, rows: NDArray[np.int64], errors: "pd.Series[str]", *, digest: str, bytes_sent: int, seconds: float
    ) -> None:
        """The rows' request was answered; ``errors`` is the answer's ``prediction_error``."""
        told = errors.to_numpy(dtype=object)
        self._error[rows], self._ended[rows] = told, True
        self._bytes[rows], self._seconds[rows], self._digest[rows] = bytes_sent, seconds, digest
        self.failed += int(np.count_nonzero(told != ""))

    def ended(self, rows: NDArray[np.int64], reason: str) -> None:
        """The rows end without an answer, for this reason."""
        self._error[rows], self._ended[rows] = reason, True
        self.failed += len(rows)

    @property
    def ended_rows(self) -> NDArray[np.bool_]:
        """Which rows have ended."""
        return self._ended

    @property
    def errors(self) -> NDArray[np.object_]:
        """``prediction_error`` of each row."""
        return self._error

    def digests(self) -> tuple[str, ...]:
        """Digests of the models that answered, sorted."""
        return tuple(sorted(set(self._digest[self._ended]) - {""}))

    def reasons(self) -> dict[str, int]:
        """Reason → rows, of those that ended without a prediction."""
        return dict(sorted(Counter(_outcome(error) for error in self._error if error).items()))

    def frame(self) -> pd.DataFrame:
        """The report: one row per row, `COLUMNS`."""
        outcome = [PREDICTED if not error else _outcome(error) for error in self._error]
        values = (
            pd.Series(outcome, dtype="str"),
            pd.Series(self._error, dtype="str"),
            pd.array(self._calls, dtype="Int64"),
            pd.array(self._retries, dtype="Int64"),
            pd.array(self._bytes, dtype="Int64"),
            self._seconds.copy(),
            pd.Series(self._digest, dtype="str"),
        )
        return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))


def _outcome(error: str) -> str:
    return error.partition(":")[0]
