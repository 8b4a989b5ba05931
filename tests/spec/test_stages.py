"""Stages are read from one file; an unknown one lists the known."""

from pathlib import Path

import pytest

from chem_endpoints.spec.stages import load_stage
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
