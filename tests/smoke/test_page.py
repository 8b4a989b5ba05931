"""Promise: docs/unverified.md and the code know the same assumptions, and each is asked or says why not."""

import re
from pathlib import Path

from chem_endpoints.smoke.checks import CHECKS
from chem_endpoints.smoke.unasked import UNASKED

ROW = re.compile(r"^\| (\*\*)?([a-z0-9-]+)(?:\*\*)? \| .+ \| .+ \|$", re.MULTILINE)


def rows(root: Path) -> list[tuple[str, bool]]:
    """Id, and whether it is bold."""
    table = (root / "docs/unverified.md").read_text(encoding="utf-8").split("|---|---|---|\n")[1].split("\n\n")[0]
    found = [(name, bool(bold)) for bold, name in ROW.findall(table)]
    assert len(found) == len(table.splitlines()), "a row without an id"
    return found


def test_the_page_and_the_code_have_the_same_ids_once(root: Path) -> None:
    asked = [name for check in CHECKS for name in check.answers]
    unasked = [name for names in UNASKED.values() for name in names]
    assert sorted(name for name, _ in rows(root)) == sorted([*asked, *unasked])
    assert len({*asked, *unasked}) == len([*asked, *unasked])


def test_the_page_marks_what_smoke_asks(root: Path) -> None:
    assert {name for name, bold in rows(root) if bold} == {name for check in CHECKS for name in check.answers}


def test_what_the_local_aws_cannot_tell_is_an_answer_of_its_check() -> None:
    for check in CHECKS:
        assert set(check.not_local) <= set(check.answers)
