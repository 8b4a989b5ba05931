"""Serves several bundles as one endpoint: structures are standardised and described once, no row is dropped.

Every part answers as it would alone. A row that one part cannot take keeps what the others say, beside the reason.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import Manifest, Output
from model_scripts.combining.averaging import average_columns, average_outputs
from model_scripts.combining.joining import (
    concat_columns,
    concat_outputs,
    requested_columns,
    row_errors,
)
from model_scripts.combining.parts import Part, PartAnswer, load_part
from model_scripts.combining.plan import COMBINATION_FILE, How, Plan
from model_scripts.combining.voting import vote_columns, vote_outputs
from model_scripts.reading import Structures

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Combination:
    """A loaded bundle.

    Attributes:
        plan: how the parts are combined.
        parts: in their order.
    """

    plan: Plan
    parts: tuple[Part, ...]

    @property
    def manifests(self) -> dict[str, Manifest]:
        """Name of a part → its manifest."""
        return {part.name: part.manifest for part in self.parts}


def model_fn(model_dir: str) -> Combination:
    """Loads the parts of a verified bundle.

    Raises:
        BundleError: see `load_part`.
    """
    folder = Path(model_dir)
    plan = Plan.model_validate_json((folder / COMBINATION_FILE).read_bytes())
    return Combination(plan=plan, parts=tuple(load_part(folder, planned) for planned in plan.parts))


def predict_fn(df: "pd.DataFrame", model: Combination, *, asked: Collection[str] = ()) -> "pd.DataFrame":
    """Adds the manifest's outputs and ``prediction_error``; rows, order and index stay."""
    import pandas as pd

    structures, wanted = _structures(model), frozenset(asked)
    answers = [part.answer(df.reset_index(drop=True), structures, wanted) for part in model.parts]
    added = pd.concat(
        [
            _columns(model, answers),
            pd.DataFrame(requested_columns(model.manifests, answers, wanted), index=range(len(df))),
            row_errors(answers, require_all=model.plan.require_all).rename(PREDICTION_ERROR),
        ],
        axis="columns",
    ).set_axis(df.index, axis="index")
    return pd.concat([df.drop(columns=[name for name in df if name in added]), added], axis="columns")


def _structures(model: Combination) -> Structures:
    """What the parts share during one request; numbers alone are served without RDKit."""
    if all(part.manifest.standardisation is None for part in model.parts):
        return Structures()
    from model_scripts.combining.shared_structures import SharedStructures

    return SharedStructures()


def _columns(model: Combination, answers: Sequence[PartAnswer]) -> "pd.DataFrame":
    if model.plan.how == "concat":
        return concat_columns(model.manifests, answers)
    combine = vote_columns if model.plan.how == "vote" else average_columns
    return combine(model.manifests, answers)


def outputs(how: How, parts: Mapping[str, Manifest]) -> tuple[Output, ...]:
    """The columns that a combination adds.

    Args:
        how: the parts are combined.
        parts: name → manifest.

    Raises:
        BundleError: the parts cannot be combined in this way.
    """
    if how == "concat":
        return concat_outputs(parts)
    return vote_outputs(parts) if how == "vote" else average_outputs(parts)
