"""Rows that a model must answer: the golden rows of its manifest, as a caller would send them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from chem_endpoints.wire.manifest import Manifest


def example_rows(manifest: "Manifest", count: int) -> "pd.DataFrame":
    """The first golden rows that have a prediction, or, where none has, the first of all.

    Args:
        manifest: the model's.
        count: rows at most.

    Raises:
        EndpointError: the manifest has no golden rows.
    """
    from chem_endpoints.client.signature import Signature
    from chem_endpoints.errors import EndpointError
    from chem_endpoints.wire.columns import PREDICTION_ERROR

    golden = Signature.of(manifest).example()
    if golden.empty:
        raise EndpointError("the model's manifest holds no golden rows, so there is no example; ask its author for one")
    errors = manifest.golden.output.get(PREDICTION_ERROR, [None] * len(golden))
    good = golden.loc[[not error for error in errors]]
    return (good if len(good) else golden).head(count).reset_index(drop=True)
