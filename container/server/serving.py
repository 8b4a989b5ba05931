"""The HTTP process, from the start of the model to the last answer after SIGTERM."""

import asyncio
import os
import signal

import uvicorn
import uvloop

from chem_endpoints.wire.http_protocol import Http1Protocol
from container.server.app import create_app
from container.server.dispatcher import Dispatcher
from container.server.front import Front
from container.server.invocations import Invocations
from container.server.log import flush, log_event
from container.server.pool import WorkerPool
from container.server.settings import Settings
from container.server.worker_process import StartupError

DRAIN_SECONDS = 25.0
"""Requests that are done by then are answered; SageMaker sends SIGKILL 30 s after SIGTERM."""

CLOSE_SECONDS = 0.3
"""After SIGTERM, connections are still taken for so long, to be told where they stand, and then no more."""


def run(settings: Settings) -> int:
    """Serves until SIGTERM; returns the exit status."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    pool = WorkerPool(settings)
    starting = asyncio.ensure_future(pool.start())
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, starting.cancel)
    try:
        introduction = await starting
    except asyncio.CancelledError:
        log_event("stopped", endpoint=settings.endpoint_name)
        flush()
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
        workers_are_forked=introduction.why_not_forkable is None,
    )
    dispatcher = Dispatcher(settings, pool)
    try:
        started = await _answer_until_stopped(settings, pool, dispatcher)
    finally:  # a worker that is left keeps this process from ending
        await dispatcher.close()
        await pool.close()
    log_event("stopped", endpoint=settings.endpoint_name)
    return 0 if started else 1


async def _answer_until_stopped(settings: Settings, pool: WorkerPool, dispatcher: Dispatcher) -> bool:
    """Runs the HTTP server; whether it could listen."""
    application = Front(
        pool,
        Invocations(settings, pool, dispatcher),
        Invocations(settings, pool, dispatcher, drawing=True),
        create_app(settings, pool, dispatcher),
    )
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            host=settings.host,
            port=settings.port,
            loop="none",
            http=Http1Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=int(DRAIN_SECONDS + 1),
        )
    )
    serving = asyncio.ensure_future(server.serve())
    while not (server.started or serving.done()):
        await asyncio.sleep(0.005)

    def stop() -> None:
        if not dispatcher.draining:
            dispatcher.drain(DRAIN_SECONDS)
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, setattr, server, "should_exit", True)

    # In place of uvicorn's own handler, which would close the door on connections that wait in front of it.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    await serving
    return server.started
