"""Every rule of a declaration, by the line that its author reads."""

from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from chem_endpoints.spec.asynchronous import BacklogScaling
from chem_endpoints.spec.endpoint_spec import AsyncSpec, RealtimeSpec
from chem_endpoints.spec.parsing import InvalidDeclarationError, parse_endpoint

Declaration = dict[str, Any]


def changed(declared: Declaration, field: str, value: object) -> Declaration:
    """The declaration with one field set."""
    copy = deepcopy(declared)
    section = copy
    *path, key = field.split(".")
    for name in path:
        section = section.setdefault(name, {})
    section[key] = value
    return copy


def mistakes(declared: Declaration) -> list[str]:
    with pytest.raises(InvalidDeclarationError) as caught:
        parse_endpoint(declared)
    return [violation.in_file("x.yaml").removeprefix("x.yaml: ") for violation in caught.value.violations]


def test_the_shortest_realtime_declaration_gets_the_documented_defaults(realtime: Declaration) -> None:
    spec = parse_endpoint(realtime)
    assert isinstance(spec, RealtimeSpec)
    assert spec.model.image == "base"
    assert not spec.model.is_local
    assert spec.serving.first_instances == 1
    assert spec.serving.scaling is None
    assert spec.serving.capture is None
    assert spec.client.model_dump() == {"rows_per_chunk": None, "max_in_flight": 4, "invocation_timeout_s": 60}
    assert spec.client.request_seconds == 50
    assert spec.alarms.model_dump() == {"error_percent": 1.0, "p99_latency_ms": 10_000, "disk_percent": 75}


def test_the_shortest_async_declaration_sleeps_by_default(asynchronous: Declaration) -> None:
    spec = parse_endpoint(asynchronous)
    assert isinstance(spec, AsyncSpec)
    assert spec.serving.scaling == BacklogScaling(min=0, max=1, backlog_per_instance=5, idle_minutes=10)
    assert spec.serving.first_instances == 1
    assert spec.serving.retain.model_dump() == {"input_days": 7, "output_days": 7}
    assert spec.client.request_seconds == 3500
    assert spec.alarms.oldest_request_minutes == 30


def test_a_scaled_endpoint_starts_with_its_minimum(realtime: Declaration, asynchronous: Declaration) -> None:
    scaling = {"min": 2, "max": 4, "invocations_per_instance": 100}
    assert parse_endpoint(changed(realtime, "serving.scaling", scaling)).serving.first_instances == 2
    assert parse_endpoint(changed(asynchronous, "serving.scaling", {"min": 3, "max": 4})).serving.first_instances == 3


