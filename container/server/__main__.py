"""``python -m container.server``: what the image's ``serve`` runs."""

import asyncio
import os
import signal
import sys

import uvicorn
import uvloop

from container.server.app import create_app
from container.server.log import log_event
from container.server.pool import WorkerPool
from container.server.settings import Settings, SettingsError, read_settings
from container.server.worker_process import StartupError

GRACE_SECONDS = 25
"""SageMaker sends SIGKILL 30 s after SIGTERM."""


async def serve(settings: Settings) -> int:
    """Starts the model and serves it until SIGTERM; returns the exit status."""
    pool = WorkerPool(settings)
    starting = asyncio.ensure_future(pool.start())
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, starting.cancel)
    try:
        introduction = await starting
    except asyncio.CancelledError:
        log_event("stopped", endpoint=settings.endpoint_name)
        # A thread may still wait for the model host; the host ends when this process does.
        os._exit(0)
    except StartupError as error:
        log_event("start_refused", reason=str(error))
        await pool.close()
        return 1
    log_event(
        "ready",
        endpoint=settings.endpoint_name,
        port=settings.port,
        model_sha256=introduction.digest,
        workers=pool.pids,
        workers_are_forked=introduction.forkable,
    )
    # uvicorn drains at SIGTERM and then raises the signal again for whoever asked: we did, and are done by then.
    loop.add_signal_handler(signal.SIGTERM, lambda: None)
    config = uvicorn.Config(
        create_app(settings, pool),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    await server.serve()
    await pool.close()
    log_event("stopped", endpoint=settings.endpoint_name)
    return 0 if server.started else 1


def main() -> int:
    """Reads the settings and serves; returns the exit status."""
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        log_event("start_refused", reason=str(error))
        return 1
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(settings))


if __name__ == "__main__":
    sys.exit(main())
