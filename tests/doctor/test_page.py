"""Promise: docs/doctor.md lists the checks and permissions that the code's table has."""

import re
from pathlib import Path

from chem_endpoints.doctor import CHECKS, COMMON_READS


def rows(root: Path, heading: str) -> dict[str, str]:
    """The cells after the first, by check."""
    section = (root / "docs/doctor.md").read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `([a-z]+)` \| (.*) \|$", section, re.MULTILINE))


def test_every_check_is_documented(root: Path) -> None:
    documented = {name: cells.split(" | ")[0] for name, cells in rows(root, "Checks").items()}
    assert documented == {check.id: check.question for check in CHECKS}


def test_every_permission_is_documented(root: Path) -> None:
    documented = {name: tuple(re.findall(r"`([\w:-]+)`", cells)) for name, cells in rows(root, "Permissions").items()}
    assert documented == {check.id: check.reads for check in CHECKS if check.reads}
    text = (root / "docs/doctor.md").read_text(encoding="utf-8")
    assert not [action for action in COMMON_READS if f"`{action}`" not in text]
