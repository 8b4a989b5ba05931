"""Serves a local AWS with `stand_in_server.py`: ``stand_in_service.py ROOT INVOCATION_SECONDS [IDLE_MINUTES]``.

With ``--keep`` at the end its state outlives it.
"""

import os
import sys
from pathlib import Path

from chem_endpoints.local.service import serve
from chem_endpoints.local.settings import Settings

ASYNC_BODY_BYTES = 32 * 1024**2
CAPTURE_SECONDS = 2.0

if __name__ == "__main__":
    keep = sys.argv[-1] == "--keep"
    arguments = sys.argv[1:-1] if keep else sys.argv[1:]
    serve(
        Settings(
            root=Path(arguments[0]),
            port=0,
            server_command=(sys.executable, str(Path(__file__).with_name("stand_in_server.py"))),
            invocation_seconds=float(arguments[1]),
            stream_seconds=2 * float(arguments[1]),
            async_body_bytes=ASYNC_BODY_BYTES,
            idle_minutes=float(arguments[2]) if len(arguments) > 2 else None,
            stop_seconds=5,
            health_check_seconds=0.2,
            serverless_idle_seconds=1,
            capture_seconds=CAPTURE_SECONDS,
            keep=keep,
            keep_seconds=float(os.environ.get("STAND_IN_SAVE_SECONDS", "60")),
        )
    )
