"""Finds the model's features among the caller's columns, and says what is wrong with a cell; without pandas."""

import difflib
import functools
import math
from collections.abc import Iterable, Sequence

from chem_endpoints.wire.cell_numbers import kind_of, number_in
from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.errors import FeatureMismatchError
from chem_endpoints.wire.manifest import Feature

MAX_TOLD_CATEGORIES = 10

MAX_COMPARED_COLUMNS = 200
"""Names that are compared to find the nearest; comparing tens of thousands takes many seconds."""


def match_columns(names: Sequence[object], features: Sequence[Feature]) -> dict[str, int]:
    """Feature name → position of the column that carries it: the exact name first, else ignoring case.

    Raises:
        FeatureMismatchError: features without a column, or with several; names them all and the nearest.
    """
    present = [str(name) for name in names]
    exact, folded = _places(present), functools.cache(lambda: _places(name.casefold() for name in present))
    found, problems = {}, {}
    for feature in features:
        positions = exact.get(feature.name) or folded().get(feature.name.casefold(), [])
        if len(positions) == 1:
            found[feature.name] = positions[0]
        elif positions:
            rivals = ", ".join(repr(present[position]) for position in positions)
            problems[feature.name] = (
                f"feature {feature.name!r} could be any of the columns {rivals}: rename all but one"
            )
        else:
            problems[feature.name] = f"feature {feature.name!r} has no column{nearest_columns(feature.name, present)}"
    if problems:
        raise FeatureMismatchError("; ".join(problems.values()), fields=list(problems))
    return found


def _places(names: Iterable[str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        places.setdefault(name, []).append(position)
    return places


def nearest_columns(name: str, present: list[str]) -> str:
    """What a message about an absent column adds, in parentheses: the nearest names, or how many columns there are."""
    folded = {column.casefold(): column for column in present[:MAX_COMPARED_COLUMNS]}
    close = [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)]
    if close:
        return f" (nearest: {', '.join(close)})"
    # Columns that resemble nothing are not named: in a file without a header they are somebody's molecules.
    return f" ({len(present)} columns came, none of a similar name; does the file have a header line?)"


def reason_of_cell(text: str, feature: Feature) -> tuple[float, str | None]:
    """The number in a text cell of a float64 feature, and why it cannot be used; NaN where there is none."""
    try:
        number = number_in(text)
    except ValueError:
        return math.nan, unusable_reason(feature)
    if number is None:
        return math.nan, missing_reason(feature) if feature.missing == "error" else None
    return number, None


def unusable_reason(feature: Feature) -> str | None:
    """What a row is told whose cell does not hold what the feature is; ``None``: it counts as missing."""
    return malformed_reason(feature) if feature.unusable == "error" else None


def malformed_reason(feature: Feature) -> str:
    """What a row is told whose cell does not hold what the feature is."""
    return Reason.INVALID_VALUE.because(f"column {feature.name!r} must hold {kind_of(feature.dtype)}")


def unknown_category_reason(feature: Feature) -> str | None:
    """What a row is told whose cell holds a category that the model does not know; ``None``: it counts as missing."""
    if feature.unusable == "missing":
        return None
    known = feature.categories or ()
    named = ", ".join(known[:MAX_TOLD_CATEGORIES]) + (", …" if len(known) > MAX_TOLD_CATEGORIES else "")
    return Reason.INVALID_VALUE.because(
        f"column {feature.name!r} holds a category that the model was not trained on; it knows {named}"
    )


def missing_reason(feature: Feature) -> str:
    """What a row is told whose cell is empty."""
    return Reason.MISSING_VALUE.because(f"column {feature.name!r} is empty")
