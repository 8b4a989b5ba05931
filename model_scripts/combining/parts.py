"""The parts of a combination: loaded as each would be alone, and asked for the rows of a request."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.wire.answers import empty_answer
from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.cell_numbers import kind_of
from chem_endpoints.wire.columns import PREDICTION_ERROR, SMILES, Reason
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import MANIFEST_NAME, Feature, Manifest, Output, model_digest
from chem_endpoints.wire.matching import missing_reason
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES
from model_scripts.combining.plan import PARTS_FOLDER, PlannedPart
from model_scripts.served_model import ServedModel

if TYPE_CHECKING:
    from model_scripts.reading import Structures

SCRIPT = "combination"


@dataclass(frozen=True, kw_only=True)
class PartAnswer:
    """What one part says of the rows of a request.

    Attributes:
        name: of the part.
        weight: of the part.
        columns: its outputs under its own names, typed as declared, one row per row asked; missing where it failed.
        errors: its reasons, empty text for a row that it took.
    """

    name: str
    weight: float
    columns: pd.DataFrame
    errors: tuple[str, ...]

    @property
    def answered(self) -> npt.NDArray[np.bool_]:
        """Rows that it took."""
        return np.array([not error for error in self.errors], dtype=bool)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A loaded bundle of a combination.

    Attributes:
        name, weight: see `PlannedPart`.
        manifest: of its bundle.
        script: the model script that serves it.
        model: what the script's ``model_fn`` gave.
    """

    name: str
    weight: float
    manifest: Manifest
    script: ModuleType
    model: Any

    def answer(self, frame: pd.DataFrame, structures: "Structures", asked: frozenset[str]) -> PartAnswer:
        """What the part says of each row.

        Args:
            frame: the columns of the combination's features, typed, numbered from 0.
            structures: what the parts share.
            asked: options of the request.

        Raises:
            Exception: what the part's script raises for several rows; whoever called halves them. For a single row
                it becomes the reason, so that the other parts' values stay.
        """
        own = read_features(frame, self.manifest.features)
        refused = {row: self._told.get(reason, reason) for row, reason in own.reasons.items()}
        outputs = self.outputs(asked)
        try:
            predicted = self._predict(own.frame, structures, refused, asked)
        except Exception as error:
            if len(frame) != 1:
                raise
            reason = Reason.PREDICTION_FAILED.because(f"the part {self.name!r} raised {type(error).__name__}")
            predicted, refused = empty_answer(outputs, rows=1), {0: reason, **refused}
        return self._answer(predicted, outputs, refused)

    def outputs(self, asked: frozenset[str]) -> tuple[Output, ...]:
        """The columns that it adds when these options are asked for."""
        offered = self.manifest.on_request
        return (*self.manifest.outputs, *(output for option in sorted(asked) for output in offered.get(option, ())))

    @property
    def _told(self) -> dict[str, str]:
        """What the part says of an empty cell → what a combination says, where an unusable one looks empty, too."""
        return {
            missing_reason(feature): _absent_reason(feature) for feature in self.manifest.features if _wants(feature)
        }

    def _predict(
        self, frame: pd.DataFrame, structures: "Structures", refused: Mapping[int, str], asked: frozenset[str]
    ) -> pd.DataFrame:
        """All rows go in, so that those announced while the part works are those of the request."""
        offered = asked.intersection(self.manifest.on_request)
        options: dict[str, Any] = {"asked": offered} if offered else {}
        if isinstance(self.model, ServedModel):
            reader = replace(self.model.reader, structures=structures, refused=refused)
            predicted = self.script.predict_fn(frame, replace(self.model, reader=reader), **options)
        else:
            model = replace(self.model, structures=structures) if hasattr(self.model, "structures") else self.model
            texts = frame.assign(**{SMILES: frame[SMILES].fillna("")})
            predicted = self.script.predict_fn(texts, model, **options)
        return pd.DataFrame(predicted)

    def _answer(self, predicted: pd.DataFrame, outputs: Sequence[Output], refused: Mapping[int, str]) -> PartAnswer:
        told = predicted[PREDICTION_ERROR].fillna("").tolist()
        errors = tuple(refused.get(row, str(error)) for row, error in enumerate(told))
        failed = np.array([bool(error) for error in errors], dtype=bool)
        columns = _typed(predicted, outputs)
        if failed.any():  # whole frames at a time: hundreds of columns one by one take longer than a prediction
            columns = columns.mask(np.repeat(failed[:, np.newaxis], len(outputs), axis=1))
        return PartAnswer(name=self.name, weight=self.weight, columns=columns, errors=errors)


def load_part(folder: Path, planned: PlannedPart) -> Part:
    """Loads the part whose bundle lies in ``folder/parts/<name>``.

    Raises:
        BundleError: it is not the bundle that was combined, its script cannot be combined, or see the script's
            ``model_fn``.
    """
    own = folder / PARTS_FOLDER / planned.name
    manifest_bytes = (own / MANIFEST_NAME).read_bytes()
    if model_digest(manifest_bytes) != planned.digest:
        raise BundleError(f"{PARTS_FOLDER}/{planned.name}: not the bundle that was combined. Combine the bundles again")
    manifest = Manifest.model_validate_json(manifest_bytes)
    script = script_of(manifest, planned.name)
    return Part(
        name=planned.name,
        weight=planned.weight,
        manifest=manifest,
        script=script,
        model=script.model_fn(str(own)),
    )


def script_of(manifest: Manifest, name: str) -> ModuleType:
    """The built-in script that serves a part.

    Raises:
        BundleError: the bundle brings its own script, which might read bodies itself, or is a combination.
    """
    if not manifest.script.isidentifier() or manifest.script == SCRIPT:
        raise BundleError(
            f"part {name!r}: its script is {manifest.script!r}; only bundles that train and features wrote are combined"
        )
    script = importlib.import_module(f"model_scripts.{manifest.script}")
    if not (hasattr(script, "model_fn") and hasattr(script, "predict_fn")):
        raise BundleError(f"part {name!r}: {manifest.script!r} is no model script")
    return script


def _wants(feature: Feature) -> bool:
    return feature.missing == "error" and feature.name != SMILES


def _absent_reason(feature: Feature) -> str:
    usable = kind_of(feature.dtype) if feature.categories is None else "a known category"
    return Reason.MISSING_VALUE.because(f"column {feature.name!r} is empty, or holds something else than {usable}")


def _typed(predicted: pd.DataFrame, outputs: Sequence[Output]) -> pd.DataFrame:
    """The declared columns, typed as declared, numbered from 0."""
    columns = predicted[[output.name for output in outputs]].set_axis(pd.RangeIndex(len(predicted)), axis="index")
    wanted = {kind: pd.api.types.pandas_dtype(name) for kind, name in PANDAS_DTYPES.items()}
    other = {
        o.name: wanted[o.dtype] for o, dtype in zip(outputs, columns.dtypes, strict=True) if dtype != wanted[o.dtype]
    }
    return columns.astype(other) if other else columns
