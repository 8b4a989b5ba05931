"""``chem-endpoints local logs``: what the local AWS and the containers say."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from chem_endpoints.cli.local_commands import NOT_UP
from chem_endpoints.local.address import clone_root, find_running, local_folder
from chem_endpoints.local.log_files import LogFiles, LogLine, container_logs, logged_endpoints

_POLL_SECONDS = 0.2
_AGO = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Since(click.ParamType[datetime]):
    """A time ago (``90s``, ``10m``, ``2h``, ``1d``), or a time in ISO 8601."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment."""
        if found := _AGO.fullmatch(str(value)):
            return datetime.now(UTC) - timedelta(seconds=float(found[1]) * _UNITS[found[2]])
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value}: write 90s, 10m or 2h for a time ago, or a time: 2026-11-27T23:10", param, ctx)
        return moment.astimezone(UTC)


@click.command()
@click.argument("endpoint", required=False)
@click.option("--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--since", type=Since(), default=None, help="Only from then on: 90s, 10m, 2h ago, or a time.")
def logs(endpoint: str | None, follow: bool, since: datetime | None) -> None:
    """Show the log of the local AWS, or with ENDPOINT what its containers print.

    They are files in .local-aws, there also after the end. The containers' lines are in CloudWatch Logs, too:
    aws logs tail /aws/sagemaker/Endpoints/ENDPOINT.

    \b
    Example:
      chem-endpoints local logs --since 10m
      chem-endpoints local logs logs-v1 --follow
    """
    root = clone_root()
    find = _finder(local_folder(root), endpoint)
    if follow and find_running(root) is None:
        raise click.ClickException(NOT_UP)
    files = LogFiles()
    try:
        files.look(find())
        _show(files, since, last=not follow)
        while follow:
            time.sleep(_POLL_SECONDS)
            files.look(find())
            _show(files, since, last=False)
    except KeyboardInterrupt:
        pass
    finally:
        files.close()


def _finder(folder: Path, endpoint: str | None) -> Callable[[], list[Path]]:
    """Finds the files.

    Raises:
        click.ClickException: there are none.
    """
    if endpoint is None:
        path = folder / "service.log"
        if not path.is_file():
            message = "there is no log: `chem-endpoints local up` writes one with --detach, and shows it without"
            raise click.ClickException(message)
        return lambda: [path]
    logs = folder / "logs"
    if not container_logs(logs, endpoint):
        known = ", ".join(logged_endpoints(logs)) or "none"
        raise click.ClickException(f"{endpoint}: no logs of its containers. There are logs of: {known}")
    return lambda: container_logs(logs, endpoint)


def _show(files: LogFiles, since: datetime | None, *, last: bool) -> None:
    for line in files.lines(last=last):
        if _is_wanted(line, since):
            click.echo(f"{line.source} | {line.text}" if files.several else line.text)


def _is_wanted(line: LogLine, since: datetime | None) -> bool:
    return since is None or (line.time is not None and line.time >= since)
