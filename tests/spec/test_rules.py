"""Promise: every rule between two values refuses what contradicts itself and accepts its neighbour."""

from typing import Any

import pytest

from chem_endpoints.spec import rules
from chem_endpoints.spec.parsing import parse_endpoint
from written_declarations import Declaration, changed, mistakes

MODEL = {"artifact": "s3://models/logs-v2.tar.gz", "sha256": "b" * 64}
OTHER: dict[str, Any] = {"name": "other", "model": MODEL, "instance_type": "ml.c7i.large"}
GPU: dict[str, Any] = {"instance_type": "ml.g5.xlarge", "model": {**MODEL, "image": "deep-gpu"}}
FOLLOWED = {"max": 4, "invocations_per_instance": 5}
COPIES = {"max": 4, "invocations_per_copy": 5}
MONITOR = {"baseline": {"statistics": "s3://models/s.json", "constraints": "s3://models/c.json"}}
NIGHT = {"name": "night", "cron": "0 19 ? * * *", "min": 1, "max": 1}

Fields = dict[str, object]
CASES: list[tuple[str, str, Fields, Fields, str]] = [
    # rule, kind, accepted, refused, the line of the refused one
    (
        "_images_fit_the_instances",
        "realtime",
        {"model.image": "deep-gpu", "serving.instance_type": "ml.g5.xlarge"},
        {"model.image": "deep-gpu"},
        "serving.instance_type: has no GPU, but model.image is deep-gpu; choose for example ml.g5.xlarge",
    ),
    (
        "_images_fit_the_instances",
        "realtime",
        {"serving.variants": [{**OTHER, **GPU}]},
        {"serving.variants": [OTHER, {**OTHER, **GPU, "name": "third", "model": MODEL}]},
        "serving.variants.1.instance_type: has a GPU that image base cannot use; choose serving.variants.1.model.image",
    ),
    (
        "_images_fit_the_instances",
        "realtime",
        {"serving.shadow": {**OTHER, **GPU}},
        {"serving.shadow": {**OTHER, "model": {**MODEL, "image": "deep-gpu"}}},
        "serving.shadow.instance_type: has no GPU, but serving.shadow.model.image is deep-gpu",
    ),
    (
        "_serverless_has_no_gpu",
        "serverless",
        {"model.image": "deep"},
        {"model.image": "deep-gpu"},
        "model.image: needs a GPU, which serverless endpoints do not have; use deep, or declare kind: realtime",
    ),
    (
        "_burstable_types_do_not_scale",
        "realtime",
        {"serving.variants": [{**OTHER, "instance_type": "ml.t2.medium"}]},
        {
            "serving.scaling": FOLLOWED,
            "serving.variants": [{**OTHER, "instance_type": "ml.t2.medium", "scaling": FOLLOWED}],
        },
        "serving.variants.0.instance_type: cannot autoscale, because it is burstable",
    ),
    (
        "_minimum_is_below_maximum",
        "inference_component",
        {"serving.instances": {"min": 2, "max": 2}},
        {"serving.instances": {"min": 2, "max": 1}},
        "serving.instances.max: must be at least serving.instances.min, which is 2 (got 1)",
    ),
    (
        "_minimum_is_below_maximum",
        "realtime",
        {"serving.scaling": {**FOLLOWED, "schedule": [NIGHT]}},
        {"serving.scaling": {**FOLLOWED, "schedule": [NIGHT, {**NIGHT, "name": "day", "min": 3}]}},
        "serving.scaling.schedule.1.max: must be at least serving.scaling.schedule.1.min, which is 3 (got 1)",
    ),
    (
        "_minimum_is_below_maximum",
        "realtime",
        {"serving.scaling": FOLLOWED, "serving.variants": [{**OTHER, "scaling": {**FOLLOWED, "min": 4}}]},
        {"serving.scaling": FOLLOWED, "serving.variants": [{**OTHER, "scaling": {**FOLLOWED, "min": 5}}]},
        "serving.variants.0.scaling.max: must be at least serving.variants.0.scaling.min, which is 5 (got 4)",
    ),
    (
        "_only_some_kinds_reach_zero",
        "realtime",
        {"serving.scaling": FOLLOWED, "serving.variants": [{**OTHER, "scaling": {**FOLLOWED, "min": 1}}]},
        {"serving.scaling": FOLLOWED, "serving.variants": [{**OTHER, "scaling": {**FOLLOWED, "min": 0}}]},
        "serving.variants.0.scaling.min: must be at least 1 for realtime",
    ),
    (
        "_first_instances_lie_within_the_scaling",
        "inference_component",
        {"serving.copies": 4, "serving.scaling": COPIES, "serving.instances": {"max": 4}},
        {"serving.copies": 5, "serving.scaling": COPIES, "serving.instances": {"max": 4}},
        "serving.copies: must be at most serving.scaling.max, which is 4 (got 5)",
    ),
    (
        "_first_instances_lie_within_the_scaling",
        "serverless",
        {"serving.provisioned_concurrency": 2, "serving.scaling": {"min": 2, "max": 4}},
        {"serving.provisioned_concurrency": 1, "serving.scaling": {"min": 2, "max": 4}},
        "serving.provisioned_concurrency: must be at least serving.scaling.min, which is 2 (got 1)",
    ),
    (
        "_sections_belong_to_the_kind",
        "realtime",
        {"serving.capture": {}},
        {"serving.retain": {}},
        "serving.retain: AWS does not offer it for realtime endpoints",
    ),
    (
        "_splitting_needs_instances",
        "realtime",
        {"serving.deployment": {"strategy": "canary"}, "serving.initial_instances": 2},
        {"serving.deployment": {"strategy": "canary"}, "serving.initial_instances": 1},
        "serving.initial_instances: must be at least 2, because a canary step is at most half of the instances",
    ),
    (
        "_splitting_needs_instances",
        "async",
        {"serving.deployment": {"strategy": "linear"}, "serving.scaling": {"max": 2}},
        {"serving.deployment": {"strategy": "linear"}, "serving.scaling": {"max": 1}},
        "serving.scaling.max: must be at least 2, because a linear step is at most half of the instances (got 1)",
    ),
    (
        "_splitting_needs_instances",
        "realtime",
        {"serving.deployment": {"strategy": "linear"}, "serving.variants": [OTHER]},
        {"serving.deployment": {"strategy": "rolling"}, "serving.variants": [OTHER]},
        "serving.deployment.strategy: AWS does not roll endpoints with several variants; use canary or linear",
    ),
    (
        "_splitting_needs_instances",
        "realtime",
        {"serving.deployment": {"strategy": "canary"}, "serving.scaling": {**FOLLOWED, "min": 2}},
        {"serving.deployment": {"strategy": "canary"}, "serving.scaling": {**FOLLOWED, "min": 1}},
        "serving.scaling.min: must be at least 2, because a canary step is at most half of the instances (got 1)",
    ),
    (
        "_splitting_needs_instances",
        "async",
        {"serving.deployment": {"strategy": "canary"}, "serving.scaling": {"min": 0, "max": 2}},
        {"serving.deployment": {"strategy": "canary"}, "serving.scaling": {"min": 1, "max": 2}},
        "serving.scaling.min: must be at least 2, because a canary step is at most half of the instances (or 0: an",
    ),
    (
        "_splitting_needs_instances",
        "realtime",
        {"serving.deployment": {"strategy": "canary"}, "serving.shadow": OTHER},
        {"serving.deployment": {"strategy": "rolling"}, "serving.shadow": OTHER},
        "serving.deployment.strategy: AWS does not roll endpoints with several variants; use canary or linear",
    ),
    (
        "_variants_scale_together",
        "realtime",
        {"serving.scaling": FOLLOWED, "serving.variants": [{**OTHER, "scaling": {**FOLLOWED, "min": 4}}]},
        {"serving.scaling": FOLLOWED, "serving.variants": [OTHER]},
        "serving.variants.0.scaling: is needed as soon as one variant scales",
    ),
    (
        "_one_production_variant_beside_a_shadow",
        "realtime",
        {"serving.shadow": OTHER},
        {"serving.shadow": OTHER, "serving.variants": [{**OTHER, "name": "third"}]},
        "serving.shadow: AWS allows one production variant beside a shadow",
    ),
    (
        "_some_variant_gets_traffic",
        "realtime",
        {"serving.weight": 0, "serving.variants": [OTHER]},
        {"serving.weight": 0, "serving.variants": [{**OTHER, "weight": 0}]},
        "serving.weight: must be more than 0 for at least one variant, or nobody answers (got 0)",
    ),
    (
        "_monitor_watches_a_capture",
        "realtime",
        {"serving.monitor": MONITOR, "serving.capture": {}},
        {"serving.monitor": MONITOR},
        "serving.monitor: compares captured requests, and nothing is captured; declare serving.capture too",
    ),
    (
        "_concurrency_fits",
        "serverless",
        {"serving.max_concurrency": 3, "serving.provisioned_concurrency": 3},
        {"serving.max_concurrency": 3, "serving.provisioned_concurrency": 4},
        "serving.provisioned_concurrency: must be at most serving.max_concurrency, which is 3 (got 4)",
    ),
    (
        "_concurrency_fits",
        "serverless",
        {"serving.provisioned_concurrency": 1, "serving.scaling": {"max": 5}, "serving.max_concurrency": 5},
        {"serving.provisioned_concurrency": 1, "serving.scaling": {"max": 6}, "serving.max_concurrency": 5},
        "serving.scaling.max: must be at most serving.max_concurrency, which is 5 (got 6)",
    ),
    (
        "_concurrency_fits",
        "serverless",
        {"serving.provisioned_concurrency": 1, "serving.scaling": {"max": 2}},
        {"serving.scaling": {"max": 2}},
        "serving.scaling: scales serving.provisioned_concurrency, which is not declared",
    ),
    (
        "_copies_fit_the_instance",
        "inference_component",
        {"serving.memory_mb": 3072, "serving.instance_type": "ml.g5.xlarge", "model.image": "deep-gpu"},
        {"serving.memory_mb": 4096, "serving.instance_type": "ml.g5.xlarge", "model.image": "deep-gpu"},
        "serving.memory_mb: must be at most 3072, the part of ml.g5.xlarge that copies may use",
    ),
    (
        "_copies_find_a_place",
        "inference_component",
        {"serving.scaling": COPIES, "serving.instances": {"max": 4}},
        {"serving.scaling": COPIES, "serving.instances": {"max": 3}},
        "serving.scaling.max: must be at most 3: that many copies find a place on 3 ml.c7i.xlarge; raise",
    ),
    (
        "_copies_find_a_place",
        "inference_component",
        {"serving.cpu_cores": 4},
        {"serving.cpu_cores": 4.5},
        "serving.cpu_cores: ml.c7i.xlarge has 4; choose a larger type (got 4.5)",
    ),
    (
        "_copies_find_a_place",
        "inference_component",
        {"serving.scaling": {**COPIES, "max": 1}},
        {"serving.scaling": {**COPIES, "max": 1}, "serving.accelerators": 1},
        "serving.accelerators: ml.c7i.xlarge has 0; choose a larger type (got 1)",
    ),
    (
        "_copies_have_instances",
        "inference_component",
        {"serving.instances": {"min": 1, "max": 4}, "serving.scaling": {**COPIES, "min": 1}},
        {"serving.instances": {"min": 0, "max": 4}, "serving.scaling": {**COPIES, "min": 1}},
        "serving.instances.min: must be at least 1, because serving.scaling.min keeps 1 running (got 0)",
    ),
]
IDS = [f"{rule.strip('_')}-{kind}-{number}" for number, (rule, kind, *_) in enumerate(CASES)]


