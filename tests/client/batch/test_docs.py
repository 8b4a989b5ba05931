"""Promise: docs/batch.md names every option, field of the result and file, and its numbers are the code's."""

import inspect
import re
from dataclasses import fields
from pathlib import Path

from chem_endpoints.client.batch import batch
from chem_endpoints.client.batch.batch_record import RECORD
from chem_endpoints.client.batch.kept_chunks import ANSWERS, KEEP_SECONDS
from chem_endpoints.client.batch.part_store import SUMMARY
from chem_endpoints.client.batch.pieces import PIECE_BYTES, PIECE_ROWS
from chem_endpoints.client.batch.result import BatchResult
from chem_endpoints.client.batch.rolling_plan import MOST_OPEN
from chem_endpoints.client.batch.transform.job_request import SLOW_ROW_SECONDS, TransformOptions
from chem_endpoints.client.jobs.job_record import JobOptions
from chem_endpoints.client.run import MAX_THREADS

PAGE = (Path(__file__).parents[3] / "docs" / "batch.md").read_text()


def test_the_page_names_options_fields_and_files() -> None:
    names = [name for name in inspect.signature(batch).parameters if name not in ("endpoint", "source", "options")]
    names += [*JobOptions.model_fields, *(field.name for field in fields(TransformOptions))]
    names += [field.name for field in fields(BatchResult)]
    assert not [name for name in names if not re.search(rf"[`( .]{name}[`=]", PAGE)]
    assert not [name for name in (RECORD, SUMMARY, ANSWERS) if f"`{name}`" not in PAGE]


def test_the_pages_numbers_are_the_codes() -> None:
    assert f"at most {PIECE_ROWS:,} rows".replace(",", " ") in PAGE
    assert f"{PIECE_BYTES // 1_000_000} MB in memory" in PAGE
    assert f"took {KEEP_SECONDS:.0f} s or more" in PAGE
    assert f"may take {SLOW_ROW_SECONDS} s or more" in PAGE
    assert f"{MAX_THREADS} requests" in PAGE
    assert MOST_OPEN == 4
    assert "Up to four pieces are open" in PAGE
