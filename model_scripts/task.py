"""What a model predicts: numbers or classes, of one target or of several."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["regression", "classification"]


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is predicted.

    Attributes:
        kind: of all targets.
        targets: their names, one or more.
        classes: labels of a classification with one target, in order; empty otherwise. Several targets of a
            classification are each 0 or 1.
    """

    kind: Kind
    targets: tuple[str, ...]
    classes: tuple[str, ...] = ()

    @property
    def several(self) -> bool:
        """Whether there is more than one target."""
        return len(self.targets) > 1

    @property
    def outputs(self) -> int:
        """Numbers that a member predicts per row: one per target, or one probability per class."""
        return len(self.classes) or len(self.targets)