@pytest.fixture
def shortest(
    realtime: Declaration, asynchronous: Declaration, serverless: Declaration, component: Declaration
) -> dict[str, Declaration]:
    """The shortest declaration of each kind."""
    return {"realtime": realtime, "async": asynchronous, "serverless": serverless, "inference_component": component}


@pytest.mark.parametrize(("rule", "kind", "accepted", "refused", "line"), CASES, ids=IDS)
def test_a_rule_accepts_and_refuses(
    shortest: dict[str, Declaration], rule: str, kind: str, accepted: Fields, refused: Fields, line: str
) -> None:
    assert parse_endpoint(changed(shortest[kind], *accepted.items())).serving.kind == kind
    (found,) = mistakes(changed(shortest[kind], *refused.items()))
    assert found.startswith(line)


def test_every_rule_has_a_case() -> None:
    assert {rule.__name__ for rule in rules._RULES} == {rule for rule, *_ in CASES}


@pytest.mark.parametrize(
    ("cron", "problem"),
    [
        ("0 7 * * *", "must have six fields"),
        ("0  7 ? * MON *", "must have six fields"),
        ("0 7 * * MON-FRI *", 'needs "?" for either the day of month or the day of week'),
        ("0 7 ? * ? *", 'needs "?" for either the day of month or the day of week'),
        ("a b ? * MON ;", "must have six fields"),
    ],
)
def test_a_cron_expression_that_aws_refuses(realtime: Declaration, cron: str, problem: str) -> None:
    schedule = [{**NIGHT, "cron": cron}]
    (line,) = mistakes(changed(realtime, ("serving.scaling", {**FOLLOWED, "schedule": schedule})))
    assert line.startswith(f"serving.scaling.schedule.0.cron: {problem}")


