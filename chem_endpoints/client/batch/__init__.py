"""Millions of rows in bounded memory: a file, a folder or a prefix of S3 in, a folder of Parquet parts out. ::

    result = end.batch("library.parquet")       # or s3://…; beside it: library.predicted/part-00000.parquet, …
    result.predicted, result.failed             # 999_990, {"invalid_smiles": 10}

The same call made again goes on where an earlier one ended, however it ended.
"""

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from os import PathLike

    from chem_endpoints.client.batch.result import BatchResult
    from chem_endpoints.client.endpoint import Endpoint

__all__ = ["batch"]

Method = Literal["endpoint", "transform"]
TRANSFORM_OPTIONS = ("instance_type", "instances")
"""Options of ``method="transform"`` alone."""


def batch(
    endpoint: "Endpoint",
    source: "str | PathLike[str]",
    out: "str | PathLike[str] | None" = None,
    *,
    method: Method = "endpoint",
    progress: bool | None = None,
    **options: Any,
) -> "BatchResult":
    """Predicts each row of files that need not fit into memory.

    Args:
        endpoint: who is asked.
        source: a Parquet or CSV file (comma, semicolon or tab; UTF-8; perhaps compressed by gzip), a folder of such
            files, or ``s3://…`` of an object or a prefix. All files have the same columns.
        out: a folder, or ``s3://…`` of a prefix, that is new or holds an earlier run of the same batch; default: beside
            the source, ``<name>.predicted``.
        method: ``endpoint``: the endpoint answers; ``transform``: SageMaker Batch Transform does, on instances of its
            own (``source`` and ``out`` must lie in S3).
        progress: show a progress line; default: when somebody watches.
        **options: ``smiles``, ``columns``, ``drop_error_rows``, ``explain``, ``conformers``, ``suffix``, ``send`` and
            ``threads`` of `Endpoint.infer`; for ``transform`` also ``instance_type`` and ``instances``.

    Returns:
        Where the parts are, and totals. Parts stand in the order of the source, rows in the order of their file; each
        part has all columns of the source, as they were there, and the model's.

    Raises:
        InvalidInputError: the source cannot be read, or does not fit the model; ``out`` holds something else.
        ModelChangedError: the endpoint has got another model; parts of two models are never mixed.
        ForeignEndpointError: nobody has declared what the endpoint answers, so parts could differ in their columns.
        EndpointError: the endpoint could not be asked. Finished parts stay; the same call goes on.
    """
    from chem_endpoints.client.jobs.job_record import JobOptions

    machines = {name: options.pop(name) for name in TRANSFORM_OPTIONS if name in options and method == "transform"}
    if unknown := sorted(options.keys() - JobOptions.model_fields.keys()):
        raise TypeError(f"batch() has no options {unknown} with method={method!r}")
    asked = JobOptions(columns=tuple((options.pop("columns", None) or {}).items()), **options)
    if method == "transform":
        from chem_endpoints.client.batch.transform.transform_run import TransformOptions, run_transform

        return run_transform(endpoint, source, out, asked, TransformOptions(**machines), progress=progress)
    if method != "endpoint":
        raise ValueError(f'method is "endpoint" or "transform", not {method!r}')

    from chem_endpoints.client.batch.batch_run import run_batch

    return run_batch(endpoint, source, out, asked, progress=progress)
