"""From the body of a request to its row groups: decompressed, and read piece by piece where it is large."""

import io
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

import pandas as pd

from chem_endpoints.wire import codec
from chem_endpoints.wire.compression import GZIP_MAGIC, inflate, inflate_file
from chem_endpoints.wire.content_types import CSV, JSON, JSON_LINES
from chem_endpoints.wire.errors import FeatureMismatchError, WireError
from chem_endpoints.wire.manifest import Manifest
from chem_endpoints.wire.row_groups import CsvBlock, csv_blocks, read_row_groups
from container.server.asking import Ask
from container.server.field_check import check_fields
from container.server.json_group import json_group
from container.server.plain_csv import HeaderPlan, HeaderPlans
from container.server.row_group import FrameGroup, RowGroup, plain_group
from container.server.row_model import Row, row_model
from container.server.spool import MEMORY_BYTES

if TYPE_CHECKING:
    from typing_extensions import Buffer


@dataclass(frozen=True, kw_only=True)
class BodySource:
    """The body, decompressed: ``data`` when it is small enough to hold, else an open file; ``size`` in bytes."""

    data: bytes | None = None
    file: BinaryIO | None = None
    size: int = 0

    @property
    def most_rows(self) -> int:
        """More rows than any honest body of this size holds: Parquet and Arrow say "a billion nulls" in a few bytes."""
        return max(1_000_000, 2 * self.size)


def open_body(body: bytes, descriptor: int | None, ask: Ask) -> BodySource:
    """Finds out how the body came, and decompresses it.

    Raises:
        WireError: broken compression, or more than the limit when decompressed.
    """
    if descriptor is None:
        data = inflate(body, limit=ask.limit) if ask.gzipped or body.startswith(GZIP_MAGIC) else body
        return BodySource(data=data, size=len(data))
    size = os.fstat(descriptor).st_size
    file: BinaryIO = io.BufferedReader(_PositionedFile(descriptor))
    if ask.gzipped or os.pread(descriptor, len(GZIP_MAGIC), 0) == GZIP_MAGIC:
        file = _inflated(file, ask.limit)
        size = os.fstat(file.fileno()).st_size
    if size > MEMORY_BYTES:
        return BodySource(file=file, size=size)
    with file:
        return BodySource(data=file.read(), size=size)


class _PositionedFile(io.RawIOBase):
    """A file with a position of its own: workers that share a request share the descriptor's."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._position = os.dup(descriptor), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: os.fstat(self._descriptor).st_size}[whence]
        self._position = start + offset
        return self._position

    def readinto(self, buffer: "Buffer") -> int:
        read = os.preadv(self._descriptor, [buffer], self._position)
        self._position += read
        return read

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def _inflated(packed: BinaryIO, limit: int) -> BinaryIO:
    target = tempfile.TemporaryFile()  # noqa: SIM115 - it is read after this
    with packed:
        inflate_file(packed, target, limit=limit)
    target.flush()
    target.seek(0)
    return target


class BodyReader:
    """Reads bodies for one model; ``digest`` is what its answers carry where their format has a place for it."""

    def __init__(self, manifest: Manifest, plans: HeaderPlans, *, digest: str = "") -> None:
        self._manifest, self._plans, self._digest = manifest, plans, digest

    def groups(self, source: BodySource, ask: Ask) -> Iterator[RowGroup]:
        """The row groups of a body; at least one, which may be empty.

        Raises:
            WireError: the body cannot be read, or its columns do not fit the model.
        """
        if ask.content_type == CSV:
            blocks = [_whole(source.data)] if source.data is not None else csv_blocks(_file(source))
            for block in blocks:
                yield self._csv_group(block, ask)
            return
        if source.data is not None and self._numbers_only:
            group = json_group(source.data, self._manifest, ask)
            if group is not None:
                yield group
                return
        frames = (
            [codec.decode(source.data, ask.content_type)]
            if source.data is not None
            else read_row_groups(_file(source), ask.content_type)
        )
        first_row = 0
        for frame in frames:
            if ask.strict and ask.content_type in (JSON, JSON_LINES):
                check_fields(frame, self._row_model, first_row=first_row)
            first_row += len(frame)
            yield self._frame_group(frame, ask)

    @cached_property
    def _numbers_only(self) -> bool:
        return all(feature.dtype == "float64" for feature in self._manifest.features)

    @cached_property
    def _row_model(self) -> type[Row]:
        return row_model(self._manifest)

    def _csv_group(self, block: CsvBlock, ask: Ask) -> RowGroup:
        if ask.accept == CSV and block.header.endswith(b"\n"):
            plan = self._plan_if_it_fits(block.header)
            group = plain_group(block.rows, plan, ask.returned) if plan is not None else None
            if group is not None:
                return group
        return self._frame_group(codec.decode(block.header + block.rows, CSV), ask)

    def _plan_if_it_fits(self, header: bytes) -> HeaderPlan | None:
        try:
            return self._plans.of(header)
        except FeatureMismatchError:  # the general reader says so too, unless it finds something worse
            return None

    def _frame_group(self, frame: pd.DataFrame, ask: Ask) -> RowGroup:
        return FrameGroup(frame, self._manifest, ask.accept, ask.returned, digest=self._digest)


def _whole(data: bytes) -> CsvBlock:
    end = data.find(b"\n") + 1
    return CsvBlock(header=data[:end], rows=data[end:])


def _file(source: BodySource) -> BinaryIO:
    return source.file if source.file is not None else io.BytesIO()


def readable(groups: Iterator[RowGroup]) -> Iterator[RowGroup]:
    """The same groups; whatever a reader raises on strange bytes is the caller's malformed body.

    Raises:
        WireError: instead of anything that is not one.
    """
    while True:
        try:
            group = next(groups, None)
        except (WireError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - no body, however strange, is our fault
            raise WireError(f"the body cannot be read ({type(error).__name__})") from None
        if group is None:
            return
        yield group
