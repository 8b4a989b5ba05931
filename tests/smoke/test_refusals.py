"""Promise: without an account, at the wrong place, or above the limit nothing is made, and one line says so."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chem_endpoints.cli.main import main

MODEL = ("--image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1", "--model-data", "s3://a/b")


def smoke(*arguments: str, **variables: str) -> Result:
    """Runs the command with no AWS variables but these."""
    inherited: dict[str, str | None] = {name: None for name in os.environ if name.startswith("AWS_")}
    nowhere = {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return CliRunner().invoke(main, ["smoke", *arguments], env={**inherited, **nowhere, **variables})


# No server listens on that port: a refusal comes before any request.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
LOOPBACK = {**CREDENTIALS, "AWS_ENDPOINT_URL": "http://localhost:1"}
NOT_LOOPBACK = {**CREDENTIALS, "AWS_ENDPOINT_URL": "https://aws.invalid"}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results would be written into the working folder."""
    monkeypatch.chdir(tmp_path)


def test_without_credentials_it_is_skipped(tmp_path: Path) -> None:
    done = smoke("--max-cost", "5", "--yes", *MODEL)
    assert (done.exit_code, done.output) == (0, "skipped: no account\n")
    assert not list(tmp_path.iterdir())


def test_local_without_credentials_says_how_it_is_run() -> None:
    done = smoke("--local", "--max-cost", "5", "--yes", *MODEL)
    assert done.exit_code == 0
    assert "Run it by `chem-endpoints local run -- chem-endpoints smoke --local`" in done.output


@pytest.mark.parametrize(
    ("arguments", "variables", "says"),
    [
        (
            ("--max-cost", "5", *MODEL),
            LOOPBACK,
            "http://localhost:1 is no account: unset AWS_ENDPOINT_URL, or say --local",
        ),
        (("--clean",), LOOPBACK, "http://localhost:1 is no account"),
        (("--local", "--max-cost", "5", *MODEL), NOT_LOOPBACK, "With --local only the local AWS is asked"),
        (("--local", "--clean"), NOT_LOOPBACK, "With --local only the local AWS is asked"),
        (
            ("--max-cost", "5", *MODEL),
            {**NOT_LOOPBACK, "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"},
            "http://127.0.0.1:1 is no account",
        ),
        (("--local", "--max-cost", "0.1", *MODEL), LOOPBACK, "more than --max-cost 0.1"),
        (("--local", "--max-cost", "nan", *MODEL), LOOPBACK, "nan is not a finite number"),
        (("--local", "--max-cost", "inf", *MODEL), LOOPBACK, "inf is not a finite number"),
        (("--local", *MODEL), LOOPBACK, "--max-cost is missing"),
        (("--local", "--max-cost", "5"), LOOPBACK, "no model to deploy"),
        (("--local", "--max-cost", "5", "--only", "nonsense", *MODEL), LOOPBACK, "no such check. There are: async, "),
        (("--local", "--max-cost", "5", "--instance-type", "ml.none.large", *MODEL), LOOPBACK, "--prices FILE"),
        (("--profile", "absent", "--max-cost", "5", *MODEL), {}, "absent"),
    ],
    ids=[
        "loopback",
        "loopback-clean",
        "elsewhere",
        "elsewhere-clean",
        "one-service",
        "too-dear",
        "limit-is-no-number",
        "limit-without-end",
        "no-limit",
        "no-model",
        "unknown-check",
        "no-price",
        "no-profile",
    ],
)
def test_it_refuses_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], says: str
) -> None:
    done = smoke(*arguments, **variables)
    assert done.exit_code in (1, 2), done.output
    last = done.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    assert says in last
    assert not list(tmp_path.iterdir())
