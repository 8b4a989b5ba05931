"""From the rows of a request, or of a training table, to what a model computes from; unusable rows apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.columns import SMILES, Reason
from chem_endpoints.wire.manifest import DescriptorSet, Feature, Manifest, Standardisation
from chem_endpoints.wire.rows import each_row
from model_scripts.inputs import Inputs, MatrixColumn

if TYPE_CHECKING:  # numbers are served without pandas, and models without structures without RDKit
    import pandas as pd

    from model_scripts.chemistry.descriptor_sets import Describe
    from model_scripts.chemistry.standardise import Standardised


@dataclass(frozen=True, kw_only=True)
class Read:
    """Rows that were read.

    Attributes:
        rows: positions of those that the model can take, in order.
        inputs: what it takes, one row per position.
        structures: their standardised structures; empty for a model that reads none.
        reasons: position of a row that it cannot take → why.
    """

    rows: npt.NDArray[np.intp]
    inputs: Inputs
    structures: "Sequence[Standardised]"
    reasons: Mapping[int, str]

    def without(self, places: npt.NDArray[np.intp], reason: str) -> "Read":
        """The same rows, except those at these places of ``rows``, which now have a reason."""
        kept = np.setdiff1d(np.arange(len(self.rows)), places)
        told = dict.fromkeys(self.rows[places].tolist(), reason)
        return Read(
            rows=self.rows[kept],
            inputs=self.inputs.take(kept),
            structures=[self.structures[place] for place in kept.tolist()] if self.structures else [],
            reasons=dict(sorted({**self.reasons, **told}.items())),
        )

    def moved(self, start: int) -> "Read":
        """The same rows, counted from ``start``."""
        reasons = {row + start: reason for row, reason in self.reasons.items()}
        return replace(self, rows=self.rows + start, reasons=reasons)

    @classmethod
    def of(cls, pieces: "Sequence[Read]") -> "Read":
        """Pieces that follow each other, as one; at least one."""
        first = pieces[0].inputs
        molecules = None if first.molecules is None else [m for p in pieces for m in p.inputs.molecules or ()]
        matrix = np.concatenate([piece.inputs.matrix for piece in pieces])
        return cls(
            rows=np.concatenate([piece.rows for piece in pieces]),
            inputs=Inputs(matrix=matrix, columns=first.columns, molecules=molecules),
            structures=[structure for piece in pieces for structure in piece.structures],
            reasons={row: reason for piece in pieces for row, reason in piece.reasons.items()},
        )


class Structures:
    """Where the standard form and the descriptors of a structure come from: here, computed whenever one is asked for.

    The models of a combination share what is computed once (`model_scripts.combining.shared_structures`).
    """

    def read(
        self, text: str, policy: Standardisation, describe: "Describe | None"
    ) -> "tuple[Standardised, npt.NDArray[Any] | None]":
        """The standard form of a SMILES, and its descriptors ``[columns]`` where some are wanted.

        Raises:
            SmilesError: the SMILES is unusable.
        """
        from model_scripts.chemistry.standardise import standardise

        structure = standardise(text, policy)
        return structure, None if describe is None else describe.describe(structure.molecule)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads rows for one model, in training and in serving alike.

    Attributes:
        policy: how structures are standardised; ``None``: the model reads none.
        describe: descriptors to compute from structures.
        gaps: descriptors that may be undefined, because they were for training rows.
        features: the columns of numbers and categories, in order.
        structures: what standardises and describes.
        refused: position of a row that is not to be read → why; of one request to a combination.
    """

    policy: Standardisation | None
    describe: "Describe | None"
    gaps: frozenset[str]
    features: tuple[Feature, ...]
    structures: Structures = field(default_factory=Structures)
    refused: Mapping[int, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[MatrixColumn, ...]:
        """What the columns of the matrix are: descriptors first, then the features."""
        described = self.describe.columns if self.describe is not None else ()
        return (
            *(MatrixColumn(name=name, missing=name in self.gaps) for name in described),
            *(
                MatrixColumn(name=feature.name, categories=feature.categories or (), missing=feature.missing == "allow")
                for feature in self.features
            ),
        )

    def read(self, frame: "pd.DataFrame") -> Read:
        """Reads typed rows: the columns that the manifest declares, whatever the index."""
        reasons = dict(self.refused)
        matrix = self._numbers(frame, reasons)
        structures: dict[int, Standardised] = {}
        if self.policy is not None:
            described = self._structures(frame[SMILES].tolist(), structures, reasons)
            matrix = np.column_stack([described, matrix]) if described.shape[1] else matrix
        rows = np.array([row for row in range(len(frame)) if row not in reasons], dtype=np.intp)
        kept = [structures[row] for row in rows.tolist()] if self.policy is not None else []
        molecules = [structure.molecule for structure in kept] if self.policy is not None else None
        inputs = Inputs(matrix=matrix[rows], columns=self.columns, molecules=molecules)
        return Read(rows=rows, inputs=inputs, structures=kept, reasons=dict(sorted(reasons.items())))

    def _numbers(self, frame: "pd.DataFrame", reasons: dict[int, str]) -> npt.NDArray[np.float32]:
        matrix = np.empty((len(frame), len(self.features)), dtype=np.float32)
        for position, feature in enumerate(self.features):
            values = (
                _codes(frame[feature.name], feature.categories) if feature.categories else _floats(frame[feature.name])
            )
            with np.errstate(over="ignore"):
                narrow = values.astype(np.float32)
            for row in np.flatnonzero(np.isinf(narrow)).tolist():
                reasons.setdefault(row, _beyond(feature.name))
            matrix[:, position] = narrow
        return matrix

    def _structures(
        self, smiles: Sequence[str], structures: "dict[int, Standardised]", reasons: dict[int, str]
    ) -> npt.NDArray[np.float32]:
        from model_scripts.chemistry.smiles import SmilesError

        columns = self.describe.columns if self.describe is not None else ()
        matrix = np.full((len(smiles), len(columns)), np.nan, dtype=np.float32)
        if self.policy is None:
            return matrix
        for row, text in each_row((row, text) for row, text in enumerate(smiles) if row not in reasons):
            try:
                structures[row], described = self.structures.read(text, self.policy, self.describe)
            except SmilesError as error:
                reasons[row] = str(error)
                continue
            if described is not None:
                matrix[row] = narrowed(described)
                undefined = self._undefined(matrix[row])
                if undefined is not None:
                    reasons[row] = _undefined(undefined)
        return matrix

    def _undefined(self, values: npt.NDArray[np.float32]) -> str | None:
        """The first descriptor that is undefined here and was defined for every training row."""
        columns = self.describe.columns if self.describe is not None else ()
        missing = (columns[position] for position in np.flatnonzero(np.isnan(values)).tolist())
        return next((name for name in missing if name not in self.gaps), None)


def narrowed(values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    """Descriptors as float32; one beyond its range is undefined."""
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    narrow[np.isinf(narrow)] = np.nan
    return narrow


def reader_of(manifest: Manifest) -> Reader:
    """The reader of a bundle.

    Raises:
        BundleError: the bundle was trained on structures or descriptors that this code does not compute.
    """
    return Reader(
        policy=_checked_policy(manifest.standardisation),
        describe=_describe(manifest.descriptors),
        gaps=frozenset(manifest.descriptors.gaps) if manifest.descriptors is not None else frozenset(),
        features=numeric_features(manifest),
    )


def numeric_features(manifest: Manifest) -> tuple[Feature, ...]:
    """The features besides the structure."""
    return tuple(f for f in manifest.features if manifest.standardisation is None or f.name != SMILES)


def _checked_policy(policy: Standardisation | None) -> Standardisation | None:
    if policy is not None:
        from model_scripts.chemistry.standardise import check_policy

        check_policy(policy)
    return policy


def _describe(wanted: DescriptorSet | None) -> "Describe | None":
    if wanted is None:
        return None
    from model_scripts.chemistry.descriptor_sets import describe_as_trained

    return describe_as_trained(wanted)


def _floats(column: "pd.Series[Any]") -> npt.NDArray[np.float64]:
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def _codes(column: "pd.Series[Any]", categories: tuple[str, ...]) -> npt.NDArray[np.float64]:
    positions = {category: float(code) for code, category in enumerate(categories)}
    return np.array([positions.get(text, np.nan) for text in column.tolist()], dtype=np.float64)


def _beyond(name: str) -> str:
    return Reason.INVALID_VALUE.because(f"column {name!r} holds a number that does not fit a 32-bit float")


def _undefined(name: str) -> str:
    return Reason.INVALID_VALUE.because(
        f"the descriptor {name!r} is undefined for this structure, and was for no training compound"
    )
