"""Computes fingerprints from SMILES, after standardisation.

As Workbench's endpoint of this name sends them, unless the settings say otherwise: Morgan counts of radius 2, folded to
4 096, no more than 255 each, without chirality, as one text of comma-separated numbers. No row is dropped: one that
cannot be read has a reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.manifest import MANIFEST_NAME, Manifest, Output, Standardisation
from model_scripts.chemistry.described_rows import DescribedRows, described_rows, policy_of
from model_scripts.chemistry.descriptor_sets import Describe
from model_scripts.chemistry.fingerprints import MACCS_SIZE, Counts, Fingerprint, Kind, Values
from model_scripts.reading import Structures
from model_scripts.structure_columns import SENT_AND_USED

if TYPE_CHECKING:
    import pandas as pd

Setting = float | int | str | bool
Form = Literal["text", "columns"]

LIBRARIES = ("numpy", "pandas", "rdkit")
DEFAULT_SETTINGS: Mapping[str, Setting] = {
    "fingerprint": "morgan",
    "values": "counts",
    "radius": 2,
    "size": 4096,
    "chirality": False,
    "form": "text",
}
"""``form``: ``text`` is one column ``fingerprint``, ``columns`` are ``fp_0``, ``fp_1``, …"""

FINGERPRINT = "fingerprint"

_MEANINGLESS = {
    "morgan": (),
    "rdkit": ("radius", "chirality"),
    "atom_pair": ("radius",),
    "topological_torsion": ("radius",),
    "maccs": ("values", "radius", "size", "chirality"),
}
"""Settings that a fingerprint does not have."""


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    fingerprint: Kind = "morgan"
    values: Values = "counts"
    radius: int = Field(default=2, ge=0, le=6)
    size: int = Field(default=4096, ge=64, le=16_384, multiple_of=8)
    chirality: bool = False
    form: Form = "text"


def checked_settings(given: Mapping[str, Setting]) -> dict[str, Setting]:
    """The settings of a bundle: those given, and the defaults of the others that the fingerprint has.

    Raises:
        BundleError: no such setting, not such a value, or one that this fingerprint does not have.
    """
    try:
        settings = _Settings.model_validate(dict(given))
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[0]
        raise BundleError(_told(str(found["loc"][0]), found["type"], found["msg"])) from None
    meaningless = _MEANINGLESS[settings.fingerprint]
    superfluous = [name for name in meaningless if name in given]
    if superfluous:
        raise BundleError(f"the fingerprint {settings.fingerprint!r} has no setting {superfluous[0]!r}")
    return settings.model_dump(exclude=set(meaningless))


def _told(name: str, kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return f"smiles_to_fingerprints has no setting {name!r}; it has {', '.join(DEFAULT_SETTINGS)}"
    return f"setting {name!r}: {message.lower()}"


def outputs(settings: Mapping[str, Setting]) -> tuple[Output, ...]:
    """The columns that are added.

    Raises:
        BundleError: the settings are not those of a fingerprint.
    """
    checked = checked_settings(settings)
    return (*SENT_AND_USED, *_fingerprint_outputs(_fingerprint(checked), checked["form"]))


def on_request(settings: Mapping[str, Setting]) -> dict[str, tuple[Output, ...]]:
    """The columns that options of a request add: none."""
    checked_settings(settings)
    return {}


def _fingerprint_outputs(fingerprint: Fingerprint, form: Setting) -> tuple[Output, ...]:
    what = f"{fingerprint.kind} fingerprint, {fingerprint.values}"
    if form == "text":
        return (Output(name=FINGERPRINT, dtype="text", description=f"{what}: {fingerprint.size} numbers"),)
    return tuple(
        Output(name=f"fp_{number}", dtype="int64", description=f"{what}, number {number}")
        for number in range(fingerprint.size)
    )


def _fingerprint(settings: Mapping[str, Setting]) -> Fingerprint:
    fields: dict[str, Any] = {name: value for name, value in settings.items() if name not in (FINGERPRINT, "form")}
    if settings[FINGERPRINT] == "maccs":
        fields |= {"values": "bits", "size": MACCS_SIZE}
    return Fingerprint(kind=settings[FINGERPRINT], **fields)  # type: ignore[arg-type]  # checked by _Settings


@dataclass(frozen=True, kw_only=True)
class FingerprintModel:
    """A loaded bundle."""

    policy: Standardisation
    fingerprint: Fingerprint
    form: Form
    structures: Structures = field(default_factory=Structures)


def model_fn(model_dir: str) -> FingerprintModel:
    """Reads the manifest of a verified bundle.

    Raises:
        BundleError: it asks for a standardisation or a setting that this code does not know.
    """
    manifest = Manifest.model_validate_json((Path(model_dir) / MANIFEST_NAME).read_bytes())
    settings = checked_settings(manifest.settings)
    form: Form = "text" if settings["form"] == "text" else "columns"
    return FingerprintModel(policy=policy_of(manifest), fingerprint=_fingerprint(settings), form=form)


def predict_fn(df: "pd.DataFrame", model: FingerprintModel) -> "pd.DataFrame":
    """Adds the columns of `outputs` and ``prediction_error``; rows, order and index stay."""
    fingerprint = model.fingerprint
    blank = np.zeros(fingerprint.size, dtype=np.uint8)
    describe = Describe(name=repr(fingerprint), version="1", columns=(), describe=fingerprint.computer())
    rows = described_rows(df, model.policy, describe, structures=model.structures, blank=blank)
    return rows.added_to(df, _texts(df, rows) if model.form == "text" else _columns(df, rows))


def _texts(df: "pd.DataFrame", rows: DescribedRows) -> "pd.DataFrame":
    import pandas as pd

    texts = [None if reason else as_text(counts) for counts, reason in zip(rows.matrix, rows.reasons, strict=True)]
    return pd.DataFrame({FINGERPRINT: pd.Series(texts, index=df.index, dtype="str")})


def _columns(df: "pd.DataFrame", rows: DescribedRows) -> "pd.DataFrame":
    """Whole numbers; zeros where a row has a reason, which the server empties."""
    import pandas as pd

    names = [f"fp_{number}" for number in range(rows.matrix.shape[1])]
    return pd.DataFrame(rows.matrix.astype(np.int64), columns=names, index=df.index)


def as_text(counts: Counts) -> str:
    """Numbers joined by commas; most of them are zero, and are copied rather than written."""
    zeros = "0," * len(counts)
    parts = []
    start = 0
    for position in np.flatnonzero(counts).tolist():
        parts.append(zeros[: 2 * (position - start)] + f"{counts[position]},")
        start = position + 1
    parts.append(zeros[: 2 * (len(counts) - start)])
    return "".join(parts)[:-1]
