"""``python -m container.server``: what the image's ``serve`` runs."""

import os
import signal
import sys

# First of all: `serve` has blocked the signal until somebody can answer it, and importing takes a while.
if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

from container.server.host import start_host
from container.server.log import flush, log_event
from container.server.settings import Settings, SettingsError, read_settings


def _stop(settings: Settings) -> None:
    """SIGTERM before there is anything to finish; the model host ends when this process does."""
    log_event("stopped", endpoint=settings.endpoint_name)
    flush()
    os._exit(0)


def main() -> int:
    """Reads the settings and serves; returns the exit status."""
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        log_event("start_refused", reason=str(error))
        flush()
        return 1
    signal.signal(signal.SIGTERM, lambda number, frame: _stop(settings))
    start_host()  # before our own imports: the model loads beside them
    from container.server.serving import run

    status = run(settings)
    flush()
    return status


if __name__ == "__main__":
    sys.exit(main())
