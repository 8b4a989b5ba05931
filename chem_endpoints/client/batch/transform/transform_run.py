"""Runs a batch by a transform job: every piece is put into S3, the job works, its answers are joined to the rows.

SageMaker runs the job whether or not this process waits; the same call made again finds it by its name.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from botocore.exceptions import ClientError

from chem_endpoints.client.batch.batch_begin import Begun, begin
from chem_endpoints.client.batch.batch_record import RECORD
from chem_endpoints.client.batch.open_piece import PiecePlan
from chem_endpoints.client.batch.pieces import Piece, read_pieces
from chem_endpoints.client.batch.result import BatchResult
from chem_endpoints.client.batch.sources import S3
from chem_endpoints.client.batch.transform.job_request import (
    ANSWER_ENDING,
    INPUT,
    OUTPUT,
    TransformOptions,
    job_name,
    job_request,
    served_by,
)
from chem_endpoints.client.jobs.job_record import JobOptions
from chem_endpoints.client.plan import Positions
from chem_endpoints.client.progress import Progress, watched
from chem_endpoints.client.retry import call
from chem_endpoints.client.travelling import Travelling
from chem_endpoints.client.workers import Workers
from chem_endpoints.errors import InvalidInputError, ModelFailedError
from chem_endpoints.wire import codec
from chem_endpoints.wire.content_types import JSON_LINES

if TYPE_CHECKING:
    from chem_endpoints.client.endpoint import Endpoint

__all__ = ["TransformOptions", "run_transform"]

POLL_SECONDS = 30.0
ENDED = ("Completed", "Failed", "Stopped")
"""States of a job that is over."""
ABSENT = "Could not find"
"""Words of the refusal to describe a job that there is not (its code is that of a wrong request)."""


def run_transform(
    endpoint: "Endpoint",
    source: str | PathLike[str],
    out: str | PathLike[str] | None,
    options: JobOptions,
    machines: TransformOptions,
    *,
    progress: bool | None,
) -> BatchResult:
    """See `chem_endpoints.client.batch.batch`."""
    if options.asked:
        raise InvalidInputError(
            f'a transform job cannot be asked for {sorted(options.asked)}: it sends no options. Use method="endpoint"'
        )
    for place, what in ((source, "source"), (out, "out")):
        if place is not None and not str(place).startswith(S3):
            raise InvalidInputError(f"a transform job reads and writes S3; {what} must be s3://…")
    begun = begin(endpoint, source, out, options, method="transform", stacklevel=5)
    with Progress(begun.shape.rows, begun.side.name, watched() if progress is None else progress) as line:
        return TransformRun(begun=begun, machines=machines, line=line).go()


@dataclass(kw_only=True)
class TransformRun:
    """One process's work on a batch.

    Attributes:
        begun: the batch.
        machines: what the job runs on.
        line: tells of ended rows, and of the job.
    """

    begun: Begun
    machines: TransformOptions
    line: Progress
    _workers: Workers = field(init=False)

    def go(self) -> BatchResult:
        """Runs to the end of the source.

        Raises:
            ModelFailedError: the job failed.
            EndpointError: AWS refuses.
        """
        self._workers = self.begun.side.workers(1)
        started = self._workers.now()
        counts = {number: self.begun.store.counts(number) for number in sorted(self.begun.store.parts())}
        resumed = len(counts)
        self.line.advance(sum(rows for rows, _ in counts.values()))
        self._upload(set(counts))
        self._work()
        for piece, rows in self._pieces(set(counts)):
            plan = self._answered(piece, rows)
            counts[piece.number] = plan.total, self.begun.write(piece, plan)
            self.line.advance(plan.total, plan.fates.failed)
        seconds = self._workers.now() - started
        return self.begun.finish(counts, requests=0, retries=0, resumed=resumed, seconds=seconds)

    def _pieces(self, done: set[int]) -> Iterator[tuple[Piece, Travelling]]:
        """The pieces without a part, and what of them travels."""
        pieces = read_pieces(self.begun.source, self.begun.shape.schema, lambda number: number not in done)
        return ((piece, self.begun.travelling(piece)) for piece in pieces if piece is not None)

    def _upload(self, done: set[int]) -> None:
        there = set(self.begun.store.names(INPUT))
        for piece, rows in self._pieces(done):
            positions = _sendable(rows)
            if len(positions) and _input(piece) not in there:
                body = codec.encode(rows.sent.iloc[positions].reset_index(drop=True), JSON_LINES)
                self.begun.store.put(_input(piece), body)

    def _work(self) -> None:
        """Waits for the job; begins it where there is none, or the last one failed in an earlier run."""
        if not self.begun.store.names(INPUT):
            return  # Every row is refused, or has its part.
        record = self.begun.store.get(RECORD) or b""
        for attempt in range(1, 1000):
            name = job_name(self.begun.side.name, place=self.begun.store.place, record=record, attempt=attempt)
            found = self._describe(name)
            if found is None:
                self._create(name)
                self._wait(name)
                return
            if found["TransformJobStatus"] not in ("Failed", "Stopped"):
                self._wait(name)
                return

    def _create(self, name: str) -> None:
        description, clients = self.begun.side.description, self.begun.side.clients
        request = job_request(
            name,
            served_by(description, clients),
            self.machines,
            offered=clients.sagemaker.meta.service_model.shape_for("TransformInstanceType").enum,
            place=self.begun.store.place,
            row_seconds=description.known_manifest.row_seconds,
        )
        call(clients.sagemaker.create_transform_job, **request)

    def _wait(self, name: str) -> None:
        self.line.say(f"waiting for the transform job {name}")
        while (found := self._describe(name)) is None or found["TransformJobStatus"] not in ENDED:
            self._workers.wait(self._workers.now() + POLL_SECONDS)
        if found["TransformJobStatus"] != "Completed":
            raise ModelFailedError(
                f"the transform job {name} ended as {found['TransformJobStatus']}:"
                f" {found.get('FailureReason', 'no reason is given')}. Its log is in CloudWatch,"
                " /aws/sagemaker/TransformJobs; the same call starts another job over the same rows"
            )

    def _describe(self, name: str) -> dict[str, Any] | None:
        def describe() -> dict[str, Any] | None:
            try:
                return dict(self.begun.side.clients.sagemaker.describe_transform_job(TransformJobName=name))
            except ClientError as error:
                told = error.response["Error"]
                if told["Code"] == "ResourceNotFound" or ABSENT in told["Message"]:
                    return None
                raise

        return call(describe)

    def _answered(self, piece: Piece, rows: Travelling) -> PiecePlan:
        """The piece's rows with their fates.

        Raises:
            ModelFailedError: the job's answer is not there.
            AnswerMismatchError: it is not one row for each row sent.
        """
        side = self.begun.side
        plan = PiecePlan(total=piece.table.num_rows, pace=side.pace(), places=1)
        plan.refuse(rows.reasons)
        positions = _sendable(rows)
        if len(positions):
            name = f"{OUTPUT}{_input(piece).removeprefix(INPUT)}{ANSWER_ENDING}"
            body = self.begun.store.get(name)
            if not body:
                raise ModelFailedError(
                    f"the transform job is over, but its answer {self.begun.store.place}{name} is not there; are you"
                    " allowed to read it, and the model's role to write there?"
                )
            plan.keep(positions, rows.read(positions, body, JSON_LINES), self.begun.digest)
        return plan


def _sendable(rows: Travelling) -> Positions:
    return np.setdiff1d(
        np.arange(len(rows.sent), dtype=np.int64), np.array(sorted(rows.reasons), dtype=np.int64), assume_unique=True
    )


def _input(piece: Piece) -> str:
    return f"{INPUT}{piece.number:05d}.jsonl"
