"""What a caller relies on, asked of a bundle through the image's own server; `PROMISES` lists it."""

from chem_endpoints.check.report import Report, Result
from chem_endpoints.check.run import check_bundle
from chem_endpoints.check.table import PROMISES, Promise

__all__ = ["PROMISES", "Promise", "Report", "Result", "check_bundle"]
