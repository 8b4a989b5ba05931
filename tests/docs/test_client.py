"""Promise: docs/client.md says what the client does: its rules, its errors, its figures."""

import inspect
import re
from pathlib import Path

from chem_endpoints import errors
from chem_endpoints.client.capacity import PROBE_SECONDS
from chem_endpoints.client.engine import ALONE
from chem_endpoints.client.pace import AIM_SECONDS, FIRST_ROWS, UNTIMED_ROWS
from chem_endpoints.client.plan import ISOLATION_CALLS, ISOLATION_SECONDS, QUEUED_ISOLATION_SECONDS
from chem_endpoints.client.retry import RULES

PAGE = (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")


def test_every_kind_of_failure_has_its_row_and_its_tries() -> None:
    rows = dict(re.findall(r"^\| ([a-z ]+): [^|]+\| (.+) \|$", PAGE, re.MULTILINE))
    assert list(rows) == list(RULES)
    for kind, rule in RULES.items():
        if rule.scope == "endpoint":
            slowed = "half as many" if rule.slows == "halve" else "one probe"
            assert rows[kind].startswith(slowed), kind
            assert (f"every {PROBE_SECONDS:.0f} s" if rule.waits else f", {rule.attempts} tries") in rows[kind], kind
        elif rule.scope == "request":
            assert f"a row alone has {rule.attempts} tries" in rows[kind], kind
        else:
            assert ("smaller requests" if rule.scope == "size" else "ends at once") in rows[kind], kind


def test_every_error_is_named() -> None:
    ours = [name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Exception)]
    assert not [name for name in ours if f"`{name}`" not in PAGE]


def test_the_limits_are_those_of_the_code() -> None:
    for words in (
        f"at most {FIRST_ROWS} rows",
        f"in {AIM_SECONDS:.0f} seconds",
        f"at most {UNTIMED_ROWS}.",
        f"more than {ALONE} rows in a row",
        f"{ISOLATION_CALLS:,} calls".replace(",", " "),
        f"{ISOLATION_SECONDS / 60:.0f} minutes ({QUEUED_ISOLATION_SECONDS / 3600:.0f} hours",
    ):
        assert words in PAGE, words
