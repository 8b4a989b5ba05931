"""Where a job lies and how its chunks are answered, by the kind of its endpoint."""

from pathlib import Path

from chem_endpoints.client.jobs.chunk_answers import ChunkAnswers
from chem_endpoints.client.jobs.direct_chunks import DirectChunks
from chem_endpoints.client.jobs.endpoint_side import EndpointSide
from chem_endpoints.client.jobs.job_record import JobRecord
from chem_endpoints.client.jobs.job_store import JobStore
from chem_endpoints.client.jobs.local_store import LocalStore
from chem_endpoints.client.jobs.model_guard import ModelGuard
from chem_endpoints.client.jobs.queued_chunks import QueuedChunks
from chem_endpoints.client.jobs.s3_store import S3Store
from chem_endpoints.client.user_folders import state_folder
from chem_endpoints.errors import EndpointError
from chem_endpoints.wire.content_types import ARROW

JOBS = "jobs/"
"""Folder of jobs, below the requests of an async endpoint, below its answers, and in the user's state folder."""


def local_jobs() -> Path:
    """The folder of this user's jobs on this machine."""
    return state_folder() / JOBS


def queue_jobs(endpoint: EndpointSide) -> S3Store | None:
    """Where the jobs of an async endpoint lie; ``None``: it is of another kind."""
    description = endpoint.description
    if description.kind != "async":
        return None
    if description.input_uri is None or description.output_uri is None:
        raise EndpointError(f"{endpoint.name} does not say where requests and answers belong; use inference() instead")
    return S3Store(endpoint.clients.s3, f"{description.input_uri}{JOBS}")


def store_of(endpoint: EndpointSide, job_id: str) -> JobStore:
    """The folder of a job: a job on this machine is found without asking AWS."""
    folder = local_jobs() / job_id
    if folder.is_dir():
        return LocalStore(folder)
    jobs = queue_jobs(endpoint)
    return LocalStore(folder) if jobs is None else S3Store(endpoint.clients.s3, f"{jobs.place}{job_id}/")


def outputs_uri(endpoint: EndpointSide, job_id: str) -> str | None:
    """``s3://…/`` below which SageMaker puts a new job's answers; ``None``: they lie in the job's own folder."""
    if queue_jobs(endpoint) is None:
        return None
    return f"{str(endpoint.description.output_uri).rstrip('/')}/{_extension(job_id)}/"


def outputs_of(record: JobRecord, endpoint: EndpointSide) -> S3Store | None:
    """Where SageMaker put the job's answers; ``None``: they lie in the job's own folder."""
    return None if record.outputs is None else S3Store(endpoint.clients.s3, record.outputs)


def answers_of(record: JobRecord, store: JobStore, endpoint: EndpointSide) -> ChunkAnswers:
    """How the job's chunks are answered."""
    outputs = outputs_of(record, endpoint)
    guard = ModelGuard(
        job_id=record.id, endpoint=record.endpoint, digest=record.model_sha256, digest_now=endpoint.digest_now
    )
    if outputs is None:
        return DirectChunks(
            store=store,
            transport=lambda: endpoint.transport,
            accept=record.accept,
            attributes=record.attributes,
            guard=guard,
        )
    return QueuedChunks(
        endpoint=record.endpoint,
        runtime=endpoint.clients.runtime,
        s3=endpoint.clients.s3,
        store=store,
        outputs=outputs,
        extension=_extension(record.id),
        accept=record.accept or ARROW,
        attributes=record.attributes,
        invocation_timeout_s=endpoint.description.settings.invocation_timeout_s,
        guard=guard,
    )


def _extension(job_id: str) -> str:
    return f"{JOBS}{job_id}"
