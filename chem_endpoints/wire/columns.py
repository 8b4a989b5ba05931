"""Names of the columns that Chem Endpoints itself adds, and the reasons that a row can carry."""

from enum import StrEnum

ROW_NUMBER = "__row__"
"""Position of a row in the caller's frame; our client sends it and checks it when the answer comes back."""

PREDICTION = "prediction"
PREDICTION_ERROR = "prediction_error"
"""Why a row has no prediction: empty text for a good row, else ``<reason>: <what to do>``."""

INTERVAL_LOW = "q_05"
INTERVAL_HIGH = "q_95"
"""Bounds of the 90 % prediction interval."""

SMILES = "smiles"


class Reason(StrEnum):
    """First word of a ``prediction_error``; stable, so that callers can group by it."""

    INVALID_SMILES = "invalid_smiles"
    INVALID_VALUE = "invalid_value"
    MISSING_VALUE = "missing_value"
    TOO_LARGE = "too_large"
    TIMEOUT = "timeout"
    PREDICTION_FAILED = "prediction_failed"
    WORKER_CRASHED = "worker_crashed"

    def because(self, text: str) -> str:
        """The cell of a row that failed for this reason; ``text`` must not quote the row's contents."""
        return f"{self}: {text}"
