"""How often prediction intervals held the measured value."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from chem_endpoints.client.quality.measured_rows import MeasuredRows, numbers
from chem_endpoints.wire.columns import INTERVALS


@dataclass(frozen=True, kw_only=True)
class LevelCoverage:
    """Coverage of the central prediction intervals of one level.

    Attributes:
        level: the coverage that the interval stands for, 0 to 1.
        rows: rows with a measured value and both bounds.
        covered: of these, rows whose measured value lies within the bounds (bounds included).
        mean_width: mean width of the interval in the target's unit; NaN without rows.
    """

    level: float
    rows: int
    covered: int
    mean_width: float

    @property
    def share(self) -> float:
        """Covered share of the rows; NaN without rows."""
        return self.covered / self.rows if self.rows else math.nan


def interval_coverage(measured: MeasuredRows) -> tuple[LevelCoverage, ...]:
    """One entry per level of `chem_endpoints.wire.columns.INTERVALS` whose two columns the frame has."""
    usable = measured.frame.loc[measured.usable]
    found = []
    for level, bounds in INTERVALS.items():
        low_name, high_name = (measured.columns.named(bound) for bound in bounds)
        if low_name not in usable.columns or high_name not in usable.columns:
            continue
        value, low, high = (numbers(usable, name) for name in (measured.target, low_name, high_name))
        bounded = ~(np.isnan(low) | np.isnan(high))
        within = bounded & (low <= value) & (value <= high)
        width = float(np.mean((high - low)[bounded])) if bounded.any() else math.nan
        found.append(LevelCoverage(level=level, rows=int(bounded.sum()), covered=int(within.sum()), mean_width=width))
    return tuple(found)


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Confidence interval of a binomial share; (0, 1) without trials.

    Source: Wilson, J. Am. Stat. Assoc. 1927, 22, 209; recommended by Brown, Cai and DasGupta, Stat. Sci. 2001, 16, 101.
    """
    if not trials:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials**2))
    return max(0.0, middle - half), min(1.0, middle + half)
