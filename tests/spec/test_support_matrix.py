"""Promise: what AWS does not offer for a kind is refused with the source and an alternative, cell by cell."""

from dataclasses import fields
from typing import Any

import pytest

from chem_endpoints.spec.parsing import parse_endpoint
from chem_endpoints.spec.rules import SECTION_ROWS
from chem_endpoints.spec.support_matrix import SUPPORT, Cell, Kind, KindSupport
from written_declarations import changed, mistakes

MODEL = {"artifact": "s3://models/logs-v1.tar.gz", "sha256": "a" * 64}
OTHER = {"name": "other", "model": MODEL, "instance_type": "ml.c7i.large"}
MONITOR = {"baseline": {"statistics": "s3://models/s.json", "constraints": "s3://models/c.json"}}

SHORTEST: dict[Kind, dict[str, Any]] = {
    "realtime": {"instance_type": "ml.c7i.large"},
    "async": {"instance_type": "ml.c7i.large"},
    "serverless": {},
    "inference_component": {"instance_type": "ml.c7i.xlarge"},
}
SCALING: dict[Kind, dict[str, Any]] = {
    "realtime": {"min": 1, "max": 4, "invocations_per_instance": 5},
    "async": {"max": 4},
    "serverless": {"max": 4},
    "inference_component": {"max": 1, "invocations_per_copy": 5},
}
ASKED: dict[str, list[tuple[str, Any]]] = {
    "instances": [("instance_type", "ml.c7i.large"), ("initial_instances", 1)],
    "vpc": [("vpc", True)],
    "isolation": [("isolation", True)],
    "data_capture": [("capture", {"percent": 10})],
    "monitor": [("monitor", MONITOR)],
    "retained_objects": [("retain", {"input_days": 7})],
    "variants": [("variants", [OTHER])],
    "shadow": [("shadow", OTHER)],
    "enhanced_metrics": [("metrics", {"every_seconds": 60})],
    "all_at_once": [("deployment", {"strategy": "all_at_once"})],
    "canary": [("deployment", {"strategy": "canary"})],
    "linear": [("deployment", {"strategy": "linear"})],
    "rolling": [("deployment", {"strategy": "rolling"})],
}
"""What a declaration writes to ask for a row of the table."""


def declared(kind: Kind, **serving: Any) -> dict[str, Any]:
    written = {"kind": kind, **SHORTEST[kind], **serving}
    return {"name": "logs-v1", "owner": "admet-platform", "model": MODEL, "serving": written}


def cells(kind: Kind) -> dict[str, Cell[object]]:
    return {field.name: getattr(SUPPORT[kind], field.name) for field in fields(SUPPORT[kind])}


ROWS = [field.name for field in fields(KindSupport) if isinstance(getattr(SUPPORT["realtime"], field.name).value, bool)]
REFUSED = [
    pytest.param(kind, row, key, value, id=f"{kind}-{row}-{key}")
    for kind in SUPPORT
    for row, asked in ASKED.items()
    if not cells(kind)[row].value
    for key, value in asked
]
OFFERED = [
    pytest.param(kind, row, id=f"{kind}-{row}")
    for kind in SUPPORT
    for row in ASKED
    if cells(kind)[row].value and row not in {"data_capture", "monitor", "instances"}
]


@pytest.mark.parametrize(("kind", "row", "key", "value"), REFUSED)
def test_what_aws_does_not_offer_is_refused_with_source_and_alternative(
    kind: Kind, row: str, key: str, value: object
) -> None:
    cell: Cell[bool] = getattr(SUPPORT[kind], row)
    reason = f"AWS does not offer it for {kind} endpoints ({cell.source}); {cell.instead}"
    # Enough instances to split, so that the strategy is all that is wrong.
    room = {"scaling": SCALING[kind]} if key == "deployment" and kind == "async" else {}
    lines = mistakes(declared(kind, **{key: value}, **room))
    path = f"serving.{key}"
    assert [line for line in lines if line in (f"{path}: {reason}", f"{path}.strategy: {reason}")], lines
    assert len(lines) == 1, lines


