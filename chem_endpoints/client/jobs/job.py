"""`Job`: rows that were handed over once, and whose answers any process can fetch."""

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from chem_endpoints.client.inputs import as_frame
from chem_endpoints.client.jobs.chunk_answers import ChunkAnswers
from chem_endpoints.client.jobs.chunks import name_of, positions, recorded, refused_rows
from chem_endpoints.client.jobs.endpoint_side import EndpointSide
from chem_endpoints.client.jobs.job_places import answers_of, outputs_of
from chem_endpoints.client.jobs.job_progress import JobProgress
from chem_endpoints.client.jobs.job_record import ChunkRecord, JobRecord, Summary
from chem_endpoints.client.jobs.job_run import JobRun
from chem_endpoints.client.jobs.job_store import CANCELLED, DONE, FRAME, INPUTS, MANIFEST, RECORD, JobStore, Removed
from chem_endpoints.client.jobs.stored_frame import unpack_frame
from chem_endpoints.client.jobs.together import together
from chem_endpoints.client.pace import Pace
from chem_endpoints.client.plan import Plan
from chem_endpoints.client.progress import Progress, watched
from chem_endpoints.client.retry import call
from chem_endpoints.client.run import Inferred
from chem_endpoints.client.transport import Reply
from chem_endpoints.client.travelling import Travelling
from chem_endpoints.errors import AccessRefusedError, EndpointError, InvalidInputError, JobCancelledError
from chem_endpoints.wire.manifest import Manifest


