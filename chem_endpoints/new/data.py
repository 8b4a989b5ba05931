"""What a new model is trained on and judged by: the columns of a file, looked at before anything is written."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from chem_endpoints.client.files import read_rows
from chem_endpoints.client.files.smiles_file import HEADER_WORDS
from chem_endpoints.wire.columns import SMILES
from chem_endpoints.wire.csv_format import write_csv
from chem_endpoints.wire.matching import nearest_columns
from chem_endpoints.wire.typed_columns import typed

EXAMPLE = "examples/data/solubility.csv"
EXAMPLE_HELD_OUT = "examples/data/solubility_unseen.csv"
EXAMPLE_UNIT = "log10(mol/L)"

EVERY = 10
"""One row in so many is held out."""

FEWEST_ROWS = 20


class DataError(Exception):
    """A file that no model can be trained on as asked; says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """What a model is trained on and judged by.

    Attributes:
        training: file, relative to the clone.
        held_out: file of rows that training does not see, relative to the clone.
        target: column to predict.
        smiles: column of structures.
        unit: unit of the target; ``None``: it has none, as classes have.
        classes: whether the target holds classes and not numbers.
        bound: RMSE, on the rows held out, of predicting the mean of the training rows, in the target's unit; for
            classes the share of the commonest one. A model must do no worse.
        written: file → contents: those that are to be written; none where both are there already.
    """

    training: str
    held_out: str
    target: str
    smiles: str
    unit: str | None
    classes: bool
    bound: float
    written: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def example_data(root: Path) -> TrainingData:
    """Measured solubilities that every clone holds."""
    training, held_out = (read_rows(root / name).frame for name in (EXAMPLE, EXAMPLE_HELD_OUT))
    return TrainingData(
        training=EXAMPLE,
        held_out=EXAMPLE_HELD_OUT,
        target="log_s",
        smiles="smiles",
        unit=EXAMPLE_UNIT,
        classes=False,
        bound=_bound(training["log_s"], held_out["log_s"], classes=False),
    )


def look_at(data: Path, folder: str, *, target: str, smiles: str | None, unit: str | None) -> TrainingData:
    """Looks at a file's columns, and holds one row in `EVERY` out.

    Args:
        data: the file, in any format of `chem_endpoints.client.files`.
        folder: of the model, relative to the clone; the training rows and those held out are to be written there.
        target: column to predict.
        smiles: column of structures; ``None``: the one whose name says that it is.
        unit: unit of the target.

    Raises:
        FileError: the file cannot be read.
        DataError: a column is absent or cannot be used, or too few rows have a structure and a value.
    """
    frame = read_rows(data).frame
    names = [str(name) for name in frame.columns]
    if target not in names:
        raise DataError(f"{data}: no column {target!r}{nearest_columns(target, names)}")
    if "," in target:
        raise DataError(f"{data}: {target!r} has a comma, which separates several targets; rename the column")
    if target != target.strip():
        raise DataError(
            f"{data}: {target!r} begins or ends with a blank, which the training leaves out; rename the column"
        )
    if not (unit or "").isprintable():
        raise DataError(f"the unit {unit!r} must be one line of text")
    structures = _structures(data, names, smiles)
    classes = _holds_classes(data, frame[target])
    if classes and unit:
        raise DataError(f"{data}: {target!r} holds classes, which have no unit; leave --unit out")
    valued = ~typed(frame[target], "text" if classes else "float64").missing
    usable = frame[valued & ~typed(frame[structures], "text").missing]
    if len(usable) < FEWEST_ROWS:
        raise DataError(
            f"{data}: {len(usable)} rows have a structure in {structures!r} and a value in {target!r}; at least"
            f" {FEWEST_ROWS} are needed"
        )
    out = pd.Series(range(len(usable)), index=usable.index) % EVERY == EVERY - 1
    training, held_out = f"{folder}/training.csv", f"{folder}/held_out.csv"
    return TrainingData(
        training=training,
        held_out=held_out,
        target=target,
        smiles=structures,
        unit=unit or None,
        classes=classes,
        bound=_bound(usable.loc[~out, target], usable.loc[out, target], classes=classes),
        written={training: write_csv(usable[~out]), held_out: write_csv(usable[out])},
    )


def holds_classes(data: Path, target: str) -> bool:
    """Whether a column holds something else than numbers; `look_at` tells what is wrong with it.

    Raises:
        FileError: the file cannot be read.
        DataError: the column holds numbers, but for some cells.
    """
    frame = read_rows(data).frame
    return target in frame.columns and _holds_classes(data, frame[target])


def _holds_classes(data: Path, column: "pd.Series[str]") -> bool:
    """Whether cells are words.

    Raises:
        DataError: most are numbers, so that the others, such as ``>100``, are mistakes.
    """
    numbers = typed(column, "float64")
    words, known = int(numbers.malformed.sum()), int((~numbers.missing).sum())
    if 0 < words < known / 2:
        raise DataError(
            f"{data}: {words} of {known} values in {column.name!r} are no numbers, the first in row"
            f" {int(numbers.malformed.argmax())}; leave them empty, or, if all are classes, give each a word"
        )
    return words > 0


def _structures(data: Path, names: list[str], smiles: str | None) -> str:
    if smiles is not None:
        if smiles not in names:
            raise DataError(f"{data}: no column {smiles!r}{nearest_columns(smiles, names)}")
        return smiles
    known = {name.casefold(): name for name in names if name.casefold() in HEADER_WORDS}
    if SMILES in known or len(known) == 1:
        return known.get(SMILES) or next(iter(known.values()))
    told = (
        f"any of the columns {', '.join(known.values())} may hold" if known else "no column's name says that it holds"
    )
    raise DataError(f"{data}: {told} the structures; say which does: --smiles COLUMN")


def _bound(training: "pd.Series[str]", held_out: "pd.Series[str]", *, classes: bool) -> float:
    if classes:
        return _shortened(float((held_out == training.mode()[0]).mean()))
    mean = typed(training, "float64").values.mean()
    return _shortened(math.sqrt(((typed(held_out, "float64").values - mean) ** 2).mean()))


def _shortened(value: float) -> float:
    """With three significant digits, as it stands in the test."""
    return float(f"{value:.3g}")
