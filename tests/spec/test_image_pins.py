"""images.yaml pins what endpoints run, and says everything that is wrong with it at once."""

from pathlib import Path

import pytest

from chem_endpoints.spec.image_pins import load_pins, pin_violations, pinned_repository_arn
from chem_endpoints.spec.violation import DeclarationError

DIGEST = "0123456789abcdef" * 4
PIN = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/chem-endpoints@sha256:{DIGEST}"
NAMES = ("conformers-v1", "logs-v1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "images.yaml"


def test_a_pin_is_the_reference_that_the_endpoint_runs(path: Path) -> None:
    path.write_text(f"# a comment\nlogs-v1: {PIN}\n")
    assert dict(load_pins(path, "prod", NAMES)) == {"logs-v1": PIN}


def test_a_stage_has_pins_of_its_own(path: Path) -> None:
    other = PIN.replace("111122223333", "444455556666")
    path.write_text(f"logs-v1: {{staging: {PIN}, prod: {other}}}\nconformers-v1: {{staging: {PIN}}}\n")
    assert dict(load_pins(path, "prod", NAMES)) == {"logs-v1": other}
    assert dict(load_pins(path, "staging", NAMES)) == {"logs-v1": PIN, "conformers-v1": PIN}


def test_a_mistake_is_found_in_every_stage(path: Path) -> None:
    path.write_text("logs-v1: {staging: latest}\n")
    with pytest.raises(DeclarationError, match=r"logs-v1\.staging: must be ACCOUNT"):
        load_pins(path, "prod", NAMES)


def test_a_missing_file_and_an_empty_mapping_pin_nothing(path: Path) -> None:
    assert load_pins(path, "prod", NAMES) == {}
    path.write_text("# nothing yet\n{}\n")
    assert load_pins(path, "prod", NAMES) == {}


def test_the_committed_file_can_be_read() -> None:
    assert load_pins(Path(__file__).resolve().parents[2] / "images.yaml", "prod", NAMES) == {}


def test_every_mistake_is_reported_at_once(path: Path) -> None:
    path.write_text(f"log-v1: {PIN}\nlogs-v1: chem-endpoints:latest\nzzz: 7\n")
    with pytest.raises(DeclarationError) as caught:
        load_pins(path, "prod", NAMES)
    assert caught.value.lines == (
        "images.yaml: log-v1: is not a declared endpoint; did you mean logs-v1?",
        "images.yaml: logs-v1: must be ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256: and the 64 hexadecimal "
        "digits of the image's digest (got 'chem-endpoints:latest')",
        "images.yaml: zzz: is not a declared endpoint; declared: conformers-v1, logs-v1",
        "images.yaml: zzz: must be ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256: and the 64 hexadecimal "
        "digits of the image's digest (got 7)",
    )


MALFORMED = [
    PIN.replace("@sha256:", ":"),
    PIN[:-1],
    PIN.upper(),
    PIN.replace("111122223333", "1111"),
    PIN.replace("amazonaws.com", "example.com"),
    f"{PIN} ",
    PIN.replace("chem-endpoints", "-chem"),
]


@pytest.mark.parametrize("pin", MALFORMED)
def test_what_is_no_digest_in_ecr_is_refused(path: Path, pin: str) -> None:
    path.write_text(f"logs-v1: '{pin}'\n")
    with pytest.raises(DeclarationError, match=r"images\.yaml: logs-v1: must be ACCOUNT"):
        load_pins(path, "prod", NAMES)


@pytest.mark.parametrize("text", ["- a\n", "a: [", "logs-v1: x\nlogs-v1: y\n"])
def test_what_is_no_mapping_names_the_file(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(DeclarationError, match=r"images\.yaml: "):
        load_pins(path, "prod", NAMES)


def test_an_image_of_another_region_is_refused_and_of_another_account_is_not() -> None:
    assert pin_violations("logs-v1", PIN, "eu-central-1") == ()
    (violation,) = pin_violations("logs-v1", PIN, "us-east-1")
    line = violation.in_file("images.yaml")
    assert line.startswith(
        "images.yaml: logs-v1: lies in eu-central-1, but SageMaker in us-east-1 pulls from us-east-1"
    )


def test_the_repository_of_a_pin_is_what_the_role_may_pull_from() -> None:
    assert pinned_repository_arn(PIN) == "arn:aws:ecr:eu-central-1:111122223333:repository/chem-endpoints"
    with pytest.raises(ValueError, match="must be ACCOUNT"):
        pinned_repository_arn("chem-endpoints:latest")
