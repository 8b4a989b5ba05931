"""Promise: the service's log says what failed and where, and holds no value of a caller."""

import logging
import sys

from chem_endpoints.local.service_log import ConfidentialFormatter


def test_an_exception_is_told_by_its_type_and_place_without_its_message() -> None:
    structure = "CC(=O)Oc1ccccc1C(=O)O"
    try:
        {}[structure]
    except KeyError:
        record = logging.LogRecord("local", logging.ERROR, __file__, 1, "it failed", None, sys.exc_info())
    told = ConfidentialFormatter("%(message)s").format(record)
    assert told.startswith("it failed\nKeyError\n")
    assert "test_service_log.py" in told
    assert structure not in told
