"""Serves ChemProp: a directed message-passing network, on molecules and on descriptors beside them."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from chem_endpoints.wire.options import EXPLAIN_KEY
from model_scripts.explanations import atom_columns
from model_scripts.explanations import atoms_on_request as on_request
from model_scripts.inputs import Inputs
from model_scripts.member import Floats, Member
from model_scripts.mpnn.member import ChempropMember, load_member, predict_together
from model_scripts.served_model import ServedModel, load_model, predict

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ChempropMember", "load_member", "model_fn", "on_request", "predict_fn"]


def model_fn(model_dir: str) -> ServedModel:
    """Loads the artifacts of a verified bundle.

    Raises:
        BundleError: see `load_model`.
    """
    return load_model(model_dir, load_member, _together)


def _together(members: Sequence[Member], inputs: Inputs) -> Floats:
    """All members' predictions, graphs made once."""
    return predict_together([member for member in members if isinstance(member, ChempropMember)], inputs)


def predict_fn(df: "pd.DataFrame", model: ServedModel, *, asked: Collection[str] = ()) -> "pd.DataFrame":
    """Adds the manifest's outputs and ``prediction_error``; rows, order and index stay."""
    return predict(df, model, asked, {EXPLAIN_KEY: atom_columns})
