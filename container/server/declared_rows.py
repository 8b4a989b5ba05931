"""Rows of a bundle with a manifest whose script reads or writes bodies itself: features and outputs as declared."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from chem_endpoints.wire.answers import assemble_answer, empty_answer
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import Manifest
from container.server.row_isolation import Announce, predict_isolating
from container.server.script_error import ScriptError
from container.server.whole_rows import whole_result


def predict_declared(
    sent: pd.DataFrame,
    manifest: Manifest,
    predict: Callable[[Any], Any],
    announce: Announce,
    *,
    reasons: dict[int, str],
) -> pd.DataFrame:
    """The caller's frame with the declared outputs and the error column beside it.

    Rows with a reason are not predicted; ``reasons`` gains those that lack a feature or make the model raise.

    Raises:
        FeatureMismatchError: a feature has no column, or several.
        ScriptError: the script raised for all rows, or returned something else than the manifest declares.
    """
    if len(sent) == 0 and len(sent.columns) == 0:  # an empty JSON list: no rows, hence no columns to match
        return empty_answer(manifest.outputs, 0)
    features = read_features(sent, manifest.features)
    reasons.update({row: told for row, told in features.reasons.items() if row not in reasons})
    isolated = predict_isolating(predict, features.frame, skip=reasons, announce=announce)
    reasons.update(isolated.reasons)
    predicted = empty_answer(manifest.outputs, len(sent))
    if isolated.pieces:
        predicted = whole_result(isolated.pieces, features.frame, reasons)
    answer = _as_declared(predicted, manifest, rows=len(sent), reasons=reasons)
    own = sent.loc[:, [name not in answer.columns for name in sent.columns]]
    return pd.concat([own, answer.set_axis(own.index, axis="index")], axis="columns")


def _as_declared(predicted: Any, manifest: Manifest, *, rows: int, reasons: dict[int, str]) -> pd.DataFrame:
    if not isinstance(predicted, pd.DataFrame):
        raise ScriptError(f"predict_fn returned a {type(predicted).__name__}, not a DataFrame")
    missing = [output.name for output in manifest.outputs if output.name not in predicted.columns]
    if missing:
        raise ScriptError(f"predict_fn did not add the declared columns {missing}")
    try:
        return assemble_answer(predicted, manifest.outputs, rows=rows, reasons=reasons)
    except (TypeError, ValueError):
        raise ScriptError("predict_fn's columns do not hold what the manifest declares") from None
