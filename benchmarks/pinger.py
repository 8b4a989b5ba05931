"""Pings a server on a schedule; the process that `benchmarks.pings` starts, with nothing imported that delays it.

    .venv/bin/python -m benchmarks.pinger PORT INTERVAL_SECONDS [COUNT]

Each ping starts at its scheduled moment, whether or not the one before is answered. Ends after COUNT pings or when
standard input ends, and writes a pair for each as JSON: milliseconds from the scheduled moment to the answer (null:
no answer 200 in time), and how many of them the pinger itself was late.
"""

import asyncio
import contextlib
import itertools
import json
import sys
import time

MISSED_SECONDS = 2.0
"""SageMaker waits this long for /ping (developer guide, "How your container should respond to health checks")."""


async def main(port: int, interval: float, count: int | None = None) -> None:
    """Pings on a fresh connection each time, as a health check does."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    pings: list[asyncio.Task[tuple[float | None, float]]] = []
    start = time.perf_counter()
    for number in itertools.count() if count is None else range(count):
        scheduled = start + number * interval
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), max(0.0, scheduled - time.perf_counter()))
        if ended.is_set():
            break
        pings.append(asyncio.create_task(_ping(port, scheduled)))
    json.dump(await asyncio.gather(*pings), sys.stdout)


async def _ping(port: int, scheduled: float) -> tuple[float | None, float]:
    late = (time.perf_counter() - scheduled) * 1e3
    try:
        async with asyncio.timeout(MISSED_SECONDS):
            status = await _status(port)
    except (OSError, TimeoutError):
        status = None
    return (time.perf_counter() - scheduled) * 1e3 if status == b"200" else None, late


async def _status(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return (await reader.read(4096))[9:12]
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), *map(int, sys.argv[3:4])))
