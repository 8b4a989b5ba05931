"""Golden rows: inputs whose outputs the bundle carries, replayed before the server answers its first ping.

They catch what no digest can: a library that computes something else than the one the model was trained with.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.manifest import Cell, Columns, Manifest
from chem_endpoints.wire.matching import missing_reason
from container.server.loading import LoadedModel
from container.server.prediction import Predictor


def replay_golden_rows(loaded: LoadedModel, manifest: Manifest) -> None:
    """Predicts the golden rows, in the way that requests will take, and compares.

    Raises:
        BundleError: a value differs by more than the manifest's tolerance; names row, column and both values.
    """
    golden = manifest.golden
    predictor = Predictor(script=loaded.script, model=loaded.model, manifest=manifest)
    answer = _by_matrix(golden.input, predictor) if predictor.takes_matrix else _by_frame(golden.input, predictor)
    for name, expected in golden.output.items():
        if name not in answer:
            continue  # an empty reason, where all rows are predicted from a matrix
        for row, (want, got) in enumerate(zip(expected, answer[name], strict=True)):
            if not _equal(want, got, golden.relative_tolerance):
                raise BundleError(
                    f"golden row {row}: column {name!r} should be {want}, this image computes {got}. The libraries"
                    " differ from those of training: use the image that the model was made for, or train it again"
                )


def _by_matrix(rows: Columns, predictor: Predictor) -> Mapping[str, Sequence[Any]]:
    features = predictor.manifest.features
    matrix = np.array([rows[feature.name] for feature in features], dtype=np.float64).T  # None becomes NaN
    reasons = {
        row: missing_reason(feature)
        for position, feature in enumerate(features)
        if feature.missing == "error"
        for row in np.flatnonzero(np.isnan(matrix[:, position])).tolist()
    }
    answer = predictor.answer_numbers(matrix, reasons)
    return {name: values.tolist() for name, values in answer.columns.items()}


def _by_frame(rows: Columns, predictor: Predictor) -> Mapping[str, Sequence[Any]]:
    import pandas as pd

    from chem_endpoints.wire.answers import assemble_answer
    from chem_endpoints.wire.features import read_features

    features = read_features(pd.DataFrame(rows, dtype=object), predictor.manifest.features)
    predicted = predictor.script.predict_fn(features.frame, predictor.model)
    answer = assemble_answer(predicted, predictor.manifest.outputs, rows=len(features.frame), reasons=features.reasons)
    return {name: answer[name].tolist() for name in answer.columns}


def _equal(want: Cell, got: Any, tolerance: float) -> bool:
    if want is None or (isinstance(want, float) and math.isnan(want)):
        return got is None or got != got or str(got) in ("", "<NA>")  # An empty text and none travel alike.
    if isinstance(want, float) and isinstance(got, float):
        return math.isclose(want, got, rel_tol=tolerance, abs_tol=tolerance)
    return bool(want == got)
