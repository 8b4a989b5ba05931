"""The columns that the demonstration's model adds, in order."""

ADDED = (
    "prediction",
    "prediction_std",
    "confidence",
    *("q_025", "q_05", "q_10", "q_25", "q_75", "q_90", "q_95", "q_975"),
    "smiles_used",
    "salt",
    "undefined_chiral_centers",
    "in_domain",
    "in_training",
    "nn_similarity",
    "nn_id",
    "nn_value",
    "prediction_error",
)
