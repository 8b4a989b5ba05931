"""Handing a frame over: everything that a job needs is stored, then its record, then the queue gets the requests."""

import warnings
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from chem_endpoints.client.attach import check_suffix
from chem_endpoints.client.congestion import Congestion
from chem_endpoints.client.engine import Engine
from chem_endpoints.client.inputs import as_frame
from chem_endpoints.client.jobs.chunks import cut, input_of, positions, recorded, refused_rows
from chem_endpoints.client.jobs.endpoint_side import EndpointSide
from chem_endpoints.client.jobs.job import Job
from chem_endpoints.client.jobs.job_id import new_id
from chem_endpoints.client.jobs.job_places import answers_of, outputs_uri, store_of
from chem_endpoints.client.jobs.job_record import ChunkRecord, JobOptions, JobRecord
from chem_endpoints.client.jobs.job_store import FRAME, MANIFEST, RECORD, JobStore
from chem_endpoints.client.jobs.queued_chunks import QueuedChunks
from chem_endpoints.client.jobs.stored_frame import pack_frame
from chem_endpoints.client.jobs.together import together
from chem_endpoints.client.pace import Pace
from chem_endpoints.client.plan import Answer, Plan, Positions
from chem_endpoints.client.retry import call, retried
from chem_endpoints.client.steps import Steps
from chem_endpoints.client.travelling import Travelling
from chem_endpoints.errors import (
    EndpointError,
    InvocationTimeoutError,
    ModelChangedError,
    ModelFailedError,
    NoCapacityError,
)
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.options import RequestOptions

PASSING = (InvocationTimeoutError, ModelFailedError, NoCapacityError)
"""Errors that end the sending at submission, but not the job: `Job.result` sends the rest."""


def submit_rows(endpoint: EndpointSide, rows: Any, options: JobOptions) -> Job:
    """Submits rows; see `Endpoint.submit`."""
    frame = as_frame(rows)
    manifest = endpoint.description.known_manifest
    travelling = endpoint.travelling(frame, options)
    check_suffix(frame, manifest.asked(options.asked).outputs, options.suffix)
    _refuse_stale(endpoint)
    job_id = new_id(endpoint.name)
    store = store_of(endpoint, job_id)
    chunks = _store_chunks(endpoint, store, travelling, options)
    stored, left_out = pack_frame(frame)
    call(store.put, FRAME, stored)
    call(store.put, MANIFEST, manifest.to_bytes())
    record = JobRecord(
        id=job_id,
        endpoint=endpoint.name,
        kind=endpoint.description.kind,
        model_sha256=endpoint.description.digest,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        rows=len(frame),
        options=options,
        attributes=RequestOptions(returned="added", asked=options.asked).to_header(),
        accept=travelling.accept,
        outputs=outputs_uri(endpoint, job_id),
        refused=travelling.reasons,
        left_out=tuple(left_out),
        chunks=tuple(chunks),
    )
    if not call(store.put, RECORD, record.to_bytes(), only_new=True) and call(store.get, RECORD) != record.to_bytes():
        raise EndpointError(f"there is a job {job_id} already; submit the rows again")
    if left_out:
        _warn_of(left_out, job_id)
    answers = answers_of(record, store, endpoint)
    if isinstance(answers, QueuedChunks):
        _queue(endpoint, answers, record)
    return Job(record, store, endpoint, frame=frame.copy(), answers=answers)


def _refuse_stale(endpoint: EndpointSide) -> None:
    if endpoint.digest_now() != endpoint.description.digest:
        raise ModelChangedError(
            f"{endpoint.name} has got another model since it was first asked here: make a new Endpoint"
            f"({endpoint.name!r}), and submit the rows to that"
        )


def _store_chunks(
    endpoint: EndpointSide, store: JobStore, travelling: Travelling, options: JobOptions
) -> list[ChunkRecord]:
    total = len(travelling.sent)
    cutting = cut(
        travelling,
        total=total,
        rows_per_chunk=endpoint.rows_per_chunk(total, options),
        body_limit=endpoint.transport.body_limit,
    )
    places = endpoint.places(options)
    workers = endpoint.workers(places)
    try:
        return together((_store_chunk(store, *one) for one in cutting), workers=workers, places=places)
    finally:
        workers.close()


def _store_chunk(store: JobStore, record: ChunkRecord, body: bytes) -> Steps[ChunkRecord]:
    if record.name:
        yield from retried(
            lambda: store.put(input_of(record.name, record.content_type), body, content_type=record.content_type)
        )
    return record


def _queue(endpoint: EndpointSide, answers: QueuedChunks, record: JobRecord) -> None:
    """Hands all chunks to SageMaker's queue, which works on them without this process.

    As many at once as the endpoint takes, with the retries of any run; what is not taken, `Job.result` sends later.
    """
    places = endpoint.places(record.options)
    refused = refused_rows(record)
    sent = {one.first: recorded(one, refused) for one in record.chunks if one.name}

    def ask(rows: Positions) -> Steps[Answer]:
        chunk = sent.get(int(rows[0]))
        if chunk is None or chunk.rows != len(rows):
            # The plan has cut a chunk that was not taken, but the job has no such parts: `Job.result` sends the chunk.
            raise ModelFailedError("the queue did not take a request")
        yield from answers.send(chunk)
        nothing = pd.DataFrame({PREDICTION_ERROR: pd.Series([""] * len(rows), dtype="str")})
        return Answer(frame=nothing, digest="", bytes_sent=0)

    groups = [positions(one, refused) for one in record.chunks if one.name]
    plan = Plan(total=record.rows, pace=Pace(timed=False), places=places, groups=groups)
    congestion = Congestion(most=places, budget=endpoint.budget, capacity=endpoint.capacity(lambda line: None))
    workers = endpoint.workers(places)
    try:
        Engine(plan=plan, ask=ask, workers=workers, congestion=congestion).run()
    except PASSING:
        pass  # The job is stored, and stays.
    finally:
        workers.close()


def _warn_of(left_out: list[str], job_id: str) -> None:
    warnings.warn(
        f"job {job_id} does not store {left_out}: Parquet cannot carry them exactly. A process that opens the job gives"
        " its result without them, unless it has your frame: job.result(df)",
        UserWarning,
        stacklevel=4,
    )
