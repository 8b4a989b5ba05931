"""Answers of pieces that are not finished, for the next run: of a slow model, each of them is minutes of its work."""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from chem_endpoints.client.batch.part_store import PartStore
from chem_endpoints.client.plan import Positions
from chem_endpoints.wire.arrow_format import read_arrow, write_arrow
from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.errors import WireError

ANSWERS = "_answers/"
"""Folder of the answers, below the parts; empty when the batch is finished."""
KEEP_SECONDS = 5.0
"""Answers that came sooner are not kept: asking again costs less than writing all of them."""


@dataclass(kw_only=True)
class KeptChunks:
    """The answers that lie beside the parts.

    Attributes:
        store: the output folder.
    """

    store: PartStore
    _names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._names = self.store.names(ANSWERS)

    def keep(self, piece: int, rows: Positions, frame: pd.DataFrame) -> None:
        """Writes an answer.

        Args:
            piece: number of the piece.
            rows: positions in the piece.
            frame: a row for each.
        """
        name = f"{_folder(piece)}{int(rows[0]):06d}.arrow"
        self.store.put(name, write_arrow(frame.reset_index(drop=True).assign(**{ROW_NUMBER: rows})))
        bisect.insort(self._names, name)

    def of(self, piece: int) -> Iterator[tuple[Positions, pd.DataFrame]]:
        """The answers to a piece: positions and a row for each. What cannot be read is asked again."""
        for name in self._of(piece):
            body = self.store.get(name)
            try:
                frame = read_arrow(body or b"")
                rows = frame.pop(ROW_NUMBER).to_numpy(dtype=np.int64)
            except (WireError, KeyError):
                continue
            yield rows, frame

    def forget(self, piece: int) -> None:
        """Deletes the answers to a piece: its part is written."""
        names = self._of(piece)
        self.store.remove(names)
        self._names = [name for name in self._names if name not in set(names)]

    def _of(self, piece: int) -> list[str]:
        begin = bisect.bisect_left(self._names, _folder(piece))
        return [name for name in self._names[begin:] if name.startswith(_folder(piece))]


def _folder(piece: int) -> str:
    return f"{ANSWERS}{piece:05d}/"
