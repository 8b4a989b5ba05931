"""Promise: a stack that was never created counts as not deployed, and the doctor still sees that it failed."""

import pytest

from chem_endpoints.plan.stored_template import is_deployed, is_there


@pytest.mark.parametrize(
    ("status", "there", "deployed"),
    [
        ("CREATE_COMPLETE", True, True),
        ("UPDATE_ROLLBACK_COMPLETE", True, True),
        ("UPDATE_FAILED", True, True),
        ("ROLLBACK_COMPLETE", True, False),
        ("ROLLBACK_FAILED", True, False),
        ("CREATE_FAILED", True, False),
        ("REVIEW_IN_PROGRESS", False, False),
        ("DELETE_COMPLETE", False, False),
    ],
)
def test_statuses(status: str, there: bool, deployed: bool) -> None:
    assert (is_there({"StackStatus": status}), is_deployed({"StackStatus": status})) == (there, deployed)