@pytest.mark.parametrize("timezone", ["Europe/Zurch", "CEST+1", ""])
def test_a_time_zone_that_nobody_knows(realtime: Declaration, timezone: str) -> None:
    schedule = [{**NIGHT, "timezone": timezone}]
    (line,) = mistakes(changed(realtime, ("serving.scaling", {**FOLLOWED, "schedule": schedule})))
    assert line.startswith("serving.scaling.schedule.0.timezone: must be a time zone such as Europe/Zurich or UTC")


def test_two_entries_of_a_schedule_have_two_names(realtime: Declaration) -> None:
    (line,) = mistakes(changed(realtime, ("serving.scaling", {**FOLLOWED, "schedule": [NIGHT, NIGHT]})))
    assert line == "serving.scaling.schedule: has night more than once; a name tells the entries apart"


@pytest.mark.parametrize(
    ("kind", "deployment", "line"),
    [
        ("realtime", {"strategy": "canary", "percent": 51}, "serving.deployment.percent: must be at most 50 (got 51)"),
        ("realtime", {"strategy": "canary", "percent": 9}, "serving.deployment.percent: must be at least 10 (got 9)"),
        (
            "realtime",
            {"strategy": "canary", "wait_minutes": 1},
            "serving.deployment.wait_minutes: must be at least 2 (got 1)",
        ),
        (
            "realtime",
            {"strategy": "linear", "percent": 10, "wait_minutes": 25},
            "serving.deployment: waits 250 minutes in all (10 steps), and AWS gives an update up after 8 hours",
        ),
        ("realtime", {"strategy": "blue"}, "serving.deployment.strategy: must be 'all_at_once', 'canary', 'linear'"),
    ],
)
def test_limits_of_a_deployment(
    shortest: dict[str, Declaration], kind: str, deployment: dict[str, object], line: str
) -> None:
    (found,) = mistakes(changed(shortest[kind], ("serving.deployment", deployment)))
    assert found.startswith(line)


