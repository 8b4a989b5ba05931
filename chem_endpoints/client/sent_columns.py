"""Which of the caller's columns travel, under which names, and what cannot travel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from chem_endpoints.client.feature_cells import encodable, feature_column, plain_numbers
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.carried import ADVICE, CARRIED, Carried
from chem_endpoints.wire.column_kinds import ColumnKind, column_kind
from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.content_types import ARROW, CSV
from chem_endpoints.wire.csv_cells import MISSING_OTHER
from chem_endpoints.wire.errors import FeatureMismatchError
from chem_endpoints.wire.manifest import Feature
from chem_endpoints.wire.matching import match_columns

MAX_TOLD_COLUMNS = 5
"""Refused columns that an error explains; it counts the others."""


@dataclass(frozen=True, kw_only=True)
class SentColumns:
    """What travels of a frame.

    Attributes:
        frame: the columns, a row for each row of the caller's, with the row number and a plain index.
        reasons: position of a row that cannot travel → its ``prediction_error``. Such a row is not to be sent (its
            refused cells are missing in ``frame``).
    """

    frame: pd.DataFrame
    reasons: dict[int, str]


def model_columns(frame: pd.DataFrame, features: Sequence[Feature], renamed: Mapping[Any, str]) -> SentColumns:
    """The columns that the model reads, under the model's names.

    Args:
        frame: the caller's frame, with any index and any other columns; not changed.
        features: what the model reads.
        renamed: column of the caller → feature of the model.

    Raises:
        InvalidInputError: a feature has no column, or more than one, or one of a kind that it can never be.
    """
    positions, frame = _positions(frame, features, renamed), _without_index(frame)
    places = [positions[feature.name] for feature in features]
    types = frame.dtypes.to_numpy()[places]
    if all(feature.dtype == "float64" for feature in features) and all(one == np.float64 for one in types):
        # All at once: a hundred columns one by one take longer than a small model.
        block = frame.iloc[:, places].set_axis([feature.name for feature in features], axis="columns")
        block.insert(0, ROW_NUMBER, range(len(frame)))
        block.attrs = {}
        return SentColumns(frame=block, reasons={})
    columns: dict[str, pd.Series[Any]] = {}
    reasons: dict[int, str] = {}
    for feature, place in zip(features, places, strict=True):
        columns[feature.name] = _feature(frame, place, feature, reasons)
    return SentColumns(frame=_numbered(columns, len(frame)), reasons=reasons)


def all_columns(
    frame: pd.DataFrame,
    features: Sequence[Feature],
    renamed: Mapping[Any, str],
    *,
    content_type: str = ARROW,
    row_number: bool = True,
) -> SentColumns:
    """Every column of the caller, in their order, the model's under the model's names.

    The index stays behind. Numbers, booleans and text travel in pandas' plain types: a column of objects that are all
    whole numbers becomes ``Int64``, for example.

    Args:
        frame: the caller's frame; not changed.
        features: what the model reads; empty: nobody knows, each column is one like the others.
        renamed: column of the caller → feature of the model.
        content_type: the one format that all requests will have.
        row_number: whether the row number travels too.

    Raises:
        InvalidInputError: as `model_columns`, or a column whose name or contents the format cannot carry exactly. It
            names all such columns and says what to do.
    """
    positions, frame = _positions(frame, features, renamed), _without_index(frame)
    served = {positions[feature.name]: feature for feature in features}
    names = [served[place].name if place in served else name for place, name in enumerate(frame.columns)]
    refused = _refused_names(names, row_number=row_number)
    columns: dict[str, pd.Series[Any]] = {}
    reasons: dict[int, str] = {}
    for place, name in enumerate(names):
        if place in served:
            columns[name] = _feature(frame, place, served[place], reasons)
        else:
            try:
                columns[name] = _carried(frame.iloc[:, place], content_type)
            except _NotCarriedError as error:
                refused.append(f"column {str(name)!r} {error}")
    if refused:
        told = "; ".join(refused[:MAX_TOLD_COLUMNS])
        more = f"; and {len(refused) - MAX_TOLD_COLUMNS} more" if len(refused) > MAX_TOLD_COLUMNS else ""
        raise InvalidInputError(f"not all columns can travel as {content_type}: {told}{more}")
    return SentColumns(frame=_numbered(columns, len(frame), row_number=row_number), reasons=reasons)


class _NotCarriedError(Exception):
    """A column that the format does not carry exactly; the message says what it holds and what to do."""


def _positions(frame: pd.DataFrame, features: Sequence[Feature], renamed: Mapping[Any, str]) -> dict[str, int]:
    absent = [name for name in renamed if name not in frame.columns]
    if absent:
        raise InvalidInputError(
            f"the frame has no column {absent}; it has {[str(name) for name in frame.columns[:10]]}"
        )
    unknown = sorted(set(renamed.values()) - {feature.name for feature in features}) if features else []
    if unknown:
        known = [feature.name for feature in features]
        nearest = [close for name in unknown for close in get_close_matches(name, known, n=1)]
        told = f" (nearest: {nearest})" if nearest else ""
        raise InvalidInputError(f"the model reads no {unknown}{told}: columns= maps your columns to its features")
    taken = set(renamed.values())
    names = [renamed.get(name, "" if name in taken else name) for name in frame.columns]
    try:
        return match_columns(names, features)
    except FeatureMismatchError as error:
        raise InvalidInputError(str(error)) from None


def _without_index(frame: pd.DataFrame) -> pd.DataFrame:
    """The same columns, not copied, with a plain index."""
    frame = frame.copy(deep=False)
    frame.index = pd.RangeIndex(len(frame))
    return frame


def _feature(frame: pd.DataFrame, place: int, feature: Feature, reasons: dict[int, str]) -> "pd.Series[Any]":
    """The feature's column; a row that it refuses is told the first of its reasons."""
    sent = feature_column(frame.iloc[:, place], feature)
    for row, reason in sent.reasons.items():
        reasons.setdefault(row, reason)
    return sent.values


