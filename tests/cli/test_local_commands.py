"""Promise: what the local AWS's commands refuse is one line that says what to do, and a failure for the shell."""

import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chem_endpoints.cli.local_commands import NOT_UP
from chem_endpoints.local.address import FOLDER_VARIABLE, local_folder

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path, root: Path) -> Iterator[Run]:
    """The real command, in a folder of its own."""
    variables = {**os.environ, "PYTHONPATH": str(root)}
    variables.pop(FOLDER_VARIABLE, None)

    def run_command(*arguments: str, **changed: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "chem_endpoints.cli", "local", *arguments]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env={**variables, **changed},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    yield run_command
    run_command("down")


def refused(done: "subprocess.CompletedProcess[str]", code: int = 1) -> str:
    """The one line."""
    assert done.returncode == code, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    assert done.stdout == ""
    return line


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("run", "--", "true"),
        ("fault", "list"),
        ("fault", "add", "latency", "--latency", "1"),
        ("fault", "clear"),
        ("fault", "kill-worker", "x"),
    ],
    ids=" ".join,
)
def test_a_command_that_needs_a_local_aws_says_that_none_is_up(run: Run, arguments: tuple[str, ...]) -> None:
    assert refused(run(*arguments)) == f"Error: {NOT_UP}"


def test_logs_that_are_not_there(run: Run, tmp_path: Path) -> None:
    assert refused(run("logs")) == (
        "Error: there is no log: `chem-endpoints local up` writes one with --detach, and shows it without"
    )
    assert refused(run("logs", "none")) == "Error: none: no logs of its containers. There are logs of: none"
    (local_folder(tmp_path) / "logs" / "logs-v1").mkdir(parents=True)
    assert refused(run("logs", "logs-v2")).endswith("There are logs of: logs-v1")
    assert "write 90s, 10m or 2h" in run("logs", "--since", "yesterday").stderr


def test_logs_of_one_that_has_ended_are_shown_and_cannot_be_followed(run: Run, tmp_path: Path) -> None:
    folder = local_folder(tmp_path) / "logs" / "logs-v1"
    folder.mkdir(parents=True)
    (folder / "AllTraffic-1.log").write_text('{"time": "2020-01-01T00:00:00Z", "n": 1}\n')
    assert run("logs", "logs-v1").stdout == '{"time": "2020-01-01T00:00:00Z", "n": 1}\n'
    assert run("logs", "logs-v1", "--since", "1h").stdout == ""
    assert run("logs", "logs-v1", "--since", "2019-12-31").stdout != ""
    (folder / "AllTraffic-2.log").write_text("two\n")
    assert run("logs", "LOGS-v1").stdout.splitlines()[1] == "AllTraffic-2 | two"
    assert refused(run("logs", "logs-v1", "--follow")) == f"Error: {NOT_UP}"


