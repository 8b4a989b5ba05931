"""The report on a call through a cache: the endpoint's reports on its pieces, added up, and what the cache did."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from chem_endpoints.client.cache.gathered import Gathered
from chem_endpoints.client.report import Report


class CachedReport(Report):
    """Totals of one call through a cache.

    Keys:
        cached: rows whose answers were kept.
        asked: distinct rows that travelled, or were to.
        repeated: rows that are like another one of the frame, which travelled for them.
        stored: answers that are kept now and were not before.
    """

    cached: int
    asked: int
    repeated: int
    stored: int


def cached_report(
    reports: Sequence[Report],
    fates: pd.DataFrame,
    gathered: Gathered,
    *,
    endpoint: str,
    model: str,
    replaced: list[str],
    stored: int,
) -> CachedReport:
    """The report on all rows of the caller.

    Args:
        reports: the endpoint's reports on its pieces.
        fates: what became of each row.
        gathered: the answers.
        endpoint: its name.
        model: digest of the deployed model.
        replaced: columns of the input that the answer replaced.
        stored: answers that are kept now and were not before.
    """
    failed = Counter(str(outcome) for outcome in fates["outcome"][fates["error"] != ""])
    asked, cached = gathered.asked_rows, gathered.kept_rows
    return {
        "endpoint": endpoint,
        "model_sha256": model,
        "models": sorted({str(digest) for digest in fates["model_sha256"]} - {""}),
        "rows": len(fates),
        "predicted": len(fates) - failed.total(),
        "failed": dict(sorted(failed.items())),
        "requests": sum(report["requests"] for report in reports),
        "retries": sum(report["retries"] for report in reports),
        "bytes_sent": sum(report["bytes_sent"] for report in reports),
        "replaced": replaced,
        "seconds": round(sum(report["seconds"] for report in reports), 3),
        "job": "",
        "cached": cached,
        "asked": asked,
        "repeated": len(fates) - cached - asked,
        "stored": stored,
    }
