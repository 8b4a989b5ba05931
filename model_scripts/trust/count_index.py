"""Tanimoto similarity of count fingerprints to many others at once, by way of an inverted index.

For each bit the index lists the fingerprints that have it, so that a query touches only those that share a bit with it.
All sums are of whole numbers, hence exact in any order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from model_scripts.member import Floats

Counts = Mapping[int, int]
"""A fingerprint: bit → how often, without zeros."""


@dataclass(frozen=True, kw_only=True)
class CountIndex:
    """Fingerprints by bit.

    Attributes:
        starts: int64 ``[bits + 1]``: where each bit's entries begin in ``rows`` and ``counts``.
        rows: int32 ``[entries]``: the fingerprints that have the bit, ascending within it.
        counts: uint16 ``[entries]``: how often.
        totals: int64 ``[fingerprints]``: sum of a fingerprint's counts.
    """

    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint16]
    totals: npt.NDArray[np.int64]

    @classmethod
    def of(cls, fingerprints: Sequence[Counts], bits: int) -> "CountIndex":
        """The index of these fingerprints, in their order."""
        entries = sorted((bit, row, n) for row, counts in enumerate(fingerprints) for bit, n in counts.items())
        by_bit, rows, counts = np.array(entries, dtype=np.int64).reshape(-1, 3).T
        return cls(
            starts=np.searchsorted(by_bit, np.arange(bits + 1)),
            rows=rows.astype(np.int32),
            counts=counts.astype(np.uint16),
            totals=np.array([sum(counts.values()) for counts in fingerprints], dtype=np.int64),
        )

    def similarities(self, query: Counts) -> Floats:
        """Σ min / Σ max of the counts, float64 ``[fingerprints]``: 1 for equal fingerprints, 0 without a common bit."""
        spans = [slice(self.starts[bit], self.starts[bit + 1]) for bit in query]
        most = np.repeat(list(query.values()), [span.stop - span.start for span in spans])
        shared = np.minimum(np.concatenate([self.counts[span] for span in spans]), most)
        rows = np.concatenate([self.rows[span] for span in spans])
        overlap = np.bincount(rows, weights=shared, minlength=len(self.totals))
        return np.asarray(overlap / (self.totals + sum(query.values()) - overlap))

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The parts, for `model_scripts.trust.arrays.pack`."""
        return {"starts": self.starts, "rows": self.rows, "counts": self.counts, "totals": self.totals}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> "CountIndex":
        """The index of `to_arrays`."""
        return cls(**{name: arrays[name] for name in ("starts", "rows", "counts", "totals")})
