"""Names of the columns that Chem Endpoints itself adds, and the reasons that a row can carry."""

from enum import StrEnum

ROW_NUMBER = "__row__"
"""Position of a row in the caller's frame; our client sends it and checks it when the answer comes back."""

PREDICTION = "prediction"
PREDICTION_ERROR = "prediction_error"
"""Why a row has no prediction: empty text for a good row, else ``<reason>: <what to do>``."""

PREDICTION_STD = "prediction_std"
CONFIDENCE = "confidence"

INTERVAL_LOW = "q_05"
INTERVAL_HIGH = "q_95"
"""Bounds of the 90 % prediction interval."""

INTERVALS: dict[float, tuple[str, str]] = {
    0.95: ("q_025", "q_975"),
    0.90: (INTERVAL_LOW, INTERVAL_HIGH),
    0.80: ("q_10", "q_90"),
    0.50: ("q_25", "q_75"),
}
"""Coverage of a central prediction interval → the columns of its bounds."""

SMILES = "smiles"
SMILES_USED = "smiles_used"
"""The structure that the model saw: the caller's, after standardisation."""
SALT = "salt"
UNDEFINED_CHIRAL_CENTERS = "undefined_chiral_centers"
ORIG_SMILES = "orig_smiles"
STEREO_LOST = "stereo_lost"

IN_DOMAIN = "in_domain"
IN_TRAINING = "in_training"
NN_SIMILARITY = "nn_similarity"
NN_DISTANCE = "nn_distance"
NN_ID = "nn_id"
NN_VALUE = "nn_value"

EXPLANATION_BASE = "explain_base"
EXPLANATION_PREFIX = "explain_"
"""``explain_<feature>``: what the feature adds to the prediction, in units of the model's margin."""
ATOM_WEIGHTS = "explain_atom_weights"
EXPLANATION_DRAWING = "explain_svg"

DRAWING = "drawing"
"""A structure as SVG: the only column that ``POST /drawings`` of the server adds, beside `PREDICTION_ERROR`."""


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
