"""Exit statuses of the commands that ask endpoints, and how their errors are told: one line, never a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

OK, ERROR, USAGE, ROWS_FAILED, INTERRUPTED = 0, 1, 2, 3, 130

MEANINGS: dict[int, str] = {
    OK: "done; rows that could not be predicted say why in the output",
    ERROR: "an error, told in one line on standard error",
    USAGE: "the command line is wrong",
    ROWS_FAILED: "some rows have no prediction, and --fail-on-error-rows was given",
    INTERRUPTED: "interrupted (Ctrl-C)",
}
"""Exit status → what it means; the table of docs/command-line.md."""


@contextmanager
def failures_told() -> Iterator[None]:
    """Tells what goes wrong inside in one line, and ends the command with the status that belongs to it."""
    from botocore.exceptions import BotoCoreError, ClientError

    from chem_endpoints.errors import EndpointError
    from chem_endpoints.wire.errors import WireError

    try:
        yield
    except BrokenPipeError:  # whoever read our output has read enough; click ends the command silently
        raise
    except (EndpointError, WireError, BotoCoreError, ClientError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        raise SystemExit(INTERRUPTED) from None
