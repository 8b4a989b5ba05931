"""Promise: a job's progress says in a word what its owner can do next: wait, fetch, or nothing."""

import pytest

from chem_endpoints.client.jobs.job_progress import JobProgress


@pytest.mark.parametrize(
    ("finished", "complete", "cancelled", "told"),
    [
        (1, False, False, "4 of 9 rows, 1 of 2 requests, under way"),
        (2, False, False, "4 of 9 rows, 2 of 2 requests, answered, not fetched yet"),
        (2, True, False, "4 of 9 rows, 2 of 2 requests, complete"),
        (1, False, True, "4 of 9 rows, 1 of 2 requests, cancelled"),
    ],
)
def test_it_says_what_is_left_to_do(finished: int, complete: bool, cancelled: bool, told: str) -> None:
    progress = JobProgress(
        total=9, done=4, failed=None, requests=2, finished=finished, complete=complete, cancelled=cancelled
    )
    assert str(progress) == repr(progress) == told
