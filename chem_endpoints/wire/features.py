"""Finds the model's features among the caller's columns and types them, row by row."""

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.errors import FeatureMismatchError
from chem_endpoints.wire.manifest import Feature
from chem_endpoints.wire.typed_columns import kind_of, number_in, typed

MAX_COMPARED_COLUMNS = 200
"""Names that are compared to find the nearest; comparing tens of thousands takes many seconds."""


@dataclass(frozen=True, kw_only=True)
class FeatureRows:
    """The features of a request.

    Attributes:
        frame: one column per feature, named and typed as the manifest says, one row per row of the request.
        reasons: position of a row that cannot be predicted → why.
    """

    frame: pd.DataFrame
    reasons: dict[int, str]


def match_columns(names: Sequence[object], features: Sequence[Feature]) -> dict[str, int]:
    """Feature name → position of the column that carries it: the exact name first, else ignoring case.

    Raises:
        FeatureMismatchError: features without a column, or with several; names them all and the nearest.
    """
    present = [str(name) for name in names]
    found, problems = {}, {}
    for feature in features:
        positions = _positions(feature.name, present)
        if len(positions) == 1:
            found[feature.name] = positions[0]
        elif positions:
            rivals = ", ".join(repr(present[position]) for position in positions)
            problems[feature.name] = (
                f"feature {feature.name!r} could be any of the columns {rivals}: rename all but one"
            )
        else:
            problems[feature.name] = f"feature {feature.name!r} has no column{_nearest(feature.name, present)}"
    if problems:
        raise FeatureMismatchError("; ".join(problems.values()), fields=list(problems))
    return found


def _positions(name: str, present: list[str]) -> list[int]:
    exact = [position for position, column in enumerate(present) if column == name]
    folded = [position for position, column in enumerate(present) if column.casefold() == name.casefold()]
    return exact or folded


def _nearest(name: str, present: list[str]) -> str:
    folded = {column.casefold(): column for column in present[:MAX_COMPARED_COLUMNS]}
    close = [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)]
    if close:
        return f" (nearest: {', '.join(close)})"
    # Columns that resemble nothing are not named: in a file without a header they are somebody's molecules.
    return f" ({len(present)} columns came, none of a similar name; does the file have a header line?)"


def read_features(frame: pd.DataFrame, features: Sequence[Feature]) -> FeatureRows:
    """Matches and types the features; a row that lacks one carries the reason, the others are untouched.

    Raises:
        FeatureMismatchError: see `match_columns`.
    """
    positions = match_columns(list(frame.columns), features)
    columns: dict[str, pd.Series] = {}
    reasons: dict[int, str] = {}
    for feature in features:
        column = typed(frame.iloc[:, positions[feature.name]], feature.dtype)
        columns[feature.name] = column.values.reset_index(drop=True)
        for row in np.flatnonzero(column.malformed):
            reasons.setdefault(int(row), _malformed(feature))
        if feature.missing == "error":
            for row in np.flatnonzero(column.missing):
                reasons.setdefault(int(row), _missing(feature))
    typed_frame = pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))
    return FeatureRows(frame=typed_frame, reasons=dict(sorted(reasons.items())))


def reason_of_cell(text: str, feature: Feature) -> tuple[float, str | None]:
    """The number in a text cell of a float64 feature, and why it cannot be used; NaN where there is none."""
    try:
        number = number_in(text)
    except ValueError:
        return math.nan, _malformed(feature)
    if number is None:
        return math.nan, _missing(feature) if feature.missing == "error" else None
    return number, None


def _malformed(feature: Feature) -> str:
    return Reason.INVALID_VALUE.because(f"column {feature.name!r} must hold {kind_of(feature.dtype)}")


def _missing(feature: Feature) -> str:
    return Reason.MISSING_VALUE.because(f"column {feature.name!r} is empty")
