"""``chem-endpoints doctor``: what is deployed and yet not right, found by reading AWS alone.

`examine` returns the findings, `reports` the same by endpoint; `table` lists the checks.
"""

from chem_endpoints.doctor.examination import IDLE_DAYS, examine, reports
from chem_endpoints.doctor.finding import CannotLookError, Finding, Report, Severity
from chem_endpoints.doctor.stack import is_shared
from chem_endpoints.doctor.table import CHECKS, COMMON_READS, LIVE

__all__ = [
    "CHECKS",
    "COMMON_READS",
    "IDLE_DAYS",
    "LIVE",
    "CannotLookError",
    "Finding",
    "Report",
    "Severity",
    "examine",
    "is_shared",
    "reports",
]