@pytest.mark.parametrize(("kind", "row"), OFFERED)
def test_what_aws_offers_is_accepted(kind: Kind, row: str) -> None:
    written = declared(kind, **dict(ASKED[row]))
    if row in {"canary", "linear", "rolling"} and kind == "async":
        written = changed(written, ("serving.scaling", {"max": 2}))
    assert parse_endpoint(written).serving.kind == kind


def test_capture_and_monitor_are_accepted_where_aws_offers_them() -> None:
    assert parse_endpoint(declared("realtime", capture={"percent": 10}, monitor=MONITOR)).name == "logs-v1"
    assert parse_endpoint(declared("inference_component", capture={"unverified": True})).name == "logs-v1"


@pytest.mark.parametrize("kind", SUPPORT)
def test_zero_is_refused_with_the_alternative_where_the_kind_cannot_reach_it(kind: Kind) -> None:
    first = {"provisioned_concurrency": 2} if kind == "serverless" else {}
    asleep = declared(kind, scaling={**SCALING[kind], "min": 0}, **first)
    by_night = {"name": "night", "cron": "0 19 ? * * *", "min": 0, "max": 1}
    scheduled = declared(kind, scaling={**SCALING[kind], "schedule": [by_night]}, **first)
    cell = SUPPORT[kind].scale_to_zero
    if cell.value:
        assert parse_endpoint(asleep).name == parse_endpoint(scheduled).name == "logs-v1"
        return
    reason = f"must be at least 1 for {kind}: {cell.instead} (got 0)"
    assert mistakes(asleep) == [f"serving.scaling.min: {reason}"]
    assert mistakes(scheduled) == [f"serving.scaling.schedule.0.min: {reason}"]


@pytest.mark.parametrize("kind", [kind for kind in SUPPORT if SUPPORT[kind].instances.value])
def test_burstable_instances_do_not_scale(kind: Kind) -> None:
    written = changed(declared(kind, scaling=SCALING[kind]), ("serving.instance_type", "ml.t2.xlarge"))
    advice = SUPPORT[kind].burstable_autoscaling.instead
    assert mistakes(written) == [
        f"serving.instance_type: cannot autoscale, because it is burstable: {advice} (got 'ml.t2.xlarge')"
    ]


def test_every_row_that_a_declaration_can_ask_for_is_asked_for_here() -> None:
    elsewhere = {"scale_to_zero", "burstable_autoscaling", "scaling"}
    assert set(ROWS) == set(ASKED) | elsewhere
    assert set(SECTION_ROWS.values()) <= set(ASKED)
    assert all(SUPPORT[kind].scaling.value for kind in SUPPORT), "a kind that cannot scale needs a test here"


@pytest.mark.parametrize("kind", SUPPORT)
def test_each_cell_names_its_source_and_each_refusal_an_alternative(kind: Kind) -> None:
    assert all(cell.source for cell in cells(kind).values())
    assert not [row for row, cell in cells(kind).items() if cell.value is False and not cell.instead]


def test_what_separates_the_kinds() -> None:
    realtime, asynchronous = SUPPORT["realtime"], SUPPORT["async"]
    assert (realtime.data_capture.value, asynchronous.data_capture.value) == (True, False)
    assert (realtime.scale_to_zero.value, asynchronous.scale_to_zero.value) == (False, True)
    assert (realtime.response_seconds.value, asynchronous.response_seconds.value) == (60, 3600)
    assert (realtime.queue_seconds.value, asynchronous.queue_seconds.value) == (0, 6 * 3600)
    assert (realtime.request_bytes.value, asynchronous.request_bytes.value) == (25 * 1024**2, 1024**3)
    assert (realtime.inline_request_bytes.value, asynchronous.inline_request_bytes.value) == (25 * 1024**2, 128_000)
    assert SUPPORT["serverless"].request_bytes.value == 4 * 1024**2
    assert SUPPORT["inference_component"].scale_to_zero.value
