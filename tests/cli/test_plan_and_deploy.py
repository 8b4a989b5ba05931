"""Promise: `plan` and `deploy` compare the real app with a commit, a folder or AWS; the exit status says the result."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from chem_endpoints.cli.main import main
from chem_endpoints.plan.assembly import synthesize

pytestmark = pytest.mark.thorough

TREES = ("app.py", "cdk.json", "stages.yaml", "endpoints", "stacks", "constructs_lib", "chem_endpoints", "container")
MORE_TREES = ("requirements", "examples/bundles", "model_scripts", "images.yaml")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def committed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project as a repository of its own, with one commit on main."""
    clone = tmp_path_factory.mktemp("clones") / "clone"
    clone.mkdir()
    for name in (*TREES, *MORE_TREES):
        source = root / name
        if source.is_dir():
            shutil.copytree(source, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, clone / name)
    name = ["-c", "user.name=a test", "-c", "user.email=test@example.org"]
    for arguments in (["init", "--initial-branch", "main"], ["add", "."], [*name, "commit", "--message", "one"]):
        subprocess.run(["git", *arguments], cwd=clone, check=True, capture_output=True)
    return clone


@pytest.fixture
def clone(committed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that a test may edit; the working folder."""
    copied = shutil.copytree(committed, tmp_path / "clone", symlinks=True)
    monkeypatch.chdir(copied)
    return copied


@pytest.fixture(scope="module")
def kept(committed: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The cloud assembly of that commit."""
    folder = tmp_path_factory.mktemp("kept") / "cdk.out"
    synthesize(committed, folder, context={"stage": "local", "endpoints": "endpoints"})
    return str(folder)


@pytest.fixture
def declare(clone: Path) -> Callable[[str, Callable[[dict[str, Any]], None]], None]:
    """Edits a declaration."""

    def edit(name: str, change: Callable[[dict[str, Any]], None]) -> None:
        file = clone / "endpoints" / f"{name}.yaml"
        declared = yaml.safe_load(file.read_text())
        change(declared)
        file.write_text(yaml.safe_dump(declared))

    return edit


def test_nothing_changed(clone: Path) -> None:
    code, told = run("plan")
    assert code == 0, told
    assert "Nothing changes." in told
    assert told.startswith("# Plan for local (123456789012, us-east-1), compared with commit ")


def test_another_instance_type_of_a_scaled_variant_ends_with_2(kept: str, declare: Any) -> None:
    declare("logs-async-v1", lambda one: one["serving"].update(instance_type="ml.m5.large"))
    code, told = run("plan", "--against", kept, "--throughput", "logs-async-v1=100")
    assert code == 2, told
    assert "compared with cdk.out" in told
    assert "cdk deploy ChemEndpoints-logs-async-v1 -c scaling=off " in told
    assert "| logs-async-v1 | **refused in one deployment** |" in told
    # 0.1071 and 0.115 an hour, 100 rows a second.
    assert "USD for a million rows at 100 rows a second of one instance that is always busy: 0.297 → 0.319" in told


def test_scaling_an_alarm_and_own_prices_as_json(kept: str, root: Path, tmp_path: Path, declare: Any) -> None:
    def edit(declared: dict[str, Any]) -> None:
        declared["serving"]["scaling"]["max"] = 4
        declared["alarms"]["oldest_request_minutes"] = 31

    declare("logs-async-v1", edit)
    own = tmp_path / "own.yaml"
    own.write_text((root / "chem_endpoints/prices/prices.yaml").read_text().replace("us-east-1", "eu-central-1"))
    code, told = run("plan", "--against", kept, "--json", "--prices", str(own))
    assert code == 0, told
    (stack,) = [one for one in json.loads(told)["stacks"] if one["changes"]]
    assert stack["stack"] == "ChemEndpoints-logs-async-v1"
    assert {one["type"] for one in stack["changes"]} == {
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "AWS::CloudWatch::Alarm",
    }
    assert (stack["scaling"][0]["old"]["maximum"], stack["scaling"][0]["new"]["maximum"]) == (2, 4)
    assert stack["after"]["unknown"] == ["no price known for ml.c7i.large in us-east-1, give --prices FILE"]


@pytest.mark.parametrize(
    ("options", "code", "expected"),
    [
        (["--base", "nonsense"], 1, "git knows no commit nonsense"),
        (["--base", "main", "--deployed"], 2, "give one of --base, --deployed and --against"),
        (["--throughput", "logs-v1"], 2, "write ENDPOINT=ROWS_PER_SECOND"),
        (["--throughput", "logs-v1=0"], 2, "must be more than 0"),
        (["--prices", "none.yaml"], 1, "none.yaml: No such file"),
        (["--stage", "none"], 1, "no such stage"),
    ],
)
def test_mistakes(clone: Path, options: list[str], code: int, expected: str) -> None:
    found, told = run("plan", *options)
    assert (found, expected in told) == (code, True), told


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS variables that lead to a port where nobody listens."""
    values = {
        "AWS_ENDPOINT_URL": "http://localhost:9",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_deployed_without_aws_is_one_line(clone: Path, no_aws: None) -> None:
    code, told = run("plan", "--deployed")
    assert code == 1
    assert told.startswith("Error: cannot read the deployed stacks in us-east-1: ")
    assert len(told.splitlines()) == 1


def test_deploying_what_is_not_declared_names_what_is(clone: Path, no_aws: None) -> None:
    code, told = run("deploy", "logs-v9", "--yes")
    assert code == 1
    assert told.startswith("Error: logs-v9 is not declared in endpoints; there are foundation, ")


@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_help_shows_an_example(command: str) -> None:
    code, told = run(command, "--help")
    assert code == 0
    assert "Example:" in told


@pytest.mark.parametrize("command", [["plan"], ["deploy", "logs-v1"]])
def test_outside_a_clone_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    expected = "Error: run this in a clone of Chem Endpoints: there is no app.py and cdk.json here\n"
    assert run(*command) == (1, expected)
