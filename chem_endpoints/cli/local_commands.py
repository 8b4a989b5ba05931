"""``chem-endpoints local``: an AWS on this machine, for `cdk deploy` and any AWS client."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import click

from chem_endpoints.local.address import DEFAULT_PORT, Address, clone_root, environment, find_running, local_folder

START_SECONDS = 60
STOP_SECONDS = 90
NOT_UP = "the local AWS of this clone is not up. Start it: chem-endpoints local up --detach"


@click.group()
def local() -> None:
    """An AWS on this machine: no account, no Docker, loopback only."""


@local.command()
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="0 picks a free one.")
@click.option("--detach", is_flag=True, help="Run in the background.")
@click.option("--idle-minutes", type=float, default=None, help="Stop after that long without a request.")
@click.option("--clock-speed", type=float, default=1.0, show_default=True, help="60 makes a minute of a second.")
def up(port: int, detach: bool, idle_minutes: float | None, clock_speed: float) -> None:
    """Start the local AWS.

    \b
    Example:
      chem-endpoints local up --detach
      chem-endpoints local run -- cdk bootstrap
      chem-endpoints local run -- cdk deploy --all
    """
    root = clone_root()
    if running := find_running(root):
        click.echo(f"already up on {running.url}")
    elif detach:
        click.echo(f"up on {start(root, port=port, idle_minutes=idle_minutes, clock_speed=clock_speed).url}")
    else:
        raise SystemExit(subprocess.run(_service(root, port, idle_minutes, clock_speed), check=False).returncode)


def start(root: Path, *, port: int, idle_minutes: float | None, clock_speed: float = 1.0) -> Address:
    """Starts the local AWS in the background and waits until it answers.

    Raises:
        click.ClickException: it did not come up; says where its log is.
    """
    log = local_folder(root) / "service.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as sink:
        process = subprocess.Popen(
            _service(root, port, idle_minutes, clock_speed),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if running := find_running(root):
            return running
        time.sleep(0.1)
    last = log.read_text(errors="replace").strip().splitlines()[-1:]
    raise click.ClickException(f"the local AWS did not come up: {' '.join(last)} (log: {log})")


def _service(root: Path, port: int, idle_minutes: float | None, clock_speed: float) -> list[str]:
    command = [sys.executable, "-m", "chem_endpoints.local", "--port", str(port), "--root", str(root)]
    command += ["--clock-speed", str(clock_speed)]
    return command if idle_minutes is None else [*command, "--idle-minutes", str(idle_minutes)]


@local.command()
def down() -> None:
    """Stop the local AWS of this clone; what was deployed there is gone."""
    running = find_running(clone_root())
    if running is None:
        click.echo("not up")
        return
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while find_running(clone_root()):
        if time.monotonic() > deadline:
            raise click.ClickException(f"process {running.pid} still finishes requests after {STOP_SECONDS} s")
        time.sleep(0.1)
    for _ in range(50):  # its port and its lock are free once the process is gone, too
        if not _is_alive(running.pid):
            break
        time.sleep(0.1)
    click.echo("stopped")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@local.command()
def status() -> None:
    """Say whether the local AWS is up, and what it serves."""
    from chem_endpoints.local.address import read_health

    running = find_running(clone_root())
    if running is None:
        raise click.ClickException(NOT_UP)
    health = read_health(running.port) or {}
    click.echo(f"up on {running.url}, process {running.pid}")
    endpoints = health.get("endpoints")
    for name, state in sorted(endpoints.items()) if isinstance(endpoints, dict) else ():
        click.echo(f"  {name}: {state}")


@local.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(command: tuple[str, ...]) -> None:
    """Run COMMAND against the local AWS; no real account can be reached from it.

    \b
    Example:
      chem-endpoints local run -- aws sagemaker list-endpoints
    """
    from chem_endpoints.cli.clone import tool_path

    root = clone_root()
    running = find_running(root)
    if running is None:
        raise click.ClickException(NOT_UP)
    variables = environment(running.port, root)
    variables["PATH"] = tool_path(root, variables.get("PATH", ""))
    program = shutil.which(command[0], path=variables["PATH"])
    if program is None:
        raise click.ClickException(f"{command[0]}: no such program")
    os.execve(program, list(command), variables)  # noqa: S606 - running the user's command is the purpose
