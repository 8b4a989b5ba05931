"""Where a worker process begins. The HTTP process only names this function: it never imports the model's libraries."""

import socket
from typing import Any


def enter_worker(connection: socket.socket, cell: Any, *, check_golden_rows: bool) -> None:
    """Runs a worker until its connection closes; see `container.server.worker.run_worker`."""
    from container.server.worker import run_worker

    run_worker(connection, cell, check_golden_rows=check_golden_rows)