def _numbered(columns: "dict[str, pd.Series[Any]]", rows: int, *, row_number: bool = True) -> pd.DataFrame:
    numbers: dict[str, Any] = {ROW_NUMBER: range(rows)} if row_number else {}
    return pd.DataFrame({**numbers, **columns}, index=pd.RangeIndex(rows))


def _refused_names(names: Sequence[Any], *, row_number: bool) -> list[str]:
    told = []
    for name in dict.fromkeys(names):
        if not isinstance(name, str):
            told.append(f"the column name {name!r} is no text: rename it, such as with frame.columns.map(str)")
        elif names.count(name) > 1:
            told.append(f"{names.count(name)} columns would be called {name!r}: rename or drop all but one")
        elif row_number and name == ROW_NUMBER:
            told.append(f"the name {name!r} is taken by the row number: rename that column")
        elif not encodable(name):
            told.append("a column's name holds half a surrogate pair: rename it")
    return told


def _carried(column: "pd.Series[Any]", content_type: str) -> "pd.Series[Any]":
    kind = column_kind(column)
    if CARRIED[content_type][kind] is Carried.REFUSED:
        raise _NotCarriedError(f"holds {kind} ({column.dtype}): {ADVICE[kind]}")
    if kind is ColumnKind.TEXT:
        return _carried_text(column, content_type)
    try:
        if kind in (ColumnKind.FLOAT, ColumnKind.WHOLE, ColumnKind.BOOLEAN):
            return plain_numbers(column, kind)
        pa.array(column, from_pandas=True)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:  # its text quotes cells
        raise _NotCarriedError(
            f"holds {kind} that have no exact form there ({type(error).__name__}): convert it to text"
        ) from None
    return column


def _carried_text(column: "pd.Series[Any]", content_type: str) -> "pd.Series[Any]":
    gone = column.isna().to_numpy()
    cells = [None if missing else cell for cell, missing in zip(column.tolist(), gone, strict=True)]
    if not encodable("".join(cell for cell in cells if cell is not None)):
        row = next(row for row, cell in enumerate(cells) if cell is not None and not encodable(cell))
        raise _NotCarriedError(f"holds half a surrogate pair in row {row}, which is no character: repair the text")
    if content_type == CSV and MISSING_OTHER in cells:
        raise _NotCarriedError(
            f"holds the text {MISSING_OTHER} in row {cells.index(MISSING_OTHER)}, which stands for a missing cell in"
            " CSV: send another format, or rename the value"
        )
    return pd.Series(cells, dtype="str")
