"""What somebody asks a training for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chem_endpoints.wire.manifest import Standardisation

DEFAULT_FOLDS = 5
DEFAULT_POLICY = Standardisation(policy="parent")


@dataclass(frozen=True, kw_only=True)
class TrainingRequest:
    """What to train on, how to judge it and what to ship.

    Attributes:
        data: CSV file with a header line.
        targets: columns to predict, one or more.
        smiles: column of structures; ``None``: the model reads numbers and categories only.
        numbers: columns of numbers that the model reads.
        categories: columns of text with few values that the model reads.
        identifier: column that names the rows, for ``nn_id``; ``None``: the line in the file does.
        task: ``None``: classification where a target holds text or true and false, else regression.
        descriptors: name of the set that is computed from structures; ``None``: none is.
        standardisation: what is done to structures first.
        refits: members trained on all rows, whose mean is the prediction.
        folds: of the cross-validation; 0: none, and so no errors, no spread and no interval.
        neighbours: whether the bundle keeps the training compounds' fingerprints, identifiers and values.
        lenient: whether unusable values reach the model as missing ones.
        unit, description: of the targets, for the model card.
        seed: of the splits and of every random choice in fitting.
    """

    data: Path
    targets: tuple[str, ...]
    smiles: str | None = None
    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    identifier: str | None = None
    task: Literal["regression", "classification"] | None = None
    descriptors: str | None = None
    standardisation: Standardisation = DEFAULT_POLICY
    refits: int = 1
    folds: int = DEFAULT_FOLDS
    neighbours: bool = True
    lenient: bool = False
    unit: str | None = None
    description: str = ""
    seed: int = 7

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the file that is read."""
        own = (self.smiles, *self.numbers, *self.categories, self.identifier)
        return (*self.targets, *(name for name in own if name is not None))
