"""Cross-validation: each row predicted by the one model that saw neither it nor any row of its group."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupKFold

from model_scripts.inputs import Inputs
from model_scripts.member import Floats, Member
from model_scripts.task import Task
from model_scripts.training.family import Family

Rows = npt.NDArray[np.intp]
Split = Literal["random", "scaffold"]


@dataclass(frozen=True, kw_only=True)
class CrossValidation:
    """Models of the folds, and what they said of the rows held out.

    Attributes:
        split: how the groups were made.
        folds: test rows of each fold; together they are all rows.
        members: the model of each fold, trained on the others.
        predicted: float64 ``[rows, outputs]``, each row by its own fold's model.
    """

    split: Split
    folds: tuple[Rows, ...]
    members: tuple[Member, ...]
    predicted: Floats

    def from_training(self, statistic: Callable[[Rows], float]) -> Floats:
        """For each row, a number that is computed from the training rows of its fold."""
        values = np.full(len(self.predicted), math.nan)
        everything = np.arange(len(self.predicted))
        for test in self.folds:
            values[test] = statistic(np.setdiff1d(everything, test))
        return values

    @property
    def fold_of(self) -> npt.NDArray[np.intp]:
        """The fold that each row was held out in."""
        numbers = np.empty(len(self.predicted), dtype=np.intp)
        for number, test in enumerate(self.folds):
            numbers[test] = number
        return numbers


def splits(groups: Sequence[str], folds: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Training and test rows of each fold; rows of one group stay together, groups are shuffled by the seed."""
    splitter = GroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    yield from splitter.split(np.zeros(len(groups)), groups=groups)


def cross_validate(
    family: Family,
    inputs: Inputs,
    targets: Floats,
    task: Task,
    groups: Sequence[str],
    *,
    split: Split,
    folds: int,
    seed: int,
    progress: Callable[[], object],
) -> CrossValidation:
    """Fits one model per fold and has it predict the rows that it did not see."""
    predicted = np.full((len(inputs), task.outputs), math.nan)
    members: list[Member] = []
    tests: list[Rows] = []
    for train, test in splits(groups, folds, seed):
        member = family.fit(inputs.take(train), targets[train], task, seed=seed)
        predicted[test] = member.predict(inputs.take(test))
        members.append(member)
        tests.append(test)
        progress()
    return CrossValidation(split=split, folds=tuple(tests), members=tuple(members), predicted=predicted)
