"""Jobs that were submitted before: opened by id, listed by endpoint, forgotten when they never began."""

import shutil
import time
from pathlib import Path

from chem_endpoints.client.jobs.endpoint_side import EndpointSide
from chem_endpoints.client.jobs.job import Job
from chem_endpoints.client.jobs.job_id import endpoint_of, is_id
from chem_endpoints.client.jobs.job_places import local_jobs, queue_jobs, store_of
from chem_endpoints.client.jobs.job_record import JobRecord
from chem_endpoints.client.jobs.job_store import RECORD
from chem_endpoints.client.retry import call
from chem_endpoints.errors import JobNotFoundError

LEFTOVER_SECONDS = 86_400.0
"""A folder on this machine without a record is deleted when it is older: its submission was killed. In S3 the
retention of requests does that."""


def open_job(endpoint: EndpointSide, job_id: str) -> Job:
    """The job with this id; see `Endpoint.job`.

    Raises:
        JobNotFoundError: there is none.
    """
    if endpoint_of(job_id) != endpoint.name:
        raise JobNotFoundError(f"job {job_id} is none of {endpoint.name}; open it with Endpoint.job({job_id!r})")
    store = store_of(endpoint, job_id)
    record = call(store.get, RECORD)
    if not record:  # a purged one may have an empty record
        raise JobNotFoundError(
            f"there is no job {job_id} in {store.place}, or you may not read it: its submission did not come to its"
            " end, it was purged, or its objects have expired"
        )
    return Job(JobRecord.read(record), store, endpoint)


def list_jobs(endpoint: EndpointSide) -> list[Job]:
    """The jobs of an endpoint, newest first; those of a queue are everybody's, others this user's on this machine."""
    forget_leftovers(local_jobs())
    ids = [path.name for path in local_jobs().glob(f"{endpoint.name}.*")]
    jobs = queue_jobs(endpoint)
    if jobs is not None:
        ids += [name for name in call(jobs.folders, f"{endpoint.name}.") if name not in ids]
    found = [job for job_id in ids if is_id(job_id) and (job := _opened(endpoint, job_id)) is not None]
    return sorted(found, key=lambda job: (job.created, job.id), reverse=True)


def forget_leftovers(folder: Path, *, now: float | None = None) -> None:
    """Deletes what killed submissions have left on this machine.

    Args:
        folder: of all jobs.
        now: seconds of the epoch; default: the time.
    """
    limit = (time.time() if now is None else now) - LEFTOVER_SECONDS
    for path in folder.glob("*.*"):
        if is_id(path.name) and not (path / RECORD).exists() and path.stat().st_mtime < limit:
            shutil.rmtree(path, ignore_errors=True)


def _opened(endpoint: EndpointSide, job_id: str) -> Job | None:
    try:
        return open_job(endpoint, job_id)
    except JobNotFoundError:  # not stored to its end, or purged
        return None
