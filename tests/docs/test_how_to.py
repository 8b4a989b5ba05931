"""Promise: how-tos, explanations and the runbook speak of what there is: reasons, alarms, fields, columns, tests."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from chem_endpoints.client.capacity import PROBE_SECONDS, WAKE_SECONDS
from chem_endpoints.client.fates import UNSENT
from chem_endpoints.spec.asynchronous import AsyncAlarms, BacklogScaling
from chem_endpoints.spec.component import ComponentAlarms
from chem_endpoints.spec.parsing import parse_endpoint
from chem_endpoints.spec.realtime import RealtimeAlarms
from chem_endpoints.spec.serverless import ServerlessAlarms
from chem_endpoints.wire.columns import INTERVALS, Reason
from constructs_lib import alarms
from constructs_lib.alarm_rule import RUNBOOK, AlarmRule, Severity
from container.server.log import METRICS
from page_fences import ROOT, page

PAGES = sorted(path for folder in ("how-to", "explanation") for path in (ROOT / "docs" / folder).glob("*.md"))
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]


def rules() -> dict[str, AlarmRule]:
    """Every alarm that any kind can have, by its key."""
    of_answers = [
        *alarms.realtime_alarms(RealtimeAlarms()),
        *alarms.serverless_alarms(ServerlessAlarms()),
        *alarms.component_alarms(ComponentAlarms()),
        *alarms.async_alarms(AsyncAlarms()),
    ]
    driving = [alarms.BACKLOG_WAKE, alarms.COPY_WAKE, alarms.backlog_sleep(BacklogScaling())]
    return {rule.key: rule for rule in (*of_answers, *alarms.rollback_alarms(of_answers), *driving)}


def sections(text: str) -> dict[str, str]:
    """Heading → what stands below it."""
    _, *parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_reason_of_an_empty_row_is_explained_and_no_other() -> None:
    told = re.findall(r"^\| `(\w+)` \|", page("docs/how-to/why-is-my-row-empty.md").text, re.MULTILINE)
    assert told == [*sorted(Reason, key=told.index), UNSENT.partition(":")[0]]


def test_every_interval_has_its_share() -> None:
    text = page("docs/how-to/read-intervals.md").text
    told = re.findall(r"^\| `(q_\d+)`, `(q_\d+)` \| (\d+) %", text, re.MULTILINE)
    assert {int(share) / 100: (low, high) for low, high, share in told} == INTERVALS


def test_the_wait_for_a_sleeping_endpoint_is_the_clients() -> None:
    text = page("docs/how-to/scale-to-zero.md").text
    assert (PROBE_SECONDS, WAKE_SECONDS) == (10, 20 * 60)
    assert "every ten seconds for up to 20 minutes" in text


def test_the_runbook_has_a_section_for_every_alarm_with_its_severity() -> None:
    told = {key: text for key, text in sections(page(RUNBOOK).text).items() if key != "First look"}
    assert sorted(told) == sorted(rules())
    for key, rule in rules().items():
        assert told[key].lstrip().startswith(f"**{rule.severity}.**"), key


def test_the_runbook_says_when_to_wake_somebody() -> None:
    told = sections(page(RUNBOOK).text)
    wake = {"page": "wake", "ticket": "woken", "none": "Not a fault"}
    assert set(wake) == set(get_args(Severity))
    assert not [key for key, rule in rules().items() if wake[rule.severity].lower() not in told[key].lower()]


def test_the_runbook_names_fields_that_declarations_have() -> None:
    kinds = (RealtimeAlarms, ServerlessAlarms, ComponentAlarms, AsyncAlarms)
    fields = {name for kind in kinds for name in kind.model_fields}
    told = set(re.findall(r"`alarms\.(\w+)`", page(RUNBOOK).text))
    assert told
    assert told <= fields


def test_the_runbook_names_fields_that_log_lines_have() -> None:
    source = (ROOT / "container/server/log.py").read_text(encoding="utf-8")
    told = re.search(r"Each request is one JSON line: (.+?)\. What", page(RUNBOOK).text, re.DOTALL)
    assert told is not None
    names = re.findall(r"`(\w+)`", told[1])
    assert len(names) > len(METRICS) / 2
    assert not [name for name in names if name not in METRICS and f'"{name}": record.{name}' not in source]


@pytest.mark.parametrize("name", NAMES)
def test_every_test_that_a_page_names_is_there(name: str) -> None:
    for line in page(name).text.splitlines():
        files = [ROOT / path for path in re.findall(r"`(tests/[\w/]+(?:\.py)?)`", line)]
        assert not [file for file in files if not file.exists()]
        named = re.findall(r"`(test_\w+)`", line)
        sources = [file.read_text(encoding="utf-8") for file in files if file.is_file()]
        if sources:
            assert not [test for test in named if not any(f"def {test}(" in source for source in sources)]
    everywhere = set(re.findall(r"`(test_\w+)`", page(name).text))
    written = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert not [test for test in everywhere if f"def {test}(" not in written]


def declarations() -> list[Any]:
    """The YAML of the pages that declares how an endpoint serves."""
    found = [
        (name, number, yaml.safe_load(fence.body))
        for name in NAMES
        for number, fence in enumerate(page(name).fences)
        if fence.language == "yaml"
    ]
    return [pytest.param(body, id=f"{Path(name).stem}-{n}") for name, n, body in found if "serving" in body]


@pytest.mark.parametrize("declared", declarations())
def test_what_a_page_declares_is_taken(declared: dict[str, Any]) -> None:
    model = {"artifact": "s3://models/a.tar.gz", "sha256": "a" * 64}
    assert parse_endpoint({"name": "shown-v1", "owner": "docs", "model": model, **declared}).name == "shown-v1"
