"""``chem-endpoints local``: an AWS on this machine, for `cdk deploy` and any AWS client."""

import os
import shutil
import subprocess
from pathlib import Path

import click
from click.core import ParameterSource

from chem_endpoints.cli.finite_float import FiniteFloat
from chem_endpoints.local.address import (
    DEFAULT_PORT,
    PORT_VARIABLE,
    Address,
    clone_root,
    environment,
    find_running,
    led_here,
    local_folder,
    read_health,
)
from chem_endpoints.local.background_service import (
    NotStartedError,
    NotStoppedError,
    ServiceOptions,
    start_in_background,
    stop,
)
from chem_endpoints.local.kept_files import forget_state, kept_since

NOT_UP = "the local AWS of this clone is not up. Start it: chem-endpoints local up --detach"
_FORGET = "chem-endpoints local forget"


def require_running(root: Path) -> Address:
    """The local AWS of this clone.

    Raises:
        click.ClickException: none is up.
    """
    running = find_running(root)
    if running is None:
        raise click.ClickException(NOT_UP)
    return running


@click.group()
def local() -> None:
    """An AWS on this machine: no account, no Docker, loopback only."""


@local.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    envvar=PORT_VARIABLE,
    show_envvar=True,
    help="0 picks a free one.",
)
@click.option("--detach", is_flag=True, help="Run in the background.")
@click.option("--idle-minutes", type=FiniteFloat(min=0), default=None, help="Stop after that long without a request.")
@click.option(
    "--clock-speed", type=FiniteFloat(min=0), default=1.0, show_default=True, help="60 makes a minute of a second."
)
@click.option("--keep", is_flag=True, help="Go on with the state that was kept, and keep it.")
def up(port: int, detach: bool, idle_minutes: float | None, clock_speed: float, keep: bool) -> None:
    """Start the local AWS. Its address shows the console in a browser: what runs, scales and waits.

    With --keep its state is written when it stops, and every minute; without, nothing of it stays.

    \b
    Example:
      chem-endpoints local up --detach
      chem-endpoints local run -- cdk bootstrap
      chem-endpoints local run -- cdk deploy --all
    """
    root = clone_root()
    if running := find_running(root):
        otherwise = _otherwise(running, keep=keep, clock_speed=clock_speed)
        ended = "; end it first: chem-endpoints local down" if otherwise else ""
        click.echo(f"already up on {running.url}{otherwise}{ended}")
        if otherwise:
            raise SystemExit(1)
        return
    options = ServiceOptions(root=root, port=port, idle_minutes=idle_minutes, clock_speed=clock_speed, keep=keep)
    said = _about_kept_state(root, keep=keep)
    if detach:
        click.echo(f"up on {start(options).url}{said}")
        return
    if said:
        click.echo(said.removeprefix("; "))
    raise SystemExit(subprocess.run(options.command(), check=False).returncode)


def start(options: ServiceOptions) -> Address:
    """Starts the local AWS in the background and waits until it answers.

    Raises:
        click.ClickException: it did not come up.
    """
    try:
        return start_in_background(options)
    except NotStartedError as error:
        raise click.ClickException(str(error)) from error


def _about_kept_state(root: Path, *, keep: bool) -> str:
    """What happens to a state that was kept."""
    since = kept_since(local_folder(root))
    if since is None:
        return "; its state will be kept" if keep else ""
    when = since.astimezone().strftime("%Y-%m-%d %H:%M")
    if keep:
        return f"; with the state of {when}"
    return f"; the state that was kept on {when} stays as it is: --keep goes on with it, {_FORGET} removes it"


def _otherwise(running: Address, *, keep: bool, clock_speed: float) -> str:
    """What was asked for and is not so where one is up already."""
    health = read_health(running.port) or {}
    without = ", without --keep" if keep and not health.get("keeps") else ""
    asked = click.get_current_context().get_parameter_source("clock_speed") is not ParameterSource.DEFAULT
    speed = health.get("clock_speed", clock_speed)
    return without + (f", with --clock-speed {speed:g}" if asked and speed != clock_speed else "")


def _keeps(running: Address) -> bool:
    return bool((read_health(running.port) or {}).get("keeps"))


@local.command()
def down() -> None:
    """Stop the local AWS of this clone; what was deployed there is gone, unless it was started with --keep."""
    running = find_running(clone_root())
    if running is None:
        click.echo("not up")
        return
    keeps = _keeps(running)
    try:
        stop(running)
    except NotStoppedError as error:
        raise click.ClickException(str(error)) from error
    click.echo("stopped; its state is kept: chem-endpoints local up --keep" if keeps else "stopped")


@local.command()
def forget() -> None:
    """Remove the state that a local AWS with --keep has kept.

    \b
    Example:
      chem-endpoints local down
      chem-endpoints local forget
    """
    root = clone_root()
    running = find_running(root)
    if running is not None and _keeps(running):
        raise click.ClickException(f"the local AWS on {running.url} keeps it. Stop it first: chem-endpoints local down")
    if kept_since(local_folder(root)) is None:
        click.echo("no state was kept")
        return
    forget_state(local_folder(root))
    click.echo("forgotten")


@local.command()
def status() -> None:
    """Say whether the local AWS is up, and what it serves."""
    running = require_running(clone_root())
    health = read_health(running.port) or {}
    click.echo(f"up on {running.url}, process {running.pid}{', keeps its state' if health.get('keeps') else ''}")
    endpoints = health.get("endpoints")
    for name, state in sorted(endpoints.items()) if isinstance(endpoints, dict) else ():
        click.echo(f"  {name}: {state}")
    click.echo(f"console, in a browser: {running.url}/")


@local.command(context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(command: tuple[str, ...]) -> None:
    """Run COMMAND against the local AWS; no real account can be reached from it.

    Where COMMAND is a shell, this holds for all that is typed in it, until it is left with `exit`.

    \b
    Example:
      chem-endpoints local run -- aws sagemaker list-endpoints
      chem-endpoints local run -- bash
    """
    from chem_endpoints.cli.clone import tool_path

    root = clone_root()
    running = require_running(root)
    variables = environment(running.port, root)
    variables["PATH"] = tool_path(root, variables.get("PATH", ""))
    program = _program(command[0], variables["PATH"])
    os.execve(program, led_here(command, running.port), variables)  # noqa: S606 - running the user's command is the purpose


def _program(name: str, path: str) -> str:
    """Where a program lies.

    Raises:
        click.ClickException: it is not installed, or what it runs with is not.
    """
    program = shutil.which(name, path=path)
    if program is None:
        where = ". ./setup.sh installs it in a clone" if name == "cdk" else ""
        raise click.ClickException(f"{name}: no such program{where}")
    with Path(program).open("rb") as file:
        runs_with = file.readline(80)
    if runs_with.startswith(b"#!") and b"node" in runs_with and shutil.which("node", path=path) is None:
        raise click.ClickException(f"{name} needs Node.js, which is not installed. ./setup.sh installs it in a clone")
    return program
