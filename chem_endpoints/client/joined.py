"""The answers of a run as one frame, a row for each row of the caller's, in their order."""

import numpy as np
import pandas as pd

from chem_endpoints.client.plan import Plan
from chem_endpoints.wire.answers import empty_answer
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import Output


def join_answers(plan: Plan, outputs: tuple[Output, ...] | None) -> pd.DataFrame:
    """Puts the answers in order; rows without one have empty outputs and their reason.

    Args:
        plan: a run that has ended, or was ended.
        outputs: what the manifest declares; ``None``: nobody knows, the answers tell (of a foreign endpoint).
    """
    frames = [frame for _, frame, _ in plan.answers]
    positions = [rows for rows, _, _ in plan.answers]
    answered = np.zeros(plan.total, dtype=bool)
    for rows in positions:
        answered[rows] = True
    without = np.flatnonzero(~answered)
    if len(without) or not frames:
        empty = pd.DataFrame({PREDICTION_ERROR: pd.Series([""] * len(without), dtype="str")})
        frames.append(empty if outputs is None else empty_answer(outputs, len(without)))
        positions.append(without)
    together = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    order = np.concatenate(positions)
    if not np.array_equal(order, np.arange(plan.total)):
        together = together.iloc[np.argsort(order, kind="stable")].reset_index(drop=True)
    if len(without):
        together[PREDICTION_ERROR] = pd.Series(plan.fates.errors, dtype="str")
    return together
