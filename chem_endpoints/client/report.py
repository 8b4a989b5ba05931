"""What a call to `Endpoint.inference` did, as a small dict that survives pickling, merging and Parquet."""

from typing import TypedDict

from chem_endpoints.client.plan import Plan

REPORT_KEY = "report"
"""Where the report lies in ``DataFrame.attrs``."""


class Report(TypedDict):
    """Totals of one call.

    Keys:
        endpoint: its name.
        model_sha256: digest of the deployed model, as the endpoint's tag says; empty: unknown.
        models: digests of the models that answered; two while an update shifts the traffic.
        rows: rows of the input.
        predicted: rows with a prediction.
        failed: reason → rows.
        requests: requests made, repeats included.
        retries: those of them that repeated others.
        bytes_sent: size of the bodies that were answered.
        replaced: columns of the input that the answer replaced.
        seconds: wall time.
        job: id of the job that the answer comes from; empty: none.
    """

    endpoint: str
    model_sha256: str
    models: list[str]
    rows: int
    predicted: int
    failed: dict[str, int]
    requests: int
    retries: int
    bytes_sent: int
    replaced: list[str]
    seconds: float
    job: str


def make_report(
    plan: Plan, *, endpoint: str, digest: str, replaced: list[str], seconds: float, job: str = ""
) -> Report:
    """Sums up a run."""
    failed = plan.fates.reasons()
    return {
        "endpoint": endpoint,
        "model_sha256": digest,
        "models": list(plan.fates.digests()),
        "rows": plan.total,
        "predicted": plan.total - sum(failed.values()),
        "failed": failed,
        "requests": plan.requests,
        "retries": plan.retries,
        "bytes_sent": plan.bytes_sent,
        "replaced": replaced,
        "seconds": round(seconds, 3),
        "job": job,
    }
