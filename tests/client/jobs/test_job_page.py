"""Promise: docs/jobs.md names every part of a job, every error of jobs and the folder that the code uses."""

import re
from pathlib import Path

from chem_endpoints.client.asynchronous import QUEUE_SECONDS
from chem_endpoints.client.jobs import job_id, job_store
from chem_endpoints.client.jobs.job import Job
from chem_endpoints.client.jobs.job_places import JOBS
from chem_endpoints.client.user_folders import STATE_VARIABLE
from chem_endpoints.errors import JobCancelledError, JobNotFoundError, ModelChangedError

PAGE = (Path(__file__).parents[3] / "docs" / "jobs.md").read_text(encoding="utf-8")


def test_every_part_has_its_row() -> None:
    parts = {value for name, value in vars(job_store).items() if name.isupper()}
    table = PAGE.partition("## Parts")[2].partition("`job.cancel()`")[0]
    assert set(re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)) == parts


def test_every_error_has_its_row() -> None:
    errors = {kind.__name__ for kind in (JobNotFoundError, JobCancelledError, ModelChangedError)}
    assert set(re.findall(r"^\| `(\w+Error)` \|", PAGE, re.MULTILINE)) == errors


def test_the_page_uses_names_that_exist() -> None:
    assert f"${STATE_VARIABLE}/{JOBS.rstrip('/')}" in PAGE
    assert f"({QUEUE_SECONDS // 3600} hours)" in PAGE
    assert {name for name in re.findall(r"\bjob\.(\w+)\b", PAGE) if name != "json"} <= set(dir(Job))
    assert all(job_id.is_id(found) for found in re.findall(r"logs-v1\.\w+", PAGE))
