"""``python -m container.server``: what the image's ``serve`` runs."""

import os
import sys

from container.server.host import start_host
from container.server.log import flush, log_event
from container.server.settings import SettingsError, read_settings


def main() -> int:
    """Reads the settings and serves; returns the exit status."""
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        log_event("start_refused", reason=str(error))
        flush()
        return 1
    start_host()  # before our own imports: the model loads beside them
    from container.server.serving import run

    status = run(settings)
    flush()
    return status


if __name__ == "__main__":
    sys.exit(main())
