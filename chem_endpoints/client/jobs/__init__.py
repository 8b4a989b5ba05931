"""Jobs: a frame is handed over once, and any process fetches the answers. ::

    job = end.submit(df)
    job.id                          # 'logs-v1.3f2a9c01b7de'
    Endpoint.job(job.id).result()   # later, elsewhere

Of async endpoints a job lies in S3 beside the endpoint's requests, and SageMaker's queue works on it; of others it lies
in the user's state folder, and `Job.result` does the work.
"""

from typing import TYPE_CHECKING, Any

from chem_endpoints.client.jobs.job_id import endpoint_of
from chem_endpoints.errors import InvalidInputError

if TYPE_CHECKING:
    from chem_endpoints.client.endpoint import Endpoint
    from chem_endpoints.client.jobs.job import Job

__all__ = ["endpoint_of", "list_jobs", "open_job", "submit"]


def submit(endpoint: "Endpoint", rows: Any, **options: Any) -> "Job":
    """Stores the rows as a job of the endpoint and, if it has a queue, hands all requests to it.

    Args:
        endpoint: who is asked.
        rows: see `Endpoint.inference`.
        **options: ``smiles``, ``columns``, ``drop_error_rows``, ``explain``, ``conformers``, ``suffix``, ``send`` and
            ``threads`` of `Endpoint.infer`.

    Raises:
        InvalidInputError: the rows do not fit the model, or there is no such option.
        ForeignEndpointError: the endpoint was not deployed by Chem Endpoints.
        ModelChangedError: the endpoint has got another model since ``endpoint`` was made.
        EndpointError: the job cannot be stored, or AWS refuses the requests.

    Warns:
        UserWarning: columns that Parquet cannot carry exactly are not stored with the job.
    """
    from chem_endpoints.client.jobs.endpoint_side import EndpointSide
    from chem_endpoints.client.jobs.job_record import JobOptions
    from chem_endpoints.client.jobs.submission import submit_rows

    unknown = sorted(set(options) - set(JobOptions.model_fields))
    if unknown:
        raise InvalidInputError(f"submit does not take {unknown}; it takes {sorted(JobOptions.model_fields)}")
    columns = tuple((options.pop("columns", None) or {}).items())
    return submit_rows(EndpointSide(endpoint), rows, JobOptions(columns=columns, **options))


def open_job(endpoint: "Endpoint", job_id: str) -> "Job":
    """The job with this id, whatever process submitted it.

    Raises:
        JobNotFoundError: there is none.
    """
    from chem_endpoints.client.jobs import job_list
    from chem_endpoints.client.jobs.endpoint_side import EndpointSide

    return job_list.open_job(EndpointSide(endpoint), job_id)


def list_jobs(endpoint: "Endpoint") -> "list[Job]":
    """The endpoint's jobs, newest first.

    Raises:
        EndpointError: listing is not allowed.
    """
    from chem_endpoints.client.jobs import job_list
    from chem_endpoints.client.jobs.endpoint_side import EndpointSide

    return job_list.list_jobs(EndpointSide(endpoint))
