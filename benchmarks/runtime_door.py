"""A SageMaker runtime in front of one served model, for boto3: a chosen round trip, and nothing else between.

    python -m benchmarks.runtime_door TARGET_PORT LATENCY_SECONDS

Prints its own port. ``InvokeEndpoint`` is passed on with the headers that SageMaker forwards; the delay comes before
the container is asked, without holding anything.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import aiohttp
from aiohttp import web

FORWARDED = ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes")
BODY_BYTES = 30_000_000


def application(target: str, latency: float) -> web.Application:
    """The door to the server at ``target``."""

    async def invoke(request: web.Request) -> web.Response:
        body = await request.read()
        await asyncio.sleep(latency)
        headers = {name: request.headers[name] for name in FORWARDED if name in request.headers}
        async with request.app["session"].post(f"{target}/invocations", data=body, headers=headers) as answer:
            back = {name: answer.headers[name] for name in FORWARDED if name in answer.headers}
            return web.Response(body=await answer.read(), status=answer.status, headers=back)

    async def session(app: web.Application) -> Any:
        app["session"] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        yield
        await app["session"].close()

    app = web.Application(client_max_size=BODY_BYTES)
    app.router.add_post("/endpoints/{name}/invocations", invoke)
    app.cleanup_ctx.append(session)
    return app


@contextlib.contextmanager
def door(target_port: int, latency: float) -> Iterator[str]:
    """The door in a process of its own; its URL is what boto3 takes for ``endpoint_url``."""
    command = [sys.executable, "-m", "benchmarks.runtime_door", str(target_port), str(latency)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


async def serve(target_port: int, latency: float) -> None:
    """Serves until the process ends."""
    runner = web.AppRunner(application(f"http://127.0.0.1:{target_port}", latency), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
