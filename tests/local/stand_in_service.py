"""Serves a local AWS with `stand_in_server.py`: ``stand_in_service.py ROOT INVOCATION_SECONDS [IDLE_MINUTES]``."""

import sys
from pathlib import Path

from chem_endpoints.local.service import serve
from chem_endpoints.local.settings import Settings

ASYNC_BODY_BYTES = 32 * 1024**2

if __name__ == "__main__":
    serve(
        Settings(
            root=Path(sys.argv[1]),
            port=0,
            server_command=(sys.executable, str(Path(__file__).with_name("stand_in_server.py"))),
            invocation_seconds=float(sys.argv[2]),
            stream_seconds=2 * float(sys.argv[2]),
            async_body_bytes=ASYNC_BODY_BYTES,
            idle_minutes=float(sys.argv[3]) if len(sys.argv) > 3 else None,
            stop_seconds=5,
            health_check_seconds=0.2,
            serverless_idle_seconds=1,
        )
    )
