"""Promise: docs/check.md lists every check of the table, in its words and order, and no other."""

import re
from pathlib import Path

from chem_endpoints.check.table import PROMISES

PAGE = (Path(__file__).parents[2] / "docs" / "check.md").read_text(encoding="utf-8")


def test_the_page_lists_the_checks() -> None:
    rows = re.findall(r"^\| `([a-z][a-z-]*)` \| ([^|]+) \|", PAGE, re.MULTILINE)
    assert rows == [(promise.id, promise.text) for promise in PROMISES]


def test_ids_are_distinct() -> None:
    assert len({promise.id for promise in PROMISES}) == len(PROMISES)
