"""One request inside a worker: group by group, slice by slice, each told to the HTTP process as soon as it is done."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.content_types import ARROW, PARQUET
from chem_endpoints.wire.errors import BodyTooLargeError
from chem_endpoints.wire.parts import answer_end, arrow_to_parquet
from container.server.answer import NumberAnswer
from container.server.asking import Ask
from container.server.body_source import BodyReader, BodySource, readable
from container.server.frames import Frame, Kind
from container.server.prediction import Pace, Predictor
from container.server.published import PublishedWork
from container.server.reason_counts import told_of
from container.server.row_group import FrameGroup, RowGroup

SHARED_SECONDS = 0.5
"""Rows that take longer than this are worth another worker's reading the body again."""

STREAM_GROWTH = 4
"""A streamed answer begins with one row, and then takes so many times more at once, as fast as the model is."""


@dataclass(frozen=True, kw_only=True)
class Output:
    """Where parts of an answer go: into the frames, or to the end of a file that the HTTP process reads.

    Attributes:
        file: descriptor of that file; ``None``: into the frames.
        converted: descriptor of a second file, for a format that only a whole answer can be written in.
    """

    file: int | None = None
    converted: int | None = None

    def rows(self, head: dict[str, Any], data: bytes) -> Frame:
        """The frame that tells of a part."""
        if self.file is None:
            return Frame(Kind.ROWS, head, data)
        view = memoryview(data)
        while view:
            view = view[os.write(self.file, view) :]
        return Frame(Kind.ROWS, {**head, "written": len(data)})


@dataclass(kw_only=True)
class Stages:
    """Milliseconds of each stage."""

    milliseconds: Counter[str] = field(default_factory=Counter)
    _since: float = field(default_factory=time.perf_counter)

    def end(self, stage: str) -> float:
        """Ends a stage, which began where the last one ended; returns its seconds."""
        now = time.perf_counter()
        seconds, self._since = now - self._since, now
        self.milliseconds[stage] += seconds * 1e3  # type: ignore[assignment] # a Counter of floats
        return seconds


