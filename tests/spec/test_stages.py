"""Stages are read from one file; an unknown one lists the known."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.spec.loading import load_endpoints
from chem_endpoints.spec.stages import Stage, load_stage
from chem_endpoints.spec.violation import DeclarationError

REPOSITORY = Path(__file__).resolve().parents[2]


def write(folder: Path, text: str) -> Path:
    path = folder / "stages.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_repository_has_the_stage_local() -> None:
    stage = load_stage(REPOSITORY / "stages.yaml", "local")
    assert (stage.account, stage.region, stage.removal) == ("123456789012", "us-east-1", "destroy")


def test_data_is_retained_unless_a_stage_says_otherwise(tmp_path: Path) -> None:
    path = write(tmp_path, "prod: {account: '111122223333', region: eu-central-1}")
    stage = load_stage(path, "prod")
    assert (stage.removal, stage.log_retention_days) == ("retain", 90)


def test_an_unknown_stage_lists_the_known_ones(tmp_path: Path) -> None:
    path = write(tmp_path, "prod: {}\nlocal: {}")
    with pytest.raises(DeclarationError, match=r"staging: no such stage; choose one of local, prod, or add it"):
        load_stage(path, "staging")


def test_everything_wrong_in_a_stage_is_reported_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "prod: {account: 111122223333, region: cn-north-1, log_retention_days: 8, remove: x}")
    with pytest.raises(DeclarationError) as caught:
        load_stage(path, "prod")
    assert [line.removeprefix("stages.yaml: prod: ")[:42] for line in caught.value.lines] == [
        "account: must be a text; put it in quotes ",
        "region: must be a region such as eu-centra",
        "log_retention_days: must be one of 1, 3, 5",
        "remove: is not a known key; did you mean r",
    ]


def test_an_account_has_twelve_digits(tmp_path: Path) -> None:
    path = write(tmp_path, "prod: {account: '12', region: eu-central-1}")
    with pytest.raises(DeclarationError, match="must be the 12 digits of an AWS account"):
        load_stage(path, "prod")


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1"])
def test_regions_of_other_partitions_are_refused(tmp_path: Path, region: str) -> None:
    path = write(tmp_path, f"prod: {{account: '111122223333', region: {region}}}")
    with pytest.raises(DeclarationError, match="region: must be a region such as eu-central-1, outside China"):
        load_stage(path, "prod")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"stages\.yaml: local: cannot be read"):
        load_stage(tmp_path / "stages.yaml", "local")


def stage_of(folder: Path, text: str) -> Stage:
    return load_stage(write(folder, f"prod: {{account: '111122223333', region: eu-central-1, {text}}}"), "prod")


def refusals(folder: Path, text: str) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        stage_of(folder, text)
    return [line.removeprefix("stages.yaml: prod: ") for line in caught.value.lines]


def test_a_stage_offers_nothing_that_it_does_not_say(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, "")
    assert (stage.images, stage.vpc, stage.components_reach_zero_instances) == ("asset", None, False)
    assert (stage.overrides, stage.pull_accounts) == ({}, ())


def test_a_vpc_exists_or_is_made(tmp_path: Path) -> None:
    made = stage_of(tmp_path, "vpc: {cidr: 10.20.0.0/16, zones: 3}").vpc
    assert made is not None
    assert (made.cidr, made.zones, made.subnets) == ("10.20.0.0/16", 3, ())
    existing = stage_of(tmp_path, "vpc: {subnets: [subnet-01234567], security_groups: [sg-01234567]}").vpc
    assert existing is not None
    assert (existing.subnets, existing.security_groups, existing.cidr) == (("subnet-01234567",), ("sg-01234567",), None)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("images: dockerhub", "images: must be 'source', 'asset' or 'codebuild' (got 'dockerhub')"),
        ("vpc: {}", "vpc: must name subnets and security_groups that exist, or the cidr of a network to make"),
        (
            "vpc: {cidr: 10.0.0.0/16, subnets: [subnet-01234567]}",
            "vpc: must name subnets and security_groups that exist, or the cidr of a network to make",
        ),
        ("vpc: {subnets: [subnet-01234567]}", "vpc: must name both subnets and security_groups"),
        ("vpc: {cidr: 10.0.0.1/16}", "vpc.cidr: must be an IPv4 network such as 10.20.0.0/16"),
        ("vpc: {cidr: 10.0.0.0/8}", "vpc.cidr: must have a prefix length of 16 to 24"),
        ("vpc: {cidr: 10.0.0.0/16, zones: 1}", "vpc.zones: must be at least 2 (got 1)"),
        ("vpc: {subnets: [x], security_groups: [sg-01234567]}", "vpc.subnets.0: must be a subnet id such as"),
        ("vpc: {subnets: [subnet-01234567], security_groups: [x]}", "vpc.security_groups.0: must be a security group"),
        ("components_reach_zero_instances: 1", "components_reach_zero_instances: "),
        ("pull_accounts: ['12']", "pull_accounts.0: must be the 12 digits of an AWS account"),
        (
            "overrides: {logs-v1: {model: {sha256: x}}}",
            "overrides: logs-v1.model is refused: a stage may change serving, client, alarms, callers, tags",
        ),
        ("overrides: {logs-v1: {name: other}}", "overrides: logs-v1.name is refused"),
        ("overrides: {logs-v1: {owner: me}}", "overrides: logs-v1.owner is refused"),
        (
            "overrides: {logs-v1: {serving: {kind: async}}}",
            "overrides: logs-v1.serving.kind is refused: another kind is another endpoint; declare it",
        ),
    ],
)
def test_what_a_stage_cannot_say(tmp_path: Path, text: str, line: str) -> None:
    (found,) = refusals(tmp_path, text)
    assert found.startswith(line)


SCALING = {"min": 1, "max": 4, "invocations_per_instance": 600}


def test_overrides_go_deep_into_the_declaration_and_leave_the_rest(tmp_path: Path, realtime: dict[str, Any]) -> None:
    stage = stage_of(
        tmp_path, "overrides: {logs-v1: {serving: {scaling: {max: 9}}, alarms: {disk_percent: 60}, callers: []}}"
    )
    realtime["serving"]["scaling"] = SCALING
    realtime["callers"] = ["arn:aws:iam::123456789012:role/x"]
    merged = stage.applied_to("logs-v1", realtime)
    assert merged == {
        **realtime,
        "serving": {**realtime["serving"], "scaling": {**SCALING, "max": 9}},
        "alarms": {"disk_percent": 60},
        "callers": [],
    }
    assert realtime["serving"]["scaling"] == SCALING, "the declaration itself is not changed"
    assert stage.applied_to("another-v1", realtime) == realtime


def test_an_overridden_declaration_is_checked_like_any_other(
    tmp_path: Path, realtime: dict[str, Any], write_declaration: Callable[[str, dict[str, Any]], Path]
) -> None:
    write_declaration("logs.yaml", realtime)
    stage = stage_of(tmp_path, "overrides: {logs-v1: {serving: {retain: {}, workers: 0}}}")
    with pytest.raises(DeclarationError) as caught:
        load_endpoints(tmp_path / "endpoints", tmp_path, stage=stage)
    assert [line.split(": ")[1] for line in caught.value.lines] == ["serving.workers", "serving.retain"]


def test_an_override_of_an_endpoint_that_is_not_declared_is_a_mistake(
    tmp_path: Path, realtime: dict[str, Any], write_declaration: Callable[[str, dict[str, Any]], Path]
) -> None:
    write_declaration("logs.yaml", realtime)
    stage = stage_of(tmp_path, "overrides: {log-v1: {}, zzz: {}}")
    with pytest.raises(DeclarationError) as caught:
        load_endpoints(tmp_path / "endpoints", tmp_path, stage=stage)
    assert caught.value.lines == (
        "stages.yaml: prod.overrides.log-v1: no such endpoint; did you mean logs-v1?",
        "stages.yaml: prod.overrides.zzz: no such endpoint; delete it, or declare the endpoint",
    )


def test_a_declaration_may_ask_for_no_more_than_its_stage_offers(
    tmp_path: Path,
    realtime: dict[str, Any],
    component: dict[str, Any],
    write_declaration: Callable[[str, dict[str, Any]], Path],
) -> None:
    realtime["serving"]["vpc"] = True
    write_declaration("a.yaml", {**realtime, "name": "a-v1"})
    write_declaration("b.yaml", {**component, "name": "b-v1"})
    with pytest.raises(DeclarationError) as caught:
        load_endpoints(tmp_path / "endpoints", tmp_path, stage=stage_of(tmp_path, ""))
    first, second = caught.value.lines
    assert first == "endpoints/a.yaml: serving.vpc: stage prod has no vpc; add one to stages.yaml, or leave this out"
    assert second.startswith(
        "endpoints/b.yaml: serving.instances.min: is refused by AWS in some regions, and stage prod"
    )
    generous = "vpc: {cidr: 10.20.0.0/16}, components_reach_zero_instances: true"
    loaded = load_endpoints(tmp_path / "endpoints", tmp_path, stage=stage_of(tmp_path, generous))
    assert [spec.name for spec in loaded] == ["a-v1", "b-v1"]


def test_a_component_with_instances_needs_no_such_region(
    tmp_path: Path, component: dict[str, Any], write_declaration: Callable[[str, dict[str, Any]], Path]
) -> None:
    component["serving"]["instances"] = {"min": 1, "max": 2}
    write_declaration("a.yaml", component)
    assert load_endpoints(tmp_path / "endpoints", tmp_path, stage=stage_of(tmp_path, ""))


def test_a_stage_may_keep_the_same_model_elsewhere(tmp_path: Path, realtime: dict[str, Any]) -> None:
    stage = stage_of(tmp_path, "overrides: {logs-v1: {model: {artifact: 's3://prod-models/logs-v1.tar.gz'}}}")
    merged = stage.applied_to("logs-v1", realtime)
    assert merged["model"] == {**realtime["model"], "artifact": "s3://prod-models/logs-v1.tar.gz"}
    (line,) = refusals(tmp_path, f"overrides: {{logs-v1: {{model: {{sha256: {'b' * 64}}}}}}}")
    assert "what is promoted from stage to stage stays the same" in line


def test_a_caller_of_more_endpoints_than_iam_lets_it_have_policies_is_named(
    tmp_path: Path, realtime: dict[str, Any], write_declaration: Callable[[str, dict[str, Any]], Path]
) -> None:
    chemists = "arn:aws:iam::123456789012:role/chemists"
    for number in range(3):
        write_declaration(f"logs-v{number}.yaml", {**realtime, "name": f"logs-v{number}", "callers": [chemists]})
    assert len(load_endpoints(tmp_path / "endpoints", tmp_path, stage=stage_of(tmp_path, "policies_per_role: 3"))) == 3
    with pytest.raises(DeclarationError) as caught:
        load_endpoints(tmp_path / "endpoints", tmp_path, stage=stage_of(tmp_path, "policies_per_role: 2"))
    (line,) = caught.value.lines
    assert line.startswith(f"callers: {chemists} is named by 3 endpoints, and IAM lets it have 2 managed policies")
