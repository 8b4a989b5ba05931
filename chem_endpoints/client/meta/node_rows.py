"""Which columns an endpoint of a meta endpoint is sent: the caller's, and the answers of the nodes that it reads."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chem_endpoints.client.meta.answers import Answers, Promise
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.errors import FeatureMismatchError
from chem_endpoints.wire.manifest import Feature
from chem_endpoints.wire.matching import match_columns


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What one endpoint is sent.

    Attributes:
        rows: int64: positions of the rows that are sent; the others failed in a node before.
        frame: the model's features for these rows.
        errors: text ``[all rows]``: why a row is not sent; empty for those that are.
    """

    rows: "np.ndarray[Any, np.dtype[np.int64]]"
    frame: pd.DataFrame
    errors: list[str]


def check_features(
    node: str, features: Sequence[Feature], columns: Sequence[Hashable], inputs: Mapping[str, Promise]
) -> None:
    """Tells before any row is sent whether each feature has its column.

    Args:
        node: its name.
        features: what its model reads.
        columns: the caller's columns, under the models' names.
        inputs: what the nodes that it reads will answer.

    Raises:
        InvalidInputError: a feature has no column, or several; names them all.
    """
    _positions(node, features, columns, [name for promise in inputs.values() for name in promise.names])


def rows_to_send(node: str, features: Sequence[Feature], frame: pd.DataFrame, inputs: Mapping[str, Answers]) -> Sent:
    """The features, of the rows that every node before could take.

    Args:
        node: its name.
        features: what its model reads.
        frame: the caller's rows, their columns under the models' names; doubled names are allowed.
        inputs: what the nodes that it reads answered.
    """
    added = [answer.columns for answer in inputs.values()]
    answered = [name for columns in added for name in columns.columns]
    places = _positions(node, features, list(frame.columns), answered)
    whole = [frame.reset_index(drop=True), *added]
    errors = _errors_before(len(frame), inputs)
    rows = np.flatnonzero([not error for error in errors]).astype(np.int64)
    columns = {}
    for feature in features:
        place, part = places[feature.name], 0
        while place >= whole[part].shape[1]:
            place, part = place - whole[part].shape[1], part + 1
        columns[feature.name] = whole[part].iloc[rows, place].reset_index(drop=True)
    return Sent(rows=rows, frame=pd.DataFrame(columns, index=pd.RangeIndex(len(rows))), errors=errors)


def _positions(
    node: str, features: Sequence[Feature], columns: Sequence[Hashable], answered: Sequence[str]
) -> dict[str, int]:
    """Feature → its position among the caller's columns and the answers; an answer hides a column of its name."""
    hidden = {name.casefold() for name in answered}
    named = ["" if str(name).casefold() in hidden else str(name) for name in columns]
    try:
        return match_columns([*named, *answered], features)
    except FeatureMismatchError as error:
        raise InvalidInputError(f"node {node!r}: {error}") from None


def _errors_before(rows: int, inputs: Mapping[str, Answers]) -> list[str]:
    errors = [""] * rows
    for name, answer in inputs.items():
        for row, error in enumerate(answer.errors):
            if error and not errors[row]:
                errors[row] = f"{error} (node {name!r})"
    return errors
