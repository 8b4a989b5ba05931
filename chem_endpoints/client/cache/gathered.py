"""The answers to the distinct rows of one call, from wherever they come, and what each of the caller's rows gets."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.client.fates import Fates
from chem_endpoints.wire.answers import empty_answer
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import Output

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class DistinctRows:
    """The rows of a frame, each that is there several times taken once.

    Attributes:
        keys: key of each distinct row, in order of appearance.
        first: position of its first appearance in the frame.
        which: for each row of the frame, the number of its distinct row.
    """

    keys: list[bytes]
    first: Positions
    which: Positions

    @classmethod
    def of(cls, keys: list[bytes]) -> "DistinctRows":
        """Finds the distinct rows among those with these keys."""
        numbers: dict[bytes, int] = {}
        which = np.fromiter((numbers.setdefault(key, len(numbers)) for key in keys), dtype=np.int64, count=len(keys))
        return cls(keys=list(numbers), first=np.unique(which, return_index=True)[1].astype(np.int64), which=which)


@dataclass(kw_only=True)
class Gathered:
    """Answers as they come; a later answer to a row replaces an earlier one.

    Attributes:
        rows: what is asked.
    """

    rows: DistinctRows
    _answers: list[pd.DataFrame] = field(default_factory=list, init=False)
    _fates: list[pd.DataFrame] = field(default_factory=list, init=False)
    _size: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._place = np.full(len(self.rows.keys), -1, dtype=np.int64)
        self._asked = np.zeros(len(self.rows.keys), dtype=bool)

    def found(self, numbers: Positions, answers: pd.DataFrame, *, model: str) -> None:
        """Answers that were kept, of this model."""
        self._add(numbers, answers, _fates_of_kept(len(numbers), model))
        self._asked[numbers] = False

    def answered(self, numbers: Positions, answers: pd.DataFrame, fates: pd.DataFrame) -> None:
        """Answers of the endpoint, and what became of the rows."""
        self._add(numbers, answers, fates)
        self._asked[numbers] = True

    def unsent(self, outputs: Sequence[Output]) -> None:
        """The run ends here: rows that are still open have empty outputs, and say so."""
        numbers = self.open_rows
        fates = Fates(len(numbers)).frame()
        answers = empty_answer(outputs, len(numbers)).assign(**{PREDICTION_ERROR: fates["error"]})
        self.answered(numbers, answers, fates)

    def forget_found(self) -> None:
        """Drops the answers that were kept; their rows are open again."""
        self._place[~self._asked] = -1

    def asked_models(self) -> set[str]:
        """Digests of the models that answered what was asked."""
        digests = pd.concat(self._fates, ignore_index=True)["model_sha256"].iloc[self._place[self._asked]]
        return {str(digest) for digest in digests} - {""}

    @property
    def open_rows(self) -> Positions:
        """Numbers of the distinct rows without an answer."""
        return np.flatnonzero(self._place < 0).astype(np.int64)

    @property
    def asked_rows(self) -> int:
        """Distinct rows that the endpoint was asked."""
        return int(self._asked.sum())

    @property
    def kept_rows(self) -> int:
        """Rows of the frame whose answers were kept."""
        return int((~self._asked)[self.rows.which].sum())

    def answers(self) -> pd.DataFrame:
        """One answer for each row of the frame, in order."""
        return self._of_each_row(self._answers)

    def fates(self) -> pd.DataFrame:
        """What became of each row of the frame; a row that is there twice cost something once."""
        fates = self._of_each_row(self._fates)
        again = np.ones(len(fates), dtype=bool)
        again[self.rows.first] = False
        fates.loc[again, list(_COSTS)] = 0
        return fates

    def _add(self, numbers: Positions, answers: pd.DataFrame, fates: pd.DataFrame) -> None:
        if len(numbers) or not self._answers:
            self._answers.append(answers)
            self._fates.append(fates)
            self._place[numbers] = np.arange(self._size, self._size + len(numbers))
            self._size += len(numbers)

    def _of_each_row(self, frames: list[pd.DataFrame]) -> pd.DataFrame:
        filled = [frame for frame in frames if len(frame)] or frames[:1]
        together = pd.concat(filled, ignore_index=True) if len(filled) > 1 else filled[0]
        return together.take(self._place[self.rows.which]).reset_index(drop=True)


_COSTS = ("calls", "retries", "bytes", "seconds")


def _fates_of_kept(rows: int, model: str) -> pd.DataFrame:
    fates = Fates(rows)
    errors = pd.Series([""] * rows, dtype="str")
    fates.answered(np.arange(rows), errors, digest=model, bytes_sent=0, seconds=0.0)
    return fates.frame()
