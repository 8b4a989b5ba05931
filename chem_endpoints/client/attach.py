"""From answers back to the caller's frame, by position."""

import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.manifest import Output, answer_columns


@dataclass(frozen=True, kw_only=True)
class Attached:
    """The caller's frame with answers.

    Attributes:
        frame: a copy of the caller's frame and the answer's columns.
        replaced: columns of the caller that the answer's took the place of.
        columns: column of the answer → what it is called in ``frame`` (another name only with a suffix).
    """

    frame: pd.DataFrame
    replaced: tuple[str, ...]
    columns: dict[str, str]


def attach_answer(
    frame: pd.DataFrame, answer: pd.DataFrame, *, suffix: str | None = None, stacklevel: int = 3
) -> Attached:
    """A copy of the caller's frame with an answer's columns beside the caller's own.

    Rows, order, index, ``attrs`` and the caller's other columns stay as they are, whatever their types; the frame may
    have doubled names, an index called like an answer, or several levels of columns (an answer's name is the first
    then, the others are empty). An answer takes the place of a column of its name; of doubled ones, both go, and it
    stands at the end.

    Args:
        frame: the caller's frame; not changed.
        answer: one row for each row of the frame, in order, whatever its index; distinct names.
        suffix: the caller's column stays, and the answer's name gets this at its end.
        stacklevel: of the warning, as `warnings.warn` counts; the default is the caller of the caller.

    Raises:
        InvalidInputError: the suffix would give two columns of the answer one name.
        ValueError: another number of rows.

    Warns:
        UserWarning: columns of the caller are replaced; once, naming them.
    """
    if len(frame) != len(answer):
        raise ValueError(f"{len(frame)} rows, but answers for {len(answer)}")
    own = _first_levels(frame.columns)
    columns = _named(list(answer.columns), own, suffix)
    replaced = tuple(name for name in columns.values() if name in own)
    if replaced:
        warnings.warn(
            f"the input's columns {list(replaced)} are replaced by the model's answers; rename them to keep both,"
            ' or say suffix="_new"',
            UserWarning,
            stacklevel=stacklevel,
        )
    return Attached(frame=_together(frame, answer, own, columns), replaced=replaced, columns=columns)


def check_suffix(frame: pd.DataFrame, outputs: Sequence[Output] | None, suffix: str | None) -> None:
    """Refuses a suffix before anything is sent, if it would give two columns of the answer one name.

    Args:
        frame: the caller's frame.
        outputs: what the answer will hold; ``None``: nobody knows yet.
        suffix: what `attach_answer` will be given.

    Raises:
        InvalidInputError: it would.
    """
    if suffix and outputs is not None:
        _named([output.name for output in answer_columns(outputs)], _first_levels(frame.columns), suffix)


def _first_levels(labels: "pd.Index[Any]") -> dict[Hashable, list[int]]:
    """Name → its positions; of columns in several levels those that an answer could be called like."""
    positions: dict[Hashable, list[int]] = {}
    for position, label in enumerate(labels):
        name = label[0] if isinstance(labels, pd.MultiIndex) and not any(label[1:]) else label
        positions.setdefault(name, []).append(position)
    return positions


def _named(names: list[str], own: Mapping[Hashable, list[int]], suffix: str | None) -> dict[str, str]:
    columns = {name: f"{name}{suffix}" if suffix and name in own else name for name in names}
    doubled = sorted({name for name in columns.values() if list(columns.values()).count(name) > 1})
    if doubled:
        raise InvalidInputError(f"with suffix={suffix!r} two answers would be called {doubled}: take another suffix")
    return columns


def _together(
    frame: pd.DataFrame, answer: pd.DataFrame, own: Mapping[Hashable, list[int]], columns: Mapping[str, str]
) -> pd.DataFrame:
    # Columns by number: labels may be doubled, or of several levels. All are put together at once: hundreds of
    # insertions into a frame take seconds.
    before = frame.shape[1]
    order: list[int] = list(range(before))
    for place, name in enumerate(columns.values(), start=before):
        taken = own.get(name, [])
        if len(taken) == 1:
            order[order.index(taken[0])] = place
        else:
            order = [position for position in order if position not in taken] + [place]
    # Rows by number too: whatever the index is, pandas has nothing to align.
    mine = frame.copy(deep=False)
    mine.columns, mine.index = pd.RangeIndex(before), pd.RangeIndex(len(frame))
    added = answer.reset_index(drop=True).set_axis(range(before, before + len(columns)), axis="columns")
    together = pd.concat([mine, added], axis="columns")
    labels = _labels(frame.columns, list(columns.values()))
    if order != list(range(len(labels))):
        together, labels = together.iloc[:, order], labels[order]
    together.columns, together.index, together.attrs = labels, frame.index, mine.attrs
    return together


def _labels(labels: "pd.Index[Any]", names: list[str]) -> "pd.Index[Any]":
    """The caller's labels, then the new ones with as many levels."""
    if isinstance(labels, pd.MultiIndex):
        empty = ("",) * (labels.nlevels - 1)
        return labels.append(pd.MultiIndex.from_tuples([(name, *empty) for name in names], names=labels.names))
    if isinstance(labels.dtype, pd.StringDtype):
        return labels.append(pd.Index(names, dtype=labels.dtype, name=labels.name))
    # As they are: pandas would guess a type of its own for labels of several types.
    return pd.Index([*labels, *names], dtype=object, name=labels.name, tupleize_cols=False)