def test_a_port_that_is_taken_is_told_in_one_line(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = f"Port {port} is taken. Choose another with --port, or stop what listens there"
        assert refused(run("up", "--detach", "--port", port)) == f"Error: {said}"
        assert refused(run("up", "--port", port)) == said


@pytest.mark.parametrize(
    "arguments",
    [
        ("up", "--port", "70000"),
        ("up", "--port", "-1"),
        ("up", "--idle-minutes", "nan"),
        ("up", "--clock-speed", "inf"),
        ("fault", "add", "latency", "--latency", "nan"),
        ("fault", "add", "latency", "--for", "inf"),
        ("fault", "add", "latency", "--probability", "nan"),
    ],
    ids=" ".join,
)
def test_a_number_that_cannot_be_is_a_usage_error(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"Error: Invalid value for '{arguments[-2]}'" in done.stderr


@pytest.mark.parametrize("detached", [True, False], ids=["detached", "in-front"])
def test_a_folder_that_cannot_be_made_is_told_in_one_line(run: Run, tmp_path: Path, detached: bool) -> None:
    (tmp_path / "file").write_text("")
    folder = str(tmp_path / "file" / "state")
    line = refused(run("up", "--port", "0", *(["--detach"] if detached else []), **{FOLDER_VARIABLE: folder}))
    assert f"{folder}: cannot be written: Not a directory" in line


def test_an_address_that_others_could_reach_is_refused(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "chem_endpoints.local", "--host", "0.0.0.0", "--root", str(tmp_path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert refused(done) == "0.0.0.0: refused. The local AWS is reached over loopback only"


def test_a_tool_of_node_without_node_is_told_before_it_is_started(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CDK CLI is such a tool; the wheel's Node.js is hidden, as where the extra ``infra`` is not installed."""
    from click.testing import CliRunner

    from chem_endpoints.cli import clone, local_commands
    from chem_endpoints.cli.main import main

    script = tmp_path / "cdk"
    script.write_text("#!/usr/bin/env node\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(local_commands, "require_running", lambda root: _Up(root))
    monkeypatch.setattr(clone, "tool_path", lambda _root, _path: str(tmp_path))
    monkeypatch.setattr(local_commands.os, "execve", lambda *_: pytest.fail("it was started"))
    told = CliRunner().invoke(main, ["local", "run", "--", "cdk", "deploy"])
    assert (told.exit_code, told.output) == (
        1,
        "Error: cdk needs Node.js, which is not installed. ./setup.sh installs it in a clone\n",
    )
    script.unlink()
    told = CliRunner().invoke(main, ["local", "run", "--", "cdk", "deploy"])
    assert told.output == "Error: cdk: no such program. ./setup.sh installs it in a clone\n"


class _Up:
    def __init__(self, root: Path) -> None:
        self.port, self.root = 1, root


def test_it_keeps_shows_and_forgets_its_state(run: Run, tmp_path: Path) -> None:
    told = run("up", "--detach", "--port", "0", "--keep").stdout
    url, said = told.strip().removeprefix("up on ").split("; ")
    assert said == "its state will be kept"
    aws = ["run", "--", str(Path(sys.executable).with_name("aws")), "sqs"]
    assert run(*aws, "create-queue", "--queue-name", "kept").returncode == 0
    status = run("status").stdout.splitlines()
    assert status[0].endswith(", keeps its state")
    assert status[-1] == f"console, in a browser: {url}/"
    assert refused(run("forget")).startswith(f"Error: the local AWS on {url} keeps it. Stop it first")
    log = run("logs", "--since", "10m").stdout
    assert "sqs CreateQueue 200" in log
    assert run("logs", "--since", "2999-01-01").stdout == ""
    assert run("down").stdout == "stopped; its state is kept: chem-endpoints local up --keep\n"

    told = run("up", "--detach", "--port", "0").stdout
    assert "stays as it is: --keep goes on with it, chem-endpoints local forget removes it" in told
    done = run("up", "--keep")
    assert done.returncode == 1
    assert done.stdout.endswith(", without --keep; end it first: chem-endpoints local down\n")
    assert "kept" not in run(*aws, "list-queues").stdout
    assert run("down").stdout == "stopped\n"

    assert "; with the state of 20" in run("up", "--detach", "--port", "0", "--keep").stdout
    assert "kept" in run(*aws, "list-queues").stdout
    run("down")
    assert run("forget").stdout == "forgotten\n"
    assert run("forget").stdout == "no state was kept\n"


def test_one_that_is_up_at_another_speed_is_told(run: Run) -> None:
    run("up", "--detach", "--port", "0")
    assert run("up").returncode == 0
    assert run("up", "--clock-speed", "1").returncode == 0
    done = run("up", "--detach", "--clock-speed", "20", "--keep")
    assert done.returncode == 1
    told = ", without --keep, with --clock-speed 1; end it first: chem-endpoints local down\n"
    assert done.stdout.startswith("already up on ")
    assert done.stdout.endswith(told)


def test_the_log_is_followed_until_control_c(run: Run, tmp_path: Path, root: Path) -> None:
    url = run("up", "--detach", "--port", "0").stdout.strip().removeprefix("up on ")
    command = [sys.executable, "-u", "-m", "chem_endpoints.cli", "local", "logs", "--follow"]
    variables = {**os.environ, "PYTHONPATH": str(root)}
    following = subprocess.Popen(command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, text=True)
    assert following.stdout is not None
    assert following.stdout.readline() == f"local AWS ready on {url}\n"
    assert run("run", "--", str(Path(sys.executable).with_name("aws")), "sqs", "list-queues").returncode == 0
    deadline = time.monotonic() + 30
    while "ListQueues" not in following.stdout.readline():
        assert time.monotonic() < deadline
    following.send_signal(2)
    assert following.wait(30) == 0
    following.stdout.close()
