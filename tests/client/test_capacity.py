"""Promise: an endpoint that sleeps is waited for, in words, for as long as the caller wants and no longer."""

from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.client.capacity import PROBE_SECONDS, CapacityWait
from chem_endpoints.client.description import kind_of
from chem_endpoints.client.wakes import KEPT, WakeHistory
from chem_endpoints.errors import NoCapacityError

ASLEEP = NoCapacityError("no copy of the model runs at present")


@pytest.fixture
def history(tmp_path: Path) -> WakeHistory:
    return WakeHistory(path=tmp_path / "new" / "wakes.json")


def waiting(history: WakeHistory, lines: list[str], seconds: float = 1000) -> CapacityWait:
    return CapacityWait(name="logs-v1", seconds=seconds, tell=lines.append, history=history)


def test_a_sleeping_endpoint_is_probed_every_ten_seconds_and_it_is_said_once_a_minute(history: WakeHistory) -> None:
    lines: list[str] = []
    wait, now = waiting(history, lines), 0.0
    for _ in range(13):
        assert wait.pause(ASLEEP, now) == PROBE_SECONDS
        now += PROBE_SECONDS
    assert [line.rpartition("(")[2] for line in lines] == [
        "0 of at most 1000 s)",
        "60 of at most 1000 s)",
        "120 of at most 1000 s)",
    ]
    assert lines[0].startswith("logs-v1 sleeps: waiting for auto scaling to start a copy of the model, which takes")


def test_the_line_says_how_long_such_starts_took_before(history: WakeHistory) -> None:
    for seconds in (300.0, 400.0, 900.0):
        wait = waiting(history, [])
        wait.pause(ASLEEP, 0.0)
        wait.over(seconds)
    lines: list[str] = []
    waiting(history, lines).pause(ASLEEP, 0.0)
    assert "such a start took 400 s before" in lines[0]
    assert WakeHistory(path=history.path).typical("another") is None


def test_only_the_last_wakes_are_remembered(history: WakeHistory) -> None:
    for number in range(KEPT + 5):
        history.add("logs-v1", float(number))
    assert history.typical("logs-v1") == 5 + (KEPT - 1) / 2


@pytest.mark.parametrize("contents", ["", "[]", '{"logs-v1": ["x"]}', '{"logs-v1": 3}'])
def test_a_broken_file_of_wakes_harms_nothing(history: WakeHistory, contents: str) -> None:
    history.path.parent.mkdir()
    history.path.write_text(contents)
    assert history.typical("logs-v1") is None
    history.add("logs-v1", 5.0)
    assert history.typical("logs-v1") == 5.0


def test_patience_ends(history: WakeHistory) -> None:
    wait = waiting(history, [], seconds=25)
    wait.pause(ASLEEP, 0.0)
    wait.pause(ASLEEP, 10.0)
    with pytest.raises(NoCapacityError, match=r"no copy of the model runs at present; waited 20 s for one. Wait"):
        wait.pause(ASLEEP, 20.0)


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({"ProductionVariants": [{"ModelName": "m"}]}, "realtime"),
        ({"ProductionVariants": [{"ModelName": "m"}], "AsyncInferenceConfig": {"OutputConfig": {}}}, "async"),
        ({"ProductionVariants": [{"ModelName": "m", "ServerlessConfig": {}}]}, "serverless"),
        ({"ProductionVariants": [{"VariantName": "v"}]}, "inference_component"),
    ],
)
def test_the_kind_is_told_by_the_configuration(config: dict[str, Any], kind: str) -> None:
    assert kind_of(config) == kind
