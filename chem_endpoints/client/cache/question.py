"""What one call asks: the distinct rows, their keys, what of them travels, and what the answer holds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from chem_endpoints.client.cache.gathered import DistinctRows, Positions
from chem_endpoints.client.cache.keys import label_keys, row_keys
from chem_endpoints.client.inputs import with_smiles
from chem_endpoints.client.sent_columns import model_columns
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.columns import SMILES
from chem_endpoints.wire.errors import OptionNotOfferedError
from chem_endpoints.wire.manifest import Manifest, Output
from chem_endpoints.wire.matching import match_columns


@dataclass(frozen=True, kw_only=True)
class Question:
    """A caller's rows, and what is asked of them.

    Attributes:
        rows: which rows are the same to the model.
        labels: for each distinct row, the key of its value in the caller's key column.
        travelling: for each row, what travels: the model's columns under their names, and others if all are to.
        outputs: what the answer holds, without ``prediction_error``.
        asked: the options that add columns.
    """

    rows: DistinctRows
    labels: list[bytes | None]
    travelling: pd.DataFrame
    outputs: tuple[Output, ...]
    asked: frozenset[str]

    def part(self, numbers: Positions) -> pd.DataFrame:
        """What travels of some distinct rows."""
        return self.travelling.iloc[self.rows.first[numbers]].reset_index(drop=True)

    def keys_of(self, numbers: Positions) -> list[bytes]:
        """Keys of some distinct rows."""
        return [self.rows.keys[number] for number in numbers]

    def labels_of(self, numbers: Positions) -> list[bytes | None]:
        """Labels of some distinct rows."""
        return [self.labels[number] for number in numbers]


def asks(
    frame: pd.DataFrame,
    manifest: Manifest,
    *,
    key_column: str,
    asked: Iterable[str],
    smiles: str | None,
    columns: Mapping[str, str] | None,
    everything: bool,
) -> Question:
    """The question that a call asks.

    Args:
        frame: the caller's rows.
        manifest: the model's.
        key_column: the caller's column whose values are labels; where the frame has none, the feature of that name.
        asked: the options that add columns.
        smiles: the caller's column of structures.
        columns: column of the caller → feature.
        everything: the caller's other columns travel too.

    Raises:
        InvalidInputError: the frame does not fit the model, has no key column, or an option is not offered.
    """
    try:
        outputs = manifest.asked(frozenset(asked)).outputs
    except OptionNotOfferedError as error:
        raise InvalidInputError(str(error)) from None
    read = read_rows(frame, manifest, smiles=smiles, columns=columns)
    rows = DistinctRows.of(read.keys)
    labels = label_keys(_label_cells(read, key_column, rows.first))
    travelling = read.used
    if everything:
        taken = {output.name for output in outputs} | {feature.name.casefold() for feature in manifest.features}
        others = [
            place not in read.places and str(name).casefold() not in taken and str(name) not in taken
            for place, name in enumerate(frame.columns)
        ]
        travelling = pd.concat([frame.loc[:, others].reset_index(drop=True), read.used], axis="columns")
    return Question(rows=rows, labels=labels, travelling=travelling, outputs=outputs, asked=frozenset(asked))


@dataclass(frozen=True, kw_only=True)
class RowsRead:
    """What a model reads of a frame.

    Attributes:
        source: the caller's frame, with SMILES for molecules.
        used: its columns that the model reads, as they are, under the model's names; a plain index.
        places: their positions in the frame.
        keys: one for each row; a row that cannot travel shares its key with no other.
    """

    source: pd.DataFrame
    used: pd.DataFrame
    places: frozenset[int]
    keys: list[bytes]


def read_rows(
    frame: pd.DataFrame, manifest: Manifest, *, smiles: str | None = None, columns: Mapping[str, str] | None = None
) -> RowsRead:
    """Finds what the model reads, and the rows' keys.

    Raises:
        InvalidInputError: the frame does not fit the model.
    """
    source, named = frame, smiles
    if any(feature.name == SMILES for feature in manifest.features):
        source, named = with_smiles(frame, smiles)
    renamed = {**({named: SMILES} if named is not None and named != SMILES else {}), **(columns or {})}
    sent = model_columns(source, manifest.features, renamed)
    keys = row_keys(sent.frame, manifest.features)
    for row in sent.reasons:
        keys[row] = b"row %d cannot travel" % row
    taken = set(renamed.values())
    places = match_columns(
        [renamed.get(name, "" if name in taken else name) for name in frame.columns], manifest.features
    )
    used = source.iloc[:, list(places.values())].reset_index(drop=True).set_axis(list(places), axis="columns")
    return RowsRead(source=source, used=used, places=frozenset(places.values()), keys=keys)


def _label_cells(read: RowsRead, key_column: str, first: Positions) -> list[Any]:
    if list(read.source.columns).count(key_column) == 1:
        return list(read.source[key_column].iloc[first])
    for name in read.used.columns:
        if str(name).casefold() == key_column.casefold():
            return list(read.used[name].iloc[first])
    if key_column == SMILES:  # the default; this model reads no structures
        return [None] * len(first)
    raise InvalidInputError(
        f"the frame has no column {key_column!r}, which cache_key_column= names, and the model no such feature"
    )
