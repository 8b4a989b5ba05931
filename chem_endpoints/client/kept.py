"""What an interrupted run had answered already, for the next run over the same rows by the same `Endpoint`."""

import hashlib
from dataclasses import dataclass

import pandas as pd

from chem_endpoints.client.plan import Plan, Positions


@dataclass(frozen=True, kw_only=True)
class KeptAnswers:
    """Answers in memory; they end with the process, or with the next run that succeeds.

    Attributes:
        key: digest of what was sent and how.
        answers: rows, their columns, and the digest of the model that answered.
    """

    key: str
    answers: tuple[tuple[Positions, pd.DataFrame, str], ...]

    def give(self, plan: Plan, *, digest: str) -> None:
        """Hands the answers of the model with this digest over to a plan for the same rows."""
        for rows, frame, answered_by in self.answers:
            if answered_by in ("", digest):
                plan.keep(rows, frame, answered_by)


def run_key(sent: pd.DataFrame, options: str) -> str | None:
    """Digest of a run's rows and options; ``None``: the rows hold something that has no digest."""
    try:
        rows = pd.util.hash_pandas_object(sent, index=False).to_numpy()
    except TypeError:
        return None
    names = "\x00".join(str(name) for name in sent.columns)
    return hashlib.sha256(rows.tobytes() + names.encode("utf-8", "replace") + options.encode()).hexdigest()
