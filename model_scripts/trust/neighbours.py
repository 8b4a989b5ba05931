"""The nearest training compounds of a molecule, and whether it lies in the domain that they span.

Similarity is the Tanimoto coefficient of Morgan count fingerprints (radius 2, 2 048 bits; Rogers and Hahn, J. Chem.
Inf. Model. 2010, 50, 742). A bundle whose training set is confidential has no `TrainingSet`, and no such columns:
ids, values, fingerprints and compound keys of every training compound lie in the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from chem_endpoints.wire.rows import each_row
from model_scripts.member import Floats
from model_scripts.trust.arrays import array_to_texts, pack, texts_to_array, unpack
from model_scripts.trust.count_index import CountIndex, Counts
from model_scripts.trust.nearest import Nearest, id_order, ids_at, values_at

BITS = 2_048
RADIUS = 2
PERCENTILE = 5
"""Of the training compounds' similarities to each other, below which a compound is outside the domain."""
MOST_LEFT_OUT = 5_000
"""Training compounds whose similarity to the others sets the threshold; of more, a sample with a fixed seed."""

_NO_OTHER = -1.0
_GENERATOR = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """The training compounds, by ascending id.

    Attributes:
        index: their fingerprints.
        ids: of each, text.
        keys: `model_scripts.chemistry.identity.compound_key` of each; the same compound may be there twice.
        values: float64 ``[compounds]``: what was measured; ``None`` for several targets.
        threshold: a compound at least as similar as this to its nearest neighbour is in the domain: the 5th percentile
            (the lower of two neighbouring values) of the training compounds' similarities to their nearest other one.
            NaN, so that none is in the domain, when there is one compound only.
        members: key → positions of the compounds that have it.
    """

    index: CountIndex
    ids: tuple[str, ...]
    keys: tuple[str, ...]
    values: Floats | None
    threshold: float
    members: dict[str, list[int]]

    @classmethod
    def build(
        cls, molecules: Sequence[Chem.Mol], ids: Sequence[str], values: Floats | None, keys: Sequence[str]
    ) -> Self:
        """The set of these compounds.

        Args:
            molecules: standardised, as the model reads them.
            ids: what callers know them by; ties between neighbours go to the smallest, see `id_order`.
            values: float64 ``[compounds]``; for a classification the positions of the classes.
            keys: `model_scripts.chemistry.identity.compound_key` of each.
        """
        order = id_order(ids)
        fingerprints = [fingerprint(molecules[position]) for position in order]
        ordered_keys = tuple(keys[position] for position in order)
        index, members = CountIndex.of(fingerprints, BITS), _positions(ordered_keys)
        return cls(
            index=index,
            ids=tuple(ids[position] for position in order),
            keys=ordered_keys,
            values=None if values is None else values[order],
            threshold=_threshold(index, fingerprints, ordered_keys, members),
            members=members,
        )

    def nearest(
        self, molecules: Sequence[Chem.Mol], keys: Sequence[str], *, positions: Sequence[int] | None = None
    ) -> Nearest:
        """The nearest training compound of each molecule, other than the molecule itself.

        A molecule whose key is in the set is ``in_training``, and every compound with that key is passed over.

        Args:
            molecules: standardised, as the model reads them.
            keys: `model_scripts.chemistry.identity.compound_key` of each.
            positions: rows of the request that they come from, for the announcements of
                `chem_endpoints.wire.rows.each_row`; the default is 0, 1, …
        """
        rows = range(len(keys)) if positions is None else positions
        pairs = zip(rows, zip(molecules, keys, strict=True), strict=True)
        found = [
            _nearest(self.index, fingerprint(molecule), self.members.get(key, ()))
            for _, (molecule, key) in each_row(pairs)
        ]
        scores = np.array([score for score, _ in found], dtype=np.float64)
        places = [place for _, place in found]
        return Nearest(
            measure="similarity",
            scores=scores,
            ids=ids_at(self.ids, places),
            values=values_at(self.values, places),
            in_training=np.array([key in self.members for key in keys], dtype=np.bool_),
            in_domain=scores >= self.threshold,
        )

    def to_bytes(self) -> bytes:
        """The file for the bundle, a ``.npz`` without pickle; the same set always gives the same bytes."""
        arrays = {
            **self.index.to_arrays(),
            "ids": texts_to_array(self.ids),
            "keys": texts_to_array(self.keys),
            "threshold": np.array(self.threshold),
        }
        return pack(arrays if self.values is None else {**arrays, "values": self.values})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The set of `to_bytes`."""
        arrays = unpack(data)
        keys = array_to_texts(arrays["keys"])
        return cls(
            index=CountIndex.from_arrays(arrays),
            ids=array_to_texts(arrays["ids"]),
            keys=keys,
            values=arrays.get("values"),
            threshold=float(arrays["threshold"]),
            members=_positions(keys),
        )


def fingerprint(molecule: Chem.Mol) -> Counts:
    """The molecule's Morgan counts: bit → how many atoms' surroundings fall on it."""
    counts: Counts = _GENERATOR.GetCountFingerprint(molecule).GetNonzeroElements()
    return counts


def similarity_outside_fold(molecules: Sequence[Chem.Mol], folds: npt.NDArray[np.int64]) -> Floats:
    """Each molecule's similarity to the nearest one that its fold model was trained on, float64 ``[rows]``.

    Args:
        molecules: standardised, as the model reads them.
        folds: int64 ``[rows]``: the fold that each was left out with.
    """
    fingerprints = [fingerprint(molecule) for molecule in molecules]
    index = CountIndex.of(fingerprints, BITS)
    fold_rows = {fold: np.flatnonzero(folds == fold) for fold in np.unique(folds)}
    pairs = zip(fingerprints, folds, strict=True)
    return np.array([_nearest(index, counts, fold_rows[fold])[0] for counts, fold in pairs])


def _nearest(
    index: CountIndex, counts: Counts, passed_over: Sequence[int] | npt.NDArray[np.intp]
) -> tuple[float, int | None]:
    """Similarity and position of the nearest; of several, the first. NaN and None where all are passed over."""
    similarities = index.similarities(counts)
    similarities[list(passed_over)] = _NO_OTHER
    place = int(np.argmax(similarities))
    if similarities[place] == _NO_OTHER:
        return float("nan"), None
    return float(similarities[place]), place


def _threshold(
    index: CountIndex, fingerprints: Sequence[Counts], keys: Sequence[str], members: dict[str, list[int]]
) -> float:
    left_out = [_nearest(index, fingerprints[row], members[keys[row]])[0] for row in _sample(len(keys))]
    known = [similarity for similarity in left_out if not np.isnan(similarity)]
    return float(np.percentile(known, PERCENTILE, method="lower")) if known else float("nan")


def _sample(rows: int) -> Iterator[int]:
    if rows <= MOST_LEFT_OUT:
        yield from range(rows)
    else:
        yield from np.sort(np.random.default_rng(0).choice(rows, MOST_LEFT_OUT, replace=False)).tolist()


def _positions(keys: Sequence[str]) -> dict[str, list[int]]:
    members: dict[str, list[int]] = {}
    for position, key in enumerate(keys):
        members.setdefault(key, []).append(position)
    return members
