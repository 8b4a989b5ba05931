"""Promise: the tables in the documentation say what the code says."""

import re
import tomllib
from pathlib import Path

from chem_endpoints.wire import environment
from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.content_types import READABLE
from chem_endpoints.wire.options import MODEL_DIGEST_KEY, REQUEST_ID_KEY, RETURN_KEY, STRICT_KEY
from constructs_lib.alarm_rule import RUNBOOK
from container.server.log import METRICS
from container.server.refusal import CODES


def page(root: Path, name: str) -> str:
    return (root / name).read_text(encoding="utf-8")


def test_every_variable_of_the_server_is_documented(root: Path) -> None:
    documented = set(re.findall(r"^\| `([A-Z_0-9]+)` \|", page(root, "docs/server.md"), re.MULTILINE))
    assert documented == {value for name, value in vars(environment).items() if name.isupper()}


def test_every_reason_of_a_row_is_documented(root: Path) -> None:
    text = page(root, "docs/server.md")
    assert not [reason for reason in Reason if f"`{reason}`" not in text]


def test_every_error_of_a_request_is_documented(root: Path) -> None:
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \| (.+) \|$", page(root, "docs/server.md"), re.MULTILINE)
    assert {code: (int(status), meaning) for status, code, meaning in rows} == CODES


def test_every_metric_and_option_is_documented(root: Path) -> None:
    text = page(root, "docs/server.md")
    named = [*METRICS, RETURN_KEY, STRICT_KEY, REQUEST_ID_KEY, MODEL_DIGEST_KEY, *READABLE]
    assert not [name for name in named if name not in text]


def test_every_alarm_has_its_section_in_the_runbook(root: Path) -> None:
    sections = set(re.findall(r"^## (\S+)$", page(root, RUNBOOK), re.MULTILINE))
    snapshots = (root / "tests/stacks/__snapshots__").rglob("*.json")
    linked = {part for file in snapshots for part in re.findall(r"runbook\.md#([a-z-]+)", file.read_text())}
    assert linked
    assert linked <= sections


def test_every_dependency_has_its_reason(root: Path) -> None:
    project = tomllib.loads(page(root, "pyproject.toml"))["project"]
    extras = project["optional-dependencies"]
    declared = [*project["dependencies"], *(line for name, lines in extras.items() if name != "dev" for line in lines)]
    names = {re.match(r"[A-Za-z0-9_.-]+", line).group() for line in declared}  # type: ignore[union-attr]
    text = page(root, "docs/dependencies.md").lower()
    assert not [name for name in names if name.lower() not in text]