@pytest.mark.parametrize(
    ("kind", "fields", "line"),
    [
        ("realtime", {"serving.variants": [OTHER, OTHER]}, "serving.variants: has other more than once"),
        (
            "realtime",
            {"serving.variants": [{**OTHER, "weight": -1}]},
            "serving.variants.0.weight: must be at least 0",
        ),
        (
            "realtime",
            {"serving.variants": [{**OTHER, "name": "AllTraffic"}]},
            "serving.variants.0.name: ",
        ),
        (
            "realtime",
            {"serving.variants": [OTHER, {**OTHER, "name": "b", "model": {**MODEL, "sha256": "B"}}]},
            "serving.variants.1.model.sha256: must be 64 lower-case hex digits",
        ),
        ("realtime", {"serving.shadow": {**OTHER, "percent": 0}}, "serving.shadow.percent: must be at least 1 (got 0)"),
        (
            "realtime",
            {"serving.metrics": {"every_seconds": 20}},
            "serving.metrics.every_seconds: must be one of 10, 30",
        ),
        ("serverless", {"serving.memory_mb": 1500}, "serving.memory_mb: must be one of 1024, 2048, 3072, 4096"),
        ("serverless", {"serving.max_concurrency": 201}, "serving.max_concurrency: must be at most 200 (got 201)"),
        ("inference_component", {"serving.copies": 0}, "serving.copies: must be at least 1 (got 0)"),
        (
            "inference_component",
            {"serving.capture": {}},
            "serving.capture.unverified: is missing. Add it: Must be true",
        ),
        (
            "inference_component",
            {"serving.scaling": {"max": 2}},
            "serving.scaling: must name exactly one of invocations_per_copy, concurrent_requests_per_copy; it names",
        ),
        (
            "realtime",
            {"serving.scaling": {**FOLLOWED, "cpu_percent": 60}},
            "serving.scaling: must name exactly one of invocations_per_instance, cpu_percent, concurrent_requests; it "
            "names invocations_per_instance and cpu_percent",
        ),
    ],
)
def test_values_of_the_sections_of_a_kind(
    shortest: dict[str, Declaration], kind: str, fields: Fields, line: str
) -> None:
    (found,) = mistakes(changed(shortest[kind], *fields.items()))
    assert found.startswith(line)


def test_mistakes_inside_lists_are_reported_together_with_their_places(realtime: Declaration) -> None:
    declared = changed(
        realtime,
        ("name", "Logs"),
        ("serving.scaling", {**FOLLOWED, "min": 5, "schedule": [{**NIGHT, "cron": "daily", "min": 2, "max": 2}]}),
        (
            "serving.variants",
            [
                {**OTHER, "model": {**MODEL, "sha256": "x"}, "scaling": {**FOLLOWED, "min": 2}},
                {**OTHER, "name": "b", **GPU, "model": MODEL, "scaling": {**FOLLOWED, "min": 2}},
            ],
        ),
        ("serving.deployment", {"strategy": "rolling"}),
    )
    assert sorted(line.partition(": ")[0] for line in mistakes(declared)) == [
        "name",
        "serving.deployment.strategy",
        "serving.scaling.max",
        "serving.scaling.schedule.0.cron",
        "serving.variants.0.model.sha256",
        "serving.variants.1.instance_type",
    ]
