"""Rows of a body that are read together: their features, and the parts of the answer that hold them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from chem_endpoints.wire.answers import empty_answer
from chem_endpoints.wire.columns import PREDICTION_ERROR, ROW_NUMBER
from chem_endpoints.wire.content_types import CSV
from chem_endpoints.wire.csv_cells import added_cells, header_cells
from chem_endpoints.wire.errors import NotAcceptableError, WireError
from chem_endpoints.wire.features import FeatureRows, read_features
from chem_endpoints.wire.manifest import Manifest, answer_columns
from chem_endpoints.wire.matching import match_columns
from chem_endpoints.wire.options import Return
from chem_endpoints.wire.parts import PartWriter, part_writer
from container.server.answer import NumberAnswer
from container.server.plain_csv import HeaderPlan, Numbers, even, own_part, plain_lines, read_numbers, splice, texts


class RowGroup(Protocol):
    """Rows of a body that are read together; positions count from the group's first row."""

    @property
    def rows(self) -> int:
        """How many there are."""
        ...

    @property
    def reasons(self) -> dict[int, str]:
        """Rows that cannot be predicted → why."""
        ...

    @property
    def frame(self) -> pd.DataFrame:
        """The features, typed, one row per row."""
        ...

    @property
    def matrix(self) -> npt.NDArray[np.float64] | None:
        """The features as float64 ``[rows, features]``, where all are numbers."""
        ...

    def part(self, start: int, stop: int, answer: pd.DataFrame, *, first: bool) -> bytes:
        """The answer's bytes for these rows; ``first`` opens the answer.

        Raises:
            NotAcceptableError: the format cannot carry them.
        """
        ...

    def number_part(self, start: int, stop: int, answer: NumberAnswer, *, first: bool) -> bytes:
        """The same for an answer of numbers."""
        ...


class PlainGroup:
    """Lines of plain CSV, answered in CSV: the caller's own cells come back as they came.

    ``numbers`` are the features, where all are float64.
    """

    def __init__(self, lines: list[bytes], plan: HeaderPlan, numbers: Numbers | None, returned: Return) -> None:
        self._lines, self._plan, self._numbers, self._returned = lines, plan, numbers, returned
        self.rows = len(lines)

    @cached_property
    def _features(self) -> FeatureRows:
        features = self._plan.manifest.features
        cells = {
            feature.name: pd.Series(texts(self._lines, position), dtype=object)
            for feature, position in zip(features, self._plan.positions, strict=True)
        }
        return read_features(pd.DataFrame(cells, index=pd.RangeIndex(self.rows)), features)

    @property
    def reasons(self) -> dict[int, str]:
        """See `RowGroup`."""
        return self._numbers.reasons if self._numbers is not None else self._features.reasons

    @property
    def frame(self) -> pd.DataFrame:
        """See `RowGroup`."""
        if self._numbers is None:
            return self._features.frame
        return pd.DataFrame(self._numbers.matrix, columns=[feature.name for feature in self._plan.manifest.features])

    @property
    def matrix(self) -> npt.NDArray[np.float64] | None:
        """See `RowGroup`."""
        return self._numbers.matrix if self._numbers is not None else None

    def part(self, start: int, stop: int, answer: pd.DataFrame, *, first: bool) -> bytes:
        """See `RowGroup`."""
        try:
            cells = added_cells(answer)
        except WireError as error:
            raise NotAcceptableError(f"the answer cannot be written as {CSV}: {error}") from None
        return self._spliced(start, stop, cells, list(answer.columns), first=first)

    def number_part(self, start: int, stop: int, answer: NumberAnswer, *, first: bool) -> bytes:
        """See `RowGroup`."""
        return self._spliced(start, stop, answer.cells(), [*answer.columns, PREDICTION_ERROR], first=first)

    def _spliced(self, start: int, stop: int, cells: list[bytes], names: Sequence[str], *, first: bool) -> bytes:
        own_header, own_lines = own_part(self._lines[start:stop], self._plan, self._returned)
        opening = own_header + header_cells(names) + b"\n" if first else b""
        if not own_header:
            return opening + b"".join([b"%b\n" % cell for cell in cells])
        return splice(own_lines, cells, opening=opening)


