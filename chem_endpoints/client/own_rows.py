"""How rows travel to an endpoint of ours and come back: only the model's columns, with a row number."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chem_endpoints.errors import AnswerMismatchError
from chem_endpoints.wire import codec
from chem_endpoints.wire.answers import restore_answer
from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.content_types import ARROW, CSV
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.manifest import Manifest, Output

CSV_ROWS = 500
"""Up to here CSV is smaller and faster than Arrow, whose schema alone is large."""


@dataclass(frozen=True, kw_only=True)
class OwnRows:
    """The rows of one run.

    Attributes:
        sent: the model's columns (or all) under the model's names, with the row number; a plain index.
        reasons: position of a row that cannot travel → its ``prediction_error``.
        manifest: what the answer holds.
        readable: CSV at any size, because somebody reads the captured requests.
        content_type: the one format of all requests, where columns were checked against it; ``None``: CSV of few rows,
            Arrow of many.
        accept: the format of answers; ``None``: that of the request.
    """

    sent: pd.DataFrame
    reasons: dict[int, str]
    manifest: Manifest
    readable: bool
    content_type: str | None = None
    accept: str | None = None

    @property
    def outputs(self) -> tuple[Output, ...]:
        """What an answer holds, as the manifest declares."""
        return self.manifest.outputs

    def encode(self, rows: NDArray[np.int64]) -> tuple[bytes, str]:
        """The request for these rows: body and format."""
        first, last = int(rows[0]), int(rows[-1])
        part = self.sent.iloc[first : last + 1] if last - first + 1 == len(rows) else self.sent.iloc[rows]
        part = part.reset_index(drop=True)
        if self.content_type is not None:
            return codec.encode(part, self.content_type), self.content_type
        if self.readable or len(part) <= CSV_ROWS:
            try:
                return codec.encode(part, CSV), CSV
            except WireError:  # a cell that CSV cannot carry exactly; Arrow can
                pass
        return codec.encode(part, ARROW), ARROW

    def read(self, rows: NDArray[np.int64], body: bytes, content_type: str) -> pd.DataFrame:
        """The added columns of an answer, typed, one row for each row asked.

        Raises:
            AnswerMismatchError: rows are missing, doubled, out of order, or not what the manifest declares.
        """
        try:
            frame = codec.decode(body, content_type.partition(";")[0].strip())
            numbers = np.array([int(number) for number in frame[ROW_NUMBER]], dtype=np.int64)
            answer = restore_answer(frame, self.manifest.outputs)
        except WireError as error:
            raise AnswerMismatchError(f"the answer for {_span(rows)} cannot be read: {error}") from error
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            # Its text may quote a cell.
            raise AnswerMismatchError(f"the answer for {_span(rows)} has no row numbers, or another format") from error
        if not np.array_equal(numbers, rows):
            raise AnswerMismatchError(
                f"{_span(rows)} were sent, but {len(numbers)} other rows came back; nothing was attached"
            )
        return answer

    def finish(self, joined: pd.DataFrame) -> pd.DataFrame:
        """The answers as they are: the manifest has fixed their types."""
        return joined


def _span(rows: NDArray[np.int64]) -> str:
    return f"{len(rows)} rows from {int(rows[0])} to {int(rows[-1])}"
