"""Golden rows: inputs whose outputs the bundle carries, replayed before the server answers its first ping.

They catch what no digest can: a library that computes something else than the one the model was trained with.
"""

import math

import pandas as pd

from chem_endpoints.wire.answers import assemble_answer
from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import Cell, Manifest
from container.server.loading import LoadedModel


def replay_golden_rows(loaded: LoadedModel, manifest: Manifest) -> int:
    """Predicts the golden rows and compares; returns how many there are.

    Raises:
        BundleError: a value differs by more than the manifest's tolerance; names row, column and both values.
    """
    golden = manifest.golden
    rows = read_features(pd.DataFrame(golden.input, dtype=object), manifest.features)
    predicted = loaded.script.predict_fn(rows.frame, loaded.model)
    answer = assemble_answer(predicted, manifest.outputs, rows=len(rows.frame), reasons=rows.reasons)
    for name, expected in golden.output.items():
        for row, (want, got) in enumerate(zip(expected, answer[name].tolist(), strict=True)):
            if not _equal(want, got, golden.relative_tolerance):
                raise BundleError(
                    f"golden row {row}: column {name!r} should be {want}, this image computes {got}. The libraries"
                    " differ from those of training: use the image that the model was made for, or train it again"
                )
    return len(rows.frame)


def _equal(want: Cell, got: object, tolerance: float) -> bool:
    if want is None or (isinstance(want, float) and math.isnan(want)):
        return bool(pd.isna(got))  # type: ignore[call-overload]
    if isinstance(want, float) and isinstance(got, float):
        return math.isclose(want, got, rel_tol=tolerance, abs_tol=tolerance)
    return want == got
