"""Promise: docs/contract.md lists exactly the clauses, and each has exactly one test function."""

import re
from pathlib import Path

from tests.contract.clauses import CLAUSES


def test_the_page_lists_the_clauses(root: Path) -> None:
    page = (root / "docs/contract.md").read_text(encoding="utf-8").partition("## The clauses")[2]
    written = re.findall(r"^\| C\d\d \|.*\|$", page.partition("\n## ")[0], re.MULTILINE)
    assert written == [f"| {row.number} | {row.promise} | {row.audience} | {row.source} |" for row in CLAUSES.values()]


def test_the_numbers_count() -> None:
    assert list(CLAUSES) == [f"C{number:02}" for number in range(1, len(CLAUSES) + 1)]


def test_every_clause_has_its_test() -> None:
    tests = [file.read_text(encoding="utf-8") for file in sorted(Path(__file__).parent.glob("test_*.py"))]
    marked = [number for text in tests for number in re.findall(r'^@clause\("(C\d\d)"\)$', text, re.MULTILINE)]
    assert set(marked) == set(CLAUSES)
