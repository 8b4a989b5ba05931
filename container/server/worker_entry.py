"""Where a worker process begins. The HTTP process only names this function: it never imports the model's libraries."""

import socket
from typing import Any

from container.server.settings import Settings


def enter_worker(
    connection: socket.socket, output: socket.socket | None, cells: Any, settings: Settings, *, check_golden_rows: bool
) -> None:
    """Runs a worker until its connection closes; see `container.server.worker.run_worker`."""
    if output is not None:
        from container.server.captured_output import redirect_output

        redirect_output(output)
    from container.server.worker import run_worker

    run_worker(connection, cells, settings, check_golden_rows=check_golden_rows)
