"""The model's features of a frame, typed row by row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from chem_endpoints.wire.manifest import Feature
from chem_endpoints.wire.matching import match_columns, missing_reason, unknown_category_reason, unusable_reason
from chem_endpoints.wire.typed_columns import typed


@dataclass(frozen=True, kw_only=True)
class FeatureRows:
    """The features of a request.

    Attributes:
        frame: one column per feature, named and typed as the manifest says, one row per row of the request.
        reasons: position of a row that cannot be predicted → why.
    """

    frame: pd.DataFrame
    reasons: dict[int, str]


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
        values = column.values.reset_index(drop=True)
        unusable = dict.fromkeys(np.flatnonzero(column.malformed).tolist(), unusable_reason(feature))
        if feature.categories is not None:
            unknown = (~values.isin(feature.categories) & values.notna()).to_numpy(dtype=bool)
            values = values.mask(unknown)
            unusable |= dict.fromkeys(np.flatnonzero(unknown).tolist(), unknown_category_reason(feature))
        columns[feature.name] = values
        for position, reason in unusable.items():
            if reason is not None:
                reasons.setdefault(position, reason)
        if feature.missing == "error":
            for row in np.flatnonzero(column.missing):
                reasons.setdefault(int(row), missing_reason(feature))
    typed_frame = pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))
    return FeatureRows(frame=typed_frame, reasons=dict(sorted(reasons.items())))
