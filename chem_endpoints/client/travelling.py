"""How the rows of a run travel and come back: to endpoints of ours, and to foreign ones."""

from collections.abc import Mapping
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chem_endpoints.client.description import EndpointDescription
from chem_endpoints.client.inputs import with_smiles
from chem_endpoints.client.own_rows import OwnRows
from chem_endpoints.client.sent_columns import all_columns, model_columns
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.columns import SMILES
from chem_endpoints.wire.content_types import ARROW, CSV
from chem_endpoints.wire.errors import OptionNotOfferedError
from chem_endpoints.wire.manifest import Output


class Travelling(Protocol):
    """The rows of one run, on their way.

    Attributes:
        sent: the columns that travel; a plain index.
        reasons: position of a row that cannot travel → its ``prediction_error``.
        accept: the format of answers; ``None``: that of the request.
        outputs: what an answer holds; ``None``: nobody knows.
    """

    @property
    def sent(self) -> pd.DataFrame: ...

    @property
    def reasons(self) -> dict[int, str]: ...

    @property
    def accept(self) -> str | None: ...

    @property
    def outputs(self) -> tuple[Output, ...] | None: ...

    def encode(self, rows: NDArray[np.int64]) -> tuple[bytes, str]:
        """The request for these rows: body and format."""
        ...

    def read(self, rows: NDArray[np.int64], body: bytes, content_type: str) -> pd.DataFrame:
        """The columns of an answer, one row for each row asked, with ``prediction_error``.

        Raises:
            AnswerMismatchError: it is not one row for each row sent, in order, or cannot be read.
        """
        ...

    def finish(self, joined: pd.DataFrame) -> pd.DataFrame:
        """The columns of all answers together, as they are attached to the caller's frame."""
        ...


def travelling(
    frame: pd.DataFrame,
    description: EndpointDescription,
    *,
    smiles: str | None,
    columns: Mapping[str, str],
    asked: frozenset[str],
    send: Literal["model", "all"],
) -> Travelling:
    """The columns of a frame that travel to an endpoint, and how they are written and read.

    Args:
        frame: the caller's frame; not changed.
        description: the endpoint.
        smiles: the caller's column of structures; ``None``: one called ``smiles``, else one of molecules.
        columns: column of the caller → feature of the model.
        asked: options of the request that add outputs.
        send: the model's columns, or all.

    Raises:
        InvalidInputError: the frame does not fit the model, or the model does not offer what is asked for.
        ForeignEndpointError: options are asked of an endpoint of which nobody knows what it offers.
    """
    if description.manifest is None and not asked:
        from chem_endpoints.client.foreign_rows import foreign_rows

        source, named = with_smiles(frame, smiles)
        return foreign_rows(source, {**_renamed(named), **columns})
    try:
        manifest = description.known_manifest.asked(asked)
    except OptionNotOfferedError as error:
        raise InvalidInputError(str(error)) from None
    source, named = frame, smiles
    if any(feature.name == SMILES for feature in manifest.features):
        source, named = with_smiles(frame, smiles)
    renamed = {**_renamed(named), **columns}
    one_format = None
    if send == "all":
        one_format = CSV if description.captured else ARROW
        sent = all_columns(source, manifest.features, renamed, content_type=one_format)
    else:
        sent = model_columns(source, manifest.features, renamed)
    return OwnRows(
        sent=sent.frame,
        reasons=sent.reasons,
        manifest=manifest,
        readable=description.captured,
        content_type=one_format,
        accept=ARROW if description.kind == "async" else None,
    )


def _renamed(smiles: str | None) -> dict[str, str]:
    return {smiles: SMILES} if smiles is not None and smiles != SMILES else {}
