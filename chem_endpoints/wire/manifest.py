"""The manifest of a model bundle: what a model reads, returns, was trained on and must reproduce.

``manifest.json`` lies at the root of ``model.tar.gz`` and lists the SHA-256 of every other file of the
bundle, so that the SHA-256 of the manifest itself, the *model digest*, stands for the whole model.
Declarations carry that digest, the server checks it at start and returns it with each answer.
"""

import hashlib
from collections.abc import Collection, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.errors import OptionNotOfferedError

MANIFEST_NAME = "manifest.json"

Dtype = Literal["float64", "int64", "boolean", "text"]
Cell = float | int | bool | str | None
Columns = dict[str, list[Cell]]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # importing must be quick


class Feature(_Strict):
    """A column that the model reads."""

    name: str
    dtype: Dtype
    unit: str | None = None
    description: str = ""
    missing: Literal["error", "allow"] = "error"
    """``error``: a row without a value comes back with a reason; ``allow``: the model copes with it."""
    categories: tuple[str, ...] | None = None
    """Of a text feature: the only texts that the model knows."""
    unusable: Literal["error", "missing"] = "error"
    """A text that is no number, or a category that the model does not know: ``error``: the row comes back with a
    reason; ``missing``: it counts as a missing value, which whoever made the bundle has asked for (lenient)."""


class Output(_Strict):
    """A column that the model adds."""

    name: str
    dtype: Dtype
    unit: str | None = None
    description: str = ""


ERROR_OUTPUT = Output(
    name=PREDICTION_ERROR, dtype="text", description="empty for a predicted row, else the reason and what to do"
)


def answer_columns(outputs: Sequence[Output]) -> tuple[Output, ...]:
    """Every column that an answer adds: the manifest's outputs, then the error column."""
    return (*outputs, ERROR_OUTPUT)


class DescriptorSet(_Strict):
    """The named, ordered, versioned descriptors that the script computes from a ``smiles`` feature."""

    name: str
    version: str
    columns: tuple[str, ...]
    gaps: tuple[str, ...] = ()
    """Columns that were undefined for training rows; another one that is undefined costs the row its prediction."""


class Standardisation(_Strict):
    """What is done to a structure before anything is computed from it, in training and serving alike."""

    policy: Literal["none", "parent", "salt"]
    """``none``: the structure as it is sent; ``parent``: counterions stripped, charges neutralised; ``salt``: all
    fragments kept, as solubility models may want."""
    tautomer: bool = True
    """Whether the canonical tautomer is taken, last of all; without meaning for ``none``."""
    version: str = "1"


FIGURES: dict[str, str] = {
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "mean_baseline_rmse": "RMSE of the training mean",
    "accuracy": "accuracy",
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
    "majority_baseline_accuracy": "accuracy of the commonest class",
}
"""Name of a figure in `Metrics` → what readers call it."""


class Metrics(_Strict):
    """Errors of one way of splitting, on rows that the model predicting them had not seen."""

    split: Literal["random", "scaffold"]
    target: str
    folds: int
    rows: int
    figures: dict[str, float]
    """Name (of `FIGURES`) → value; errors are in the target's unit."""


class Coverage(_Strict):
    """How often the 90 % interval held the measured value of rows that the model had not seen."""

    target: str
    among: str
    """Which rows: ``random split``, ``scaffold split``, or a third of the rows by similarity to the training set."""
    rows: int
    covered: float
    mean_width: float
    guaranteed: bool
    """Whether theory bounds the coverage from below (CV+ does); for scaffolds that are new to the model it does
    not."""


class Ensemble(_Strict):
    """The models of a bundle.

    Members ``refit_<i>`` were trained on all rows, their mean is the prediction. Members ``fold_<i>`` are those of the
    cross-validation, each without its own fold: their spread is the standard deviation, and with the errors on the rows
    left out they give the interval (CV+).
    """

    refits: int = Field(ge=1)
    folds: int = Field(ge=0)


class Training(_Strict):
    """Where the numbers come from."""

    rows: int
    data_sha256: Sha256
    seed: int
    settings: dict[str, float | int | str | bool] = {}
    metrics: tuple[Metrics, ...]
    coverage: tuple[Coverage, ...] = ()
    notes: tuple[str, ...]
    """Sentences for the card: which rows the figures come from, why an interval is missing, what is not guaranteed."""


class GoldenRows(_Strict):
    """Rows that the server replays at start: these inputs must give these outputs."""

    input: Columns
    output: Columns
    relative_tolerance: float = Field(gt=0)


class Manifest(_Strict):
    """Contents of ``manifest.json``."""

    format: Literal[1] = 1
    script: str
    framework: str
    task: Literal["regression", "classification", "features"] = "regression"
    targets: tuple[Output, ...] = ()
    """What was measured; empty for an endpoint that computes features."""
    classes: tuple[str, ...] = ()
    """Labels of a classification with one target, in the order of the members' probabilities."""
    features: tuple[Feature, ...] = Field(min_length=1)
    outputs: tuple[Output, ...] = Field(min_length=1)
    on_request: dict[str, tuple[Output, ...]] = {}
    """Option of a request (`chem_endpoints.wire.options`) → the outputs that it adds."""
    descriptors: DescriptorSet | None = None
    standardisation: Standardisation | None = None
    """``None``: the model reads no structure."""
    ensemble: Ensemble | None = None
    row_seconds: float | None = Field(default=None, gt=0)
    """Longest time that an honest row may take; ``None``: the server's default. Its environment may say otherwise."""
    settings: dict[str, float | int | str | bool] = {}
    """What a feature endpoint was asked to compute, for example a radius or a temperature."""
    libraries: dict[str, str]
    """Import name → version at training; the server names one that is missing."""
    files: dict[str, Sha256]
    training: Training | None = None
    golden: GoldenRows

    @model_validator(mode="after")
    def _figures_have_names(self) -> "Manifest":
        unknown = {name for m in (self.training.metrics if self.training else ()) for name in m.figures} - set(FIGURES)
        if unknown:
            raise ValueError(f"unknown figures: {', '.join(sorted(unknown))}; known are {', '.join(FIGURES)}")
        return self

    @model_validator(mode="after")
    def _names_are_distinct(self) -> "Manifest":
        names = [feature.name for feature in self.features] + [output.name for output in self.outputs]
        names += [output.name for outputs in self.on_request.values() for output in outputs]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"these columns are named twice among features and outputs: {', '.join(doubled)}")
        return self

    def asked(self, options: Collection[str]) -> "Manifest":
        """The manifest of the answer to a request with these options: outputs with those that they add.

        Raises:
            OptionNotOfferedError: the model does not offer one.
        """
        for option in options:
            if option not in self.on_request:
                offers = f"it offers {', '.join(sorted(self.on_request))}" if self.on_request else "it offers none"
                raise OptionNotOfferedError(f"this model adds no columns for the option {option!r}; {offers}")
        added = tuple(output for option in sorted(options) for output in self.on_request[option])
        return self.model_copy(update={"outputs": (*self.outputs, *added)})

    def to_bytes(self) -> bytes:
        """The file's bytes; the same manifest always gives the same bytes."""
        return (self.model_dump_json(indent=1) + "\n").encode()


def model_digest(manifest: bytes) -> str:
    """The model digest: SHA-256 of ``manifest.json`` as it lies in the bundle."""
    return hashlib.sha256(manifest).hexdigest()
