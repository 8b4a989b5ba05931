"""Rows of a request, standardised and described one by one, for the endpoints that compute features of structures."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.columns import (
    PREDICTION_ERROR,
    SMILES,
)
from chem_endpoints.wire.manifest import MANIFEST_NAME, Manifest, Standardisation
from chem_endpoints.wire.rows import each_row
from chem_endpoints.wire.typed_columns import PANDAS_DTYPES
from model_scripts.chemistry.descriptor_sets import Describe
from model_scripts.chemistry.smiles import SmilesError
from model_scripts.chemistry.standardise import check_policy
from model_scripts.reading import Structures
from model_scripts.structure_columns import SENT_AND_USED

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class DescribedRows:
    """The rows of a frame, in order.

    Attributes:
        structures: `SENT_AND_USED`, missing where a row has a reason.
        matrix: what was computed, ``[rows, columns]``.
        reasons: why a row has none, or empty text.
    """

    structures: "pd.DataFrame"
    matrix: npt.NDArray[Any]
    reasons: list[str]

    def added_to(self, df: "pd.DataFrame", values: "pd.DataFrame") -> "pd.DataFrame":
        """The frame with the structures' columns, these values, and ``prediction_error``."""
        import pandas as pd

        errors = pd.DataFrame({PREDICTION_ERROR: pd.Series(self.reasons, index=df.index, dtype="str")})
        return pd.concat([df, self.structures, values, errors], axis=1)


def policy_of(manifest: Manifest) -> Standardisation:
    """The standardisation that a bundle asks for.

    Raises:
        BundleError: it asks for none, or for one that this code does not carry out.
    """
    if manifest.standardisation is None:
        raise BundleError(f"{MANIFEST_NAME}: a bundle of {manifest.script!r} must name its standardisation")
    check_policy(manifest.standardisation)
    return manifest.standardisation


def described_rows(
    df: "pd.DataFrame",
    policy: Standardisation,
    describe: Describe,
    *,
    structures: Structures,
    blank: npt.NDArray[Any],
) -> DescribedRows:
    """Describes the structures of the column ``smiles``.

    Args:
        df: the rows.
        policy: how structures are standardised first.
        describe: from a molecule to its row of the matrix.
        structures: what standardises and describes.
        blank: the row of an unusable structure.
    """
    import pandas as pd

    matrix = np.tile(blank, (len(df), 1))
    cells: list[tuple[Any, ...]] = []
    reasons: list[str] = []
    for row, text in each_row(enumerate(df[SMILES].tolist())):
        try:
            standard, values = structures.read(text, policy, describe)
        except SmilesError as error:
            cells.append((None, None, None, None))
            reasons.append(str(error))
            continue
        matrix[row] = values
        cells.append((text, standard.smiles, standard.salt, standard.undefined_chiral_centers))
        reasons.append("")
    told = {
        output.name: pd.Series([cell[at] for cell in cells], index=df.index, dtype=PANDAS_DTYPES[output.dtype])
        for at, output in enumerate(SENT_AND_USED)
    }
    return DescribedRows(structures=pd.DataFrame(told, index=df.index), matrix=matrix, reasons=reasons)
