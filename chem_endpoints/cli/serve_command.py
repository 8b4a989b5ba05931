"""``chem-endpoints serve``: one bundle, served on this machine by the image's own server, with its page to try it."""

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from chem_endpoints.cli.exit_status import failures_told

if TYPE_CHECKING:
    from chem_endpoints.client.local_server import LocalServer

DEFAULT_PORT = 8080
"""Where the container listens, too."""

MOST_NAMES = 6
"""Columns that are named at the start; `/docs` has all."""

_POLL_SECONDS = 0.2


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True, help="Of 127.0.0.1.")
@click.option("--open/--no-open", "opens", default=False, show_default=True, help="Open the page in the browser.")
@click.option("--workers", type=click.IntRange(min=1), default=None, help="Worker processes; default: one per core.")
def serve(bundle: Path, port: int, opens: bool, workers: int | None) -> None:
    """Serve BUNDLE on this machine, and show the page to try it.

    BUNDLE is a model.tar.gz, or the folder that it was unpacked into. The server is the one that the image runs; it
    listens on 127.0.0.1 only and ends by Ctrl-C.

    \b
    Examples:
      chem-endpoints serve examples/bundles/logs-v1.tar.gz
      chem-endpoints serve model.tar.gz --port 9000 --open
    """
    with failures_told():
        from chem_endpoints.client.local_server import LocalServer

        if not bundle.exists():
            raise click.ClickException(f"{bundle}: there is no such bundle; `chem-endpoints train` writes one")
        _refuse_taken(port)
        with LocalServer(bundle, workers=workers, port=port) as server:
            signal.signal(signal.SIGTERM, _stop)
            _tell(server)
            if opens:
                click.launch(_address(server))
            _wait(server)


def _refuse_taken(port: int) -> None:
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what a server left a minute ago is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise click.ClickException(
                f"port {port} of 127.0.0.1 cannot be used ({error.strerror}); choose another one with --port"
            ) from None


def _stop(number: int, frame: object) -> NoReturn:
    raise SystemExit(0)


def _address(server: "LocalServer") -> str:
    return f"http://127.0.0.1:{server.port}/"


def _tell(server: "LocalServer") -> None:
    description, address = server.description, _address(server)
    digest = f", model digest {description.digest[:12]}…" if description.digest else ""
    click.echo(f"{description.name} is served{digest}. Ctrl-C ends it.")
    click.echo(f"  page to try it      {address}")
    click.echo(f"  columns, examples   {address}docs")
    if description.manifest is not None:
        names = [feature.name for feature in description.manifest.features]
        few = names if len(names) <= MOST_NAMES else [*names[:MOST_NAMES], f"and {len(names) - MOST_NAMES} more"]
        click.echo(f"  a CSV file with     {', '.join(few)}")
    click.echo(f"    curl -H 'Content-Type: text/csv' --data-binary @compounds.csv {address}invocations")


def _wait(server: "LocalServer") -> None:
    """Until somebody ends it: by Ctrl-C, which is how it is meant to end, or by killing the server."""
    try:
        while server.alive:
            time.sleep(_POLL_SECONDS)
    except KeyboardInterrupt:
        click.echo("Ended.")
        return
    raise click.ClickException(f"the server {server.how_it_ended()}")
