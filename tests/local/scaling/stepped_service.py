"""Serves a local AWS whose clock only its tests move: ``stepped_service.py ROOT``."""

import sys
from pathlib import Path

from chem_endpoints.local.service import serve
from chem_endpoints.local.settings import Settings

if __name__ == "__main__":
    serve(
        Settings(
            root=Path(sys.argv[1]),
            port=0,
            server_command=(sys.executable, str(Path(__file__).with_name("held_server.py"))),
            stop_seconds=5,
            clock_speed=0,
        )
    )
