"""The manifest of a model bundle: what a model reads, returns, was trained on and must reproduce.

``manifest.json`` lies at the root of ``model.tar.gz`` and lists the SHA-256 of every other file of the
bundle, so that the SHA-256 of the manifest itself, the *model digest*, stands for the whole model.
Declarations carry that digest, the server checks it at start and returns it with each answer.
"""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chem_endpoints.wire.columns import PREDICTION_ERROR

MANIFEST_NAME = "manifest.json"

Dtype = Literal["float64", "int64", "boolean", "text"]
Cell = float | int | bool | str | None
Columns = dict[str, list[Cell]]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Feature(_Strict):
    """A column that the model reads."""

    name: str
    dtype: Dtype
    unit: str | None = None
    description: str = ""
    missing: Literal["error", "allow"] = "error"
    """``error``: a row without a value comes back with a reason; ``allow``: the model copes with it."""


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


class Metrics(_Strict):
    """Out-of-fold errors of one way of splitting, in the target's unit."""

    split: str
    folds: int
    rows: int
    rmse: float
    mae: float
    r2: float
    mean_baseline_rmse: float


class Training(_Strict):
    """Where the numbers come from."""

    rows: int
    data_sha256: Sha256
    seed: int
    metrics: tuple[Metrics, ...]
    note: str


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
    task: Literal["regression"] = "regression"
    target: Output
    features: tuple[Feature, ...] = Field(min_length=1)
    outputs: tuple[Output, ...] = Field(min_length=1)
    descriptors: DescriptorSet | None = None
    standardisation: str
    libraries: dict[str, str]
    """Import name → version at training; the server names one that is missing."""
    files: dict[str, Sha256]
    training: Training
    golden: GoldenRows

    @model_validator(mode="after")
    def _names_are_distinct(self) -> "Manifest":
        names = [feature.name for feature in self.features] + [output.name for output in self.outputs]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ValueError(f"these columns are named twice among features and outputs: {', '.join(doubled)}")
        return self

    def to_bytes(self) -> bytes:
        """The file's bytes; the same manifest always gives the same bytes."""
        return (self.model_dump_json(indent=1) + "\n").encode()


def model_digest(manifest: bytes) -> str:
    """The model digest: SHA-256 of ``manifest.json`` as it lies in the bundle."""
    return hashlib.sha256(manifest).hexdigest()