class Job:
    """One submitted frame; made by `Endpoint.submit`, found again by `Endpoint.job`.

    Args:
        record: what the job is.
        store: its folder.
        endpoint: where its rows are sent.
        frame: the caller's frame, in the process that submitted it.
        answers: how chunks are answered, in the process that submitted it.
    """

    def __init__(
        self,
        record: JobRecord,
        store: JobStore,
        endpoint: EndpointSide,
        *,
        frame: pd.DataFrame | None = None,
        answers: ChunkAnswers | None = None,
    ) -> None:
        self._record, self._store, self._endpoint = record, store, endpoint
        self._frame = frame
        self._answers = answers or answers_of(record, store, endpoint)
        self._last: Inferred | None = None

    @property
    def id(self) -> str:
        """Its name, which `Endpoint.job` takes on any machine (of a job that lies on this one: here)."""
        return self._record.id

    @property
    def created(self) -> str:
        """When it was submitted: UTC, ISO 8601."""
        return self._record.created

    def __repr__(self) -> str:
        return f"Job({self.id!r})"

    def _repr_html_(self) -> str:
        return f"<code>{self.id}</code> {self.progress()._repr_html_()}"

    def progress(self) -> JobProgress:
        """How far it is; some lists of names, no contents.

        Raises:
            EndpointError: listing is not allowed.
        """
        done, finished = self._summary(), self._answers.finished()
        there = [chunk for chunk in self._record.chunks if chunk.name in finished]
        rows = sum(self._rows(chunk) for chunk in there) + len(self._record.refused)
        failed: int | None = None
        if done is not None:
            rows, failed = self._record.rows, sum(done["failed"].values())
        return JobProgress(
            total=self._record.rows,
            done=rows,
            failed=failed,
            requests=len(self._record.chunks),
            finished=len(there),
            complete=done is not None,
            cancelled=self._is_cancelled(),
        )

    def result(self, frame: Any = None, *, progress: bool | None = None) -> pd.DataFrame:
        """The caller's rows with the answers, as `Endpoint.inference` gives them; waits until all are there.

        What has its answer is read; what is on its way is waited for; only the rest is sent. It may be called again,
        in another process too, after an interrupt or an error.

        Args:
            frame: your own frame, to attach to it columns and all; default: the one that was submitted, which outside
                the process that did so lacks the columns that Parquet cannot carry.
            progress: show a progress line; default: when somebody watches.

        Raises:
            JobCancelledError: it was cancelled.
            ModelChangedError: rows are still to be sent, and the endpoint serves another model now.
            InvalidInputError: ``frame`` is not what was submitted.
            EndpointError: the endpoint could not be asked; its ``partial`` holds what is answered.
        """
        own = self._frame_for(frame)
        self._refuse_cancelled()
        self._answers.survey()
        rows = self._reader()
        with Progress(self._record.rows, self._record.endpoint, watched() if progress is None else progress) as line:
            places = self._endpoint.places(self._record.options)
            workers = self._endpoint.workers(places)
            started = workers.now()
            run = JobRun(
                record=self._record,
                store=self._store,
                answers=self._answers,
                rows=rows,
                places=places,
                workers=workers,
                budget=self._endpoint.budget,
                capacity=self._endpoint.capacity(line.say),
                told=line.advance,
            )
            try:
                run.go()
            except EndpointError as error:
                error.partial = self._ended(own, run.plan, rows, workers.now() - started).frame
                if self._is_cancelled():
                    raise self._cancelled_error(error.partial) from error
                raise
        inferred = self._ended(own, run.plan, rows, workers.now() - started)
        call(self._store.put, DONE, json.dumps(inferred.report).encode())
        return inferred.frame

    def partial(self, frame: Any = None) -> pd.DataFrame:
        """The rows that have answers now; the others carry the reason ``unsent``. Nothing is sent, nobody waits.

        Args:
            frame: see `result`.

        Raises:
            EndpointError: listing is not allowed.
        """
        own, rows, refused = self._frame_for(frame), self._reader(), refused_rows(self._record)
        self._answers.survey()
        finished = self._answers.finished()
        there = [chunk for chunk in self._record.chunks if chunk.name in finished]
        places = self._endpoint.places(self._record.options)
        workers = self._endpoint.workers(places)
        try:
            replies = together(
                (self._answers.reply(recorded(one, refused)) for one in there), workers=workers, places=places
            )
        finally:
            workers.close()
        plan = Plan(total=self._record.rows, pace=Pace(timed=False), places=places, groups=[])
        plan.refuse(self._record.refused)
        for one, reply in zip(there, replies, strict=True):
            self._take(plan, one, reply, rows)
        return self._ended(own, plan, rows, 0.0).frame

    def fates(self) -> pd.DataFrame:
        """What became of each row: `chem_endpoints.client.fates.COLUMNS`; fetches the result if nobody has here."""
        if self._last is None:
            self.result()
        assert self._last is not None
        return self._last.fates

    def cancel(self) -> None:
        """Sends nothing more, and takes what waits in the queue its content away, so that it fails at once.

        Rows that are answered stay readable (`partial`). A cancelled job stays cancelled.
        """
        call(self._store.put, CANCELLED, b"")
        try:
            finished = self._answers.finished()
        except AccessRefusedError:  # without s3:ListBucket nobody knows what still waits: it runs to its end
            return
        inputs = call(self._store.names, INPUTS)
        call(self._store.remove, [name for name in inputs if _chunk_name(name) not in finished])

    def purge(self) -> Removed:
        """Deletes everything of the job that the caller may delete; a job that is under way is cancelled by that.

        Returns:
            How much is gone, how much could only be emptied, and which objects stay until they expire.
        """
        names: Sequence[str] = call(self._store.names)
        first = [name for name in names if name == RECORD]  # without it there is no job any more
        removed = call(self._store.remove, first)
        removed += call(self._store.remove, [name for name in names if name != RECORD])
        outputs = outputs_of(self._record, self._endpoint)
        if outputs is not None:
            removed += call(outputs.remove, call(outputs.names))
        return removed

    def _ended(self, own: pd.DataFrame, plan: Plan, rows: Travelling, seconds: float) -> Inferred:
        self._last = self._endpoint.inferred(own, plan, rows, self._record, seconds)
        return self._last

    def _take(self, plan: Plan, chunk: ChunkRecord, reply: Reply, rows: Travelling) -> None:
        at = positions(chunk, refused_rows(self._record))
        plan.keep(at, rows.read(at, reply.body, reply.content_type), reply.digest)

    def _rows(self, chunk: ChunkRecord) -> int:
        between = sum(chunk.first <= row <= chunk.last for row in self._record.refused)
        return chunk.last - chunk.first + 1 - between

    def _reader(self) -> Travelling:
        manifest = call(self._store.get, MANIFEST)
        if manifest is None:
            raise EndpointError(f"{MANIFEST} of job {self.id} is gone from {self._store.place}; submit the rows again")
        return self._endpoint.reader(self._record, Manifest.model_validate_json(manifest))

    def _frame_for(self, given: Any) -> pd.DataFrame:
        if given is not None:
            frame = as_frame(given)
            self._refuse_other_rows(frame)
            return frame
        if self._frame is None:
            stored = call(self._store.get, FRAME)
            if not stored:
                raise EndpointError(
                    f"{FRAME} of job {self.id} is gone from {self._store.place}; give the frame: job.result(df)"
                )
            self._frame = unpack_frame(stored)
        return self._frame

    def _refuse_other_rows(self, frame: pd.DataFrame) -> None:
        """A frame serves when it would be sent as the same requests."""
        if len(frame) != self._record.rows:
            raise InvalidInputError(f"job {self.id} has {self._record.rows:,} rows, the frame {len(frame):,}")
        rows = self._endpoint.travelling(frame, self._record.options)
        refused = refused_rows(self._record)
        for chunk in self._record.chunks:
            body, _ = rows.encode(positions(chunk, refused))
            if chunk.name and name_of(body) != chunk.name:
                raise InvalidInputError(
                    f"the frame is not the one of job {self.id}: its rows {chunk.first} to {chunk.last} differ in a"
                    " column that was sent"
                )

    def _refuse_cancelled(self) -> None:
        if self._is_cancelled():
            raise self._cancelled_error(None)

    def _cancelled_error(self, partial: pd.DataFrame | None) -> JobCancelledError:
        error = JobCancelledError(f"job {self.id} was cancelled; job.partial() gives the rows that were answered")
        error.partial = partial
        return error

    def _summary(self) -> Summary | None:
        told = call(self._store.get, DONE)
        return json.loads(told) if told else None

    def _is_cancelled(self) -> bool:
        return call(self._store.get, CANCELLED) is not None


def _chunk_name(part: str) -> str:
    return part.removeprefix(INPUTS).partition(".")[0]