def test_a_short_timeout_leaves_the_server_most_of_it(realtime: Declaration) -> None:
    spec = parse_endpoint(changed(realtime, "client.invocation_timeout_s", 12))
    assert spec.client.request_seconds == 10


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", "Logs_V1", "name: must be 1 to 63 lower-case letters"),
        ("name", "a" * 64, "name: must be 1 to 63 lower-case letters"),
        ("name", "-logs", "name: must be 1 to 63 lower-case letters"),
        ("name", "foundation", "name: is the name of one of our own stacks; choose another"),
        ("owner", "", "owner: must be 1 to 256 letters"),
        ("owner", "a,b", "owner: must be 1 to 256 letters"),
        ("owner", "a\nb", "owner: must be 1 to 256 letters"),
        ("owner", "a\tb", "owner: must be 1 to 256 letters"),
        ("owner", "  ", "owner: must be 1 to 256 letters"),
        ("description", "25 °C", "description: must be at most 500 plain ASCII characters"),
        ("model.artifact", "model.zip", "model.artifact: must end in .tar.gz"),
        ("model.artifact", "https://host/m.tar.gz", "model.artifact: must be a file of this repository or s3://"),
        ("model.artifact", "/models/m.tar.gz", "model.artifact: must be a path from the repository's root"),
        ("model.artifact", "a\0.tar.gz", "model.artifact: must be a path from the repository's root"),
        ("model.artifact", "s3://models/*.tar.gz", "model.artifact: must be a file of this repository or s3://"),
        ("model.artifact", "s3://models/${aws:username}.tar.gz", "model.artifact: must be a file of this repository"),
        ("model.artifact", "s3://..../m.tar.gz", "model.artifact: must name a bucket of 3 to 63 lower-case"),
        ("model.artifact", "s3://mo..dels/m.tar.gz", "model.artifact: must name a bucket of 3 to 63 lower-case"),
        ("model.artifact", "s3://models-/m.tar.gz", "model.artifact: must name a bucket of 3 to 63 lower-case"),
        ("model.artifact", "s3://192.168.0.1/m.tar.gz", "model.artifact: must name a bucket of 3 to 63 lower-case"),
        ("model.sha256", "ABC", "model.sha256: must be 64 lower-case hex digits"),
        ("model.image", "gpu", "model.image: must be 'base', 'deep' or 'deep-gpu' (got 'gpu')"),
        (
            "model.format",
            1,
            "model.format: is not a known key; known keys: artifact, artifact_version, artifact_key, sha256, image",
        ),
        ("serving.instance_type", "c7i.large", "serving.instance_type: must be a SageMaker instance type such as"),
        (
            "serving.instance_type",
            "ml.c7g.large",
            "serving.instance_type: the images are built for x86-64, not for Arm",
        ),
        ("serving.instance_type", "ml.inf2.xlarge", "serving.instance_type: no image runs on Inferentia"),
        ("serving.workers", 0, "serving.workers: must be at least 1 (got 0)"),
        ("serving.workers", True, "serving.workers: must be a whole number (got True)"),
        ("serving.workers", 1.5, "serving.workers: must be a whole number (got 1.5)"),
        ("client.rows_per_chunk", "many", "client.rows_per_chunk: must be a whole number (got 'many')"),
        ("client.rows_per_chunks", 5, "client.rows_per_chunks: is not a known key; did you mean rows_per_chunk?"),
        ("client", 3, "client: must be a section of key: value lines (got 3)"),
        ("callers", "arn", "callers: must be a list (got 'arn')"),
        (
            "callers",
            ["arn:aws:sts::123456789012:assumed-role/x/y"],
            "callers.0: must be the ARN of an IAM role or user",
        ),
        ("tags", {"aws:cost": "1"}, "tags: 'aws:cost' is refused: keys with aws: or chem-endpoints: are reserved"),
        ("tags", {"Chem-Endpoints:wire": "1"}, "tags: 'Chem-Endpoints:wire' is refused: keys with aws:"),
        ("tags", {"": "1"}, "tags: '' is refused: a key has 1 to 128 characters"),
        ("tags", {"cost": "a,b"}, "tags: 'cost' is refused: write letters, digits, spaces"),
        ("tags", {" ": "1"}, "tags: ' ' is refused: a key has 1 to 128 characters, not all of them spaces"),
        ("tags", {"cost": "a\n"}, "tags: 'cost' is refused: write letters, digits, spaces"),
        ("tags", {"a\tb": "1"}, "tags: 'a\\tb' is refused: write letters, digits, spaces"),
        ("tags", {"Team": "a", "team": "b"}, "tags: 'team' and 'Team' differ in case alone; keep one"),
        ("tags", {f"tag{n}": "1" for n in range(41)}, "tags: must be at most 40 tags"),
        ("tags", {"cost-centre": 42}, "tags.cost-centre: must be a text; put it in quotes (got 42)"),
        ("ower", "x", "ower: is not a known key; did you mean owner?"),
    ],
)
def test_values_that_no_kind_accepts(realtime: Declaration, field: str, value: object, expected: str) -> None:
    (line,) = mistakes(changed(realtime, field, value))
    assert line.startswith(expected)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("client.invocation_timeout_s", 61, "client.invocation_timeout_s: must be at most 60 (got 61)"),
        ("serving.instance_type", "ml.g5.xlarge", "serving.instance_type: has a GPU that image base cannot use"),
        ("model.image", "deep-gpu", "serving.instance_type: has no GPU, but model.image is deep-gpu"),
        ("serving.capture", {"percent": 0}, "serving.capture.percent: must be at least 1 (got 0)"),
        ("serving.capture", {"retain_days": 8}, "serving.capture.retain_days: must be one of 1, 3, 7, 14"),
        ("serving.retain", {}, "serving.retain: AWS does not offer it for realtime endpoints"),
        ("alarms.error_percent", 0, "alarms.error_percent: must be more than 0 (got 0)"),
        ("alarms.error_percent", 100, "alarms.error_percent: must be less than 100 (got 100)"),
        ("alarms.disk_percent", 100, "alarms.disk_percent: must be less than 100 (got 100)"),
        ("alarms.p99_latency_ms", 60_001, "alarms.p99_latency_ms: must be at most 60000 (got 60001)"),
        ("serving.workers", 1001, "serving.workers: must be at most 1000 (got 1001)"),
        ("alarms.oldest_request_minutes", 5, "alarms.oldest_request_minutes: is not a known key; known keys: error_"),
        (
            "serving.scaling",
            {"min": 0, "max": 2, "invocations_per_instance": 5},
            "serving.scaling.min: must be at least 1 for realtime: set it to 1 or more, or declare kind: async",
        ),
        (
            "serving.scaling",
            {"min": 3, "max": 2, "invocations_per_instance": 5},
            "serving.scaling.max: must be at least serving.scaling.min, which is 3 (got 2)",
        ),
        (
            "serving.scaling",
            {"max": 2},
            "serving.scaling: must name exactly one of invocations_per_instance, cpu_percent, concurrent_requests;",
        ),
    ],
)
def test_values_that_realtime_refuses(realtime: Declaration, field: str, value: object, expected: str) -> None:
    (line,) = mistakes(changed(realtime, field, value))
    assert line.startswith(expected)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("client.invocation_timeout_s", 3601, "client.invocation_timeout_s: must be at most 3600 (got 3601)"),
        ("serving.capture", {"percent": 100}, "serving.capture: AWS does not offer it for async endpoints"),
        ("serving.retain", {"input_days": 8}, "serving.retain.input_days: must be one of 1, 3, 7, 14"),
        ("serving.scaling", {"min": -1}, "serving.scaling.min: must be at least 0 (got -1)"),
        ("serving.scaling", {"idle_minutes": 1}, "serving.scaling.idle_minutes: must be at least 2 (got 1)"),
        ("serving.scaling", {"min": 2}, "serving.scaling.max: must be at least serving.scaling.min, which is 2"),
        ("serving.initial_instances", 2, "serving.initial_instances: must be at most serving.scaling.max, which is 1"),
        ("serving.instance_type", "ml.t3.large", "serving.instance_type: cannot autoscale, because it is burstable"),
        ("alarms.failure_percent", 100, "alarms.failure_percent: must be less than 100 (got 100)"),
        ("alarms.oldest_request_minutes", 361, "alarms.oldest_request_minutes: must be at most 360 (got 361)"),
        ("alarms.p99_latency_ms", 5, "alarms.p99_latency_ms: is not a known key"),
    ],
)
def test_values_that_async_refuses(asynchronous: Declaration, field: str, value: object, expected: str) -> None:
    (line,) = mistakes(changed(asynchronous, field, value))
    assert line.startswith(expected)


