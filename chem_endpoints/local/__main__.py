"""``python -m chem_endpoints.local --port N --root DIR [--idle-minutes M]`` serves a local AWS."""

import argparse
import sys
from pathlib import Path

from chem_endpoints.local.address import DEFAULT_PORT, NotLoopbackError, clone_root
from chem_endpoints.local.kept_state import KeptStateError
from chem_endpoints.local.service import CannotStartError, serve
from chem_endpoints.local.settings import Settings


def parse_arguments(arguments: list[str]) -> Settings:
    """Settings from the command line."""
    parser = argparse.ArgumentParser(prog="python -m chem_endpoints.local", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 picks a free one (default: %(default)s)")
    parser.add_argument("--root", type=Path, default=None, help="the clone whose code runs (default: found upwards)")
    parser.add_argument("--host", default="localhost", help="loopback names only")
    parser.add_argument("--idle-minutes", type=float, default=None, help="stop after that long without a request")
    parser.add_argument(
        "--clock-speed", type=float, default=1.0, help="how fast time passes for scaling; 0: by hand (default: 1)"
    )
    parser.add_argument("--keep", action="store_true", help="go on with the state that was kept, and keep it")
    given = parser.parse_args(arguments)
    root = given.root.resolve() if given.root else clone_root()
    return Settings(
        root=root,
        host=given.host,
        port=given.port,
        idle_minutes=given.idle_minutes,
        clock_speed=given.clock_speed,
        keep=given.keep,
    )


def main() -> int:
    """Serves; returns the process's exit code."""
    try:
        serve(parse_arguments(sys.argv[1:]))
    except (CannotStartError, KeptStateError, NotLoopbackError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