def plain_group(rows: bytes, plan: HeaderPlan, returned: Return) -> PlainGroup | None:
    """The group of the lines behind a header, or ``None``: they need the general reader."""
    lines = plain_lines(rows)
    if lines is None:
        return None
    if plan.numbers:
        numbers = read_numbers(lines, plan, rows)
        return PlainGroup(lines, plan, numbers, returned) if numbers is not None else None
    return PlainGroup(lines, plan, None, returned) if even(lines, width=plan.width) else None


@dataclass(frozen=True, kw_only=True)
class _Read:
    """What matching and typing gave."""

    frame: pd.DataFrame | None
    matrix: npt.NDArray[np.float64] | None
    reasons: dict[int, str]


class FrameGroup:
    """A frame that was read from any format, answered in any; an answer that can carry ``digest`` does."""

    def __init__(
        self, sent: pd.DataFrame, manifest: Manifest, accept: str, returned: Return, *, digest: str = ""
    ) -> None:
        self._sent, self._manifest = sent, manifest
        self._accept, self._returned, self._digest = accept, returned, digest
        self.rows = len(sent)
        self._read = _read(sent, manifest)
        self.first_schema: bytes | None = None
        """Of a format that promises types at its start: what the body's first group has promised."""

    @property
    def reasons(self) -> dict[int, str]:
        """See `RowGroup`."""
        return self._read.reasons

    @cached_property
    def frame(self) -> pd.DataFrame:
        """See `RowGroup`."""
        if self._read.frame is not None:
            return self._read.frame
        return pd.DataFrame(self._read.matrix, columns=[feature.name for feature in self._manifest.features])

    @cached_property
    def matrix(self) -> npt.NDArray[np.float64] | None:
        """See `RowGroup`."""
        if self._read.matrix is not None:
            return self._read.matrix
        if self._manifest.features and all(feature.dtype == "float64" for feature in self._manifest.features):
            return self.frame.to_numpy(dtype=np.float64) if self.rows else np.empty((0, len(self._manifest.features)))
        return None

    @cached_property
    def _writer(self) -> PartWriter:
        added = {output.name for output in answer_columns(self._manifest.outputs)}
        own = (
            self._sent.loc[:, [name == ROW_NUMBER for name in self._sent.columns]]
            if self._returned == "added"
            else self._sent.loc[:, [name not in added for name in self._sent.columns]]
        )
        return part_writer(self._accept, own, schema=self.first_schema, digest=self._digest)

    @property
    def schema(self) -> bytes | None:
        """What `first_schema` of the later groups must be."""
        if self._writer.schema is None:
            self.part(0, 0, empty_answer(self._manifest.outputs, 0), first=True)
        return self._writer.schema

    def part(self, start: int, stop: int, answer: pd.DataFrame, *, first: bool) -> bytes:
        """See `RowGroup`."""
        try:
            return self._writer.part(slice(start, stop), answer, first=first)
        except WireError as error:
            raise NotAcceptableError(f"the answer cannot be written as {self._accept}: {error}") from None

    def number_part(self, start: int, stop: int, answer: NumberAnswer, *, first: bool) -> bytes:
        """See `RowGroup`."""
        return self.part(start, stop, answer.frame(), first=first)


def _read(sent: pd.DataFrame, manifest: Manifest) -> _Read:
    if len(sent) == 0 and len(sent.columns) == 0:  # an empty JSON list: no rows, hence no columns to match
        return _Read(frame=pd.DataFrame(index=pd.RangeIndex(0)), matrix=None, reasons={})
    matrix = _floats(sent, manifest)
    if matrix is not None and np.isfinite(matrix).all():
        return _Read(frame=None, matrix=matrix, reasons={})
    read = read_features(sent, manifest.features)
    return _Read(frame=read.frame, matrix=None, reasons=read.reasons)


def _floats(sent: pd.DataFrame, manifest: Manifest) -> npt.NDArray[np.float64] | None:
    """The features of a frame whose columns are floats already, as those of Arrow and Parquet are."""
    if any(feature.dtype != "float64" for feature in manifest.features):
        return None
    positions = list(match_columns(list(sent.columns), manifest.features).values())
    types = sent.dtypes
    if not all(
        isinstance(types.iloc[position], np.dtype) and types.iloc[position].kind == "f" for position in positions
    ):
        return None
    return sent.iloc[:, positions].to_numpy(dtype=np.float64)