def test_refused_capture_names_the_alternative(asynchronous: Declaration) -> None:
    (line,) = mistakes(changed(asynchronous, "serving.capture", {}))
    assert line.endswith("use serving.retain: it keeps every input and output in S3")


def test_first_instances_below_the_minimum_are_refused(realtime: Declaration) -> None:
    scaling = {"min": 2, "max": 4, "invocations_per_instance": 100}
    (line,) = mistakes(changed(changed(realtime, "serving.scaling", scaling), "serving.initial_instances", 1))
    assert line == "serving.initial_instances: must be at least serving.scaling.min, which is 2 (got 1)"


def test_burstable_types_serve_at_a_fixed_size(realtime: Declaration) -> None:
    burstable = changed(realtime, "serving.instance_type", "ml.t2.medium")
    assert parse_endpoint(burstable).serving.instance_type == "ml.t2.medium"
    (line,) = mistakes(changed(burstable, "serving.scaling", {"max": 2, "invocations_per_instance": 5}))
    assert line.startswith("serving.instance_type: cannot autoscale")


def test_a_gpu_image_on_a_gpu_is_accepted(realtime: Declaration) -> None:
    spec = parse_endpoint(
        changed(changed(realtime, "model.image", "deep-gpu"), "serving.instance_type", "ml.g5.xlarge")
    )
    assert spec.model.image == "deep-gpu"


def test_an_unknown_kind_hides_no_other_mistake(realtime: Declaration) -> None:
    del realtime["owner"]
    lines = mistakes(changed(realtime, "serving.kind", "batch"))
    assert lines == [
        "serving.kind: must be one of realtime, async, serverless, inference_component (got 'batch')",
        "owner: is missing. Add it: The team that answers for the model.",
    ]


def test_an_empty_declaration_says_what_a_declaration_needs() -> None:
    fields = [line.partition(":")[0] for line in mistakes({})]
    assert fields == ["serving.kind", "name", "owner", "model"]


def test_mistakes_in_values_and_between_values_are_reported_together(asynchronous: Declaration) -> None:
    declared = changed(asynchronous, "serving.scaling", {"min": 5, "max": 2, "idle_minutes": 0})
    assert [line.partition(": ")[0] for line in mistakes(declared)] == [
        "serving.scaling.idle_minutes",
        "serving.scaling.max",
    ]


def test_a_spec_made_in_python_obeys_the_same_rules(asynchronous: Declaration) -> None:
    declared = changed(asynchronous, "serving.scaling", {"min": 3, "max": 2})
    with pytest.raises(ValidationError, match=r"serving\.scaling\.max must be at least"):
        AsyncSpec.model_validate(declared)


def test_a_spec_never_changes(realtime: Declaration) -> None:
    spec = parse_endpoint(realtime)
    with pytest.raises(ValidationError, match="frozen"):
        spec.name = "other"
