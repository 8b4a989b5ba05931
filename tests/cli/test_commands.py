"""Promise: every command says what it does, and a mistake is one clear line, never a traceback."""

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from chem_endpoints.cli.main import main
from chem_endpoints.local.address import FOLDER_VARIABLE

COMMANDS = [
    ["demo"],
    ["predict"],
    ["schema"],
    ["validate"],
    ["train"],
    ["features"],
    *(["local", c] for c in ("up", "run")),
]


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_the_clones_cdk_is_beside_its_other_commands(root: Path) -> None:
    """Who has activated .venv types `cdk`; Node.js need not be on the path."""
    cdk = root / ".venv" / "bin" / "cdk"
    told = subprocess.run([cdk, "--version"], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True)
    assert told.stdout.startswith("2.")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(command: list[str]) -> None:
    code, told = run(*command, "--help")
    assert code == 0
    assert "Example" in told


def test_the_committed_declarations_are_valid(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    code, told = run("validate")
    assert code == 0, told
    assert told.splitlines()[-1].startswith("logs-v1: realtime on ml.c7i.large, model ")


def test_three_mistakes_are_told_at_once(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("app.py", "cdk.json"):
        shutil.copy(root / name, tmp_path)
    (tmp_path / "endpoints").mkdir()
    text = (root / "endpoints/logs-v1.yaml").read_text()
    text = text.replace("ml.c7i.large", "ml.unknown").replace("rows_per_chunk: 1000", "rows_per_chunk: 0")
    text = text.replace("percent: 100", "percent: 200")
    (tmp_path / "endpoints/logs-v1.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    code, told = run("validate")
    assert code == 1
    assert "3 mistakes" in told
    for field in ("serving.instance_type", "client.rows_per_chunk", "serving.capture.percent"):
        assert f"endpoints/logs-v1.yaml: {field}: " in told


def test_outside_a_clone_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("demo", "validate"):
        code, told = run(command)
        assert (code, told) == (
            1,
            "Error: run this in a clone of Chem Endpoints: there is no app.py and cdk.json here\n",
        )


def test_the_schema_is_json_schema(tmp_path: Path) -> None:
    code, told = run("schema")
    assert code == 0
    assert json.loads(told)["$schema"].endswith("2020-12/schema")
    assert run("schema", "--out", str(tmp_path / "s.json"))[0] == 0
    assert (tmp_path / "s.json").read_text() == told


def test_training_on_a_file_that_is_not_there_says_so(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "chem_endpoints.cli", "train", "xgboost", "--smiles", "s", "--target", "y"]
    command += ["--data", str(tmp_path / "none.csv"), "--out", str(tmp_path / "b.tar.gz")]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert told.stderr.strip().splitlines()[-1] == f"Error: {tmp_path}/none.csv: no such file"


def test_local_commands_without_a_local_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "state"))
    assert run("local", "down") == (0, "not up\n")
    assert run("local", "status")[0] == 1
    assert "is not up. Start it: chem-endpoints local up --detach" in run("local", "run", "--", "true")[1]


def test_the_local_aws_starts_in_the_background_and_stops(tmp_path: Path, root: Path) -> None:
    env = {**os.environ, FOLDER_VARIABLE: str(tmp_path / "state"), "PYTHONPATH": str(root)}

    def local(*arguments: str) -> str:
        command = [sys.executable, "-m", "chem_endpoints.cli", "local", *arguments]
        told = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        return told.stdout + told.stderr

    told = local("up", "--detach", "--port", "0", "--clock-speed", "60")
    try:
        assert told.startswith("up on http://localhost:")
        with urllib.request.urlopen(f"{told.removeprefix('up on ').strip()}/_local/clock") as clock:
            assert json.load(clock)["speed"] == 60
        assert local("up") == f"already {told}"
        assert local("status").startswith(told.strip())
        assert local("run", "--", "printenv", "AWS_ENDPOINT_URL") == told.removeprefix("up on ")
        assert local("run", "--", "no-such-program") == "Error: no-such-program: no such program\n"
    finally:
        assert local("down") == "stopped\n"


def test_a_port_that_is_taken_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "state"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, told = run("local", "up", "--detach", "--port", str(taken.getsockname()[1]))
    assert code == 1
    assert "is taken. Choose another with --port" in told


def test_predicting_at_no_endpoint_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.csv").write_text("smiles\nCCO\n")
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:9")
    code, told = run("predict", "logs-v1", str(tmp_path / "in.csv"), "--out", str(tmp_path / "out.csv"))
    assert code == 1
    assert told.startswith("Error: ")
    assert len(told.splitlines()) == 1


def test_the_names_alone_are_for_scripts(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    code, told = run("validate", "--names")
    assert code == 0, told
    assert told.splitlines() == sorted(file.stem for file in (root / "endpoints").glob("*.yaml"))