@dataclass(kw_only=True)
class Answering:
    """Answers requests with one model, one after another.

    Attributes:
        reader: reads bodies.
        predictor: the model.
        work: where the HTTP process sees what is being done.
        row_seconds: processor time that one row may take.
        pace: how fast the model is.
    """

    reader: BodyReader
    predictor: Predictor
    work: PublishedWork
    row_seconds: float
    pace: Pace = field(default_factory=Pace)

    def frames(self, ask: Ask, source: BodySource, output: Output) -> Iterator[Frame]:
        """The frames that answer a request.

        Raises:
            WireError: the request as a whole is at fault; where rows have been told already, the others are lost.
            ScriptError: the model script is.
        """
        stages, opened, offset = Stages(), ask.opened, 0
        self.work.take_share_request()  # one that came too late for the last request
        share = _Share(possible=source.data is not None and ask.accept != PARQUET, stop=ask.stop)
        schema: bytes | None = None
        for group in readable(self.reader.groups(source, ask)):
            stop = offset + group.rows
            if stop > source.most_rows:
                raise BodyTooLargeError(
                    f"the body of {source.size} bytes unpacks to more than {source.most_rows} rows; send fewer"
                )
            if isinstance(group, FrameGroup) and ask.accept in (ARROW, PARQUET):
                group.first_schema = schema
                schema = schema or group.schema
            if stop > ask.start or not opened:
                whole = source.data is not None
                yield from self._group(group, offset, ask, output, stages, share, opened=opened, whole=whole)
                opened = True
            offset = stop
        if share.stop is None and (end := answer_end(ask.accept)):
            yield output.rows({"start": offset, "stop": offset, "last": True}, end)
        size = _convert(output) if ask.accept == PARQUET else None
        stages.end("serialise")
        yield Frame(
            Kind.DONE,
            {
                "rows": offset,
                "milliseconds": {stage: round(value, 3) for stage, value in stages.milliseconds.items()},
                "pid": os.getpid(),
                "converted": size,
            },
        )

    def _group(
        self,
        group: RowGroup,
        offset: int,
        ask: Ask,
        output: Output,
        stages: Stages,
        share: "_Share",
        *,
        opened: bool,
        whole: bool,
    ) -> Iterator[Frame]:
        reasons = {**group.reasons, **{row - offset: reason for row, reason in ask.known_bad.items()}}
        stages.end("parse")
        start = max(0, ask.start - offset)
        growing = 1 if ask.streaming else group.rows
        while start < share.end(group.rows) or not opened:
            end = share.end(group.rows)
            if ask.fail_all:
                stop = end
                reasons = {row: reasons.get(row, ask.fail_all) for row in range(start, stop)}
            else:
                stop = self._slice_end(ask, start, end, offset, growing, reasons)
                growing *= STREAM_GROWTH
            answer = self._predict(group, start, stop, offset, reasons)
            seconds = stages.end("predict")
            # Of the model alone: putting together a wide answer takes as long for one row as for hundreds.
            if seen := sum(row not in reasons for row in range(start, stop)) if reasons else stop - start:
                self.pace.learn(seen, self.work.model_seconds)
            write = group.number_part if isinstance(answer, NumberAnswer) else group.part
            data = write(start, stop, answer, first=not opened)  # type: ignore[arg-type] # as asked one line above
            stages.end("serialise")
            left = seconds / max(1, stop - start) * (end - stop)
            head = {
                "start": offset + start,
                "stop": offset + stop,
                "last": whole and stop == end,
                "shareable": share.possible and left > SHARED_SECONDS,
                **told_of(_reasons(answer), first_row=offset + start, strict=ask.strict),
            }
            yield output.rows(head, data)
            start, opened = stop, True
            if share.possible and end - start > 1 and self.work.take_share_request():
                share.stop = start + (end - start + 1) // 2
                yield Frame(Kind.SHARED, {"from": share.stop})

    def _slice_end(self, ask: Ask, start: int, end: int, offset: int, growing: int, reasons: dict[int, str]) -> int:
        """Where the slice ends: the model sees as many rows as its pace allows; those with a reason cost nothing."""
        if ask.slice_rows is not None and offset + start < ask.slice_until:
            return min(end, start + min(growing, ask.slice_rows))
        left = min(growing, self.pace.rows)
        if not reasons:
            return min(end, start + left)
        stop = start
        while stop < end and left > 0:
            left -= stop not in reasons
            stop += 1
        return stop

    def _predict(
        self, group: RowGroup, start: int, stop: int, offset: int, reasons: dict[int, str]
    ) -> NumberAnswer | pd.DataFrame:
        self.work.begin(offset + start, offset + stop, row_seconds=self.row_seconds)
        try:
            return self.predictor.answer(group, start, stop, offset=offset, reasons=reasons, work=self.work)
        finally:
            self.work.end()


@dataclass(kw_only=True)
class _Share:
    """How much of a request is this worker's.

    Attributes:
        possible: whether another worker could take a part: the body is one row group, and the answer's parts follow
            each other without a word between them.
        stop: the first row that is not this worker's; ``None``: all are.
    """

    possible: bool
    stop: int | None

    def end(self, rows: int) -> int:
        """Rows of the group up to which this worker goes."""
        return rows if self.stop is None else min(rows, self.stop)


def _reasons(answer: NumberAnswer | pd.DataFrame) -> dict[int, str]:
    if isinstance(answer, NumberAnswer):
        return answer.reasons
    return {row: error for row, error in enumerate(answer[PREDICTION_ERROR].tolist()) if error}


def _convert(output: Output) -> int:
    """Writes the whole answer in its own format; returns its size in bytes."""
    if output.file is None or output.converted is None:
        raise RuntimeError("a Parquet answer needs files")
    with os.fdopen(os.dup(output.file), "rb") as source, os.fdopen(os.dup(output.converted), "wb") as target:
        source.seek(0)
        arrow_to_parquet(source, target)
    return os.fstat(output.converted).st_size
