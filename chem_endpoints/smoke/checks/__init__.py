"""Every check, cheapest first."""

from chem_endpoints.smoke.check import Check
from chem_endpoints.smoke.checks.asynchronous import ASYNCHRONOUS
from chem_endpoints.smoke.checks.component import COMPONENT
from chem_endpoints.smoke.checks.realtime import REALTIME
from chem_endpoints.smoke.checks.rollback import ROLLBACK
from chem_endpoints.smoke.checks.storage_key import STORAGE_KEY

CHECKS: tuple[Check, ...] = (STORAGE_KEY, REALTIME, ASYNCHRONOUS, COMPONENT, ROLLBACK)
