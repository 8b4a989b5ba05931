"""How long answers take, and what memory they cost."""

import statistics
import time

from chem_endpoints.check.outcome import BrokenPromiseError, Kept, NotAskedError
from chem_endpoints.check.process_memory import OWN, MemoryWatch, group_bytes
from chem_endpoints.check.subject import Subject

SIZES = (1, 100, 1000)
"""Rows of a request."""

FEWEST = 5
"""Requests of each size at least."""

ENOUGH = 50
PATIENCE = 5
"""Memory is watched over so many requests at least, or, of a slow model, over so many times the seconds asked for."""

GROWTH_BYTES = 32e6
GROWTH_SHARE = 0.1
"""What a server may grow under load: so many bytes, or this share of its size at rest, whichever is more."""

CALM_BYTES = 1e6


def latency_is_bounded(subject: Subject) -> Kept:
    """One row is answered within ``--max-ms``, where that is asked for; else the times are only told."""
    sizes = [size for size in SIZES if size == 1 or size <= subject.affordable(subject.seconds)]
    figures: dict[str, float] = {}
    told = []
    for size in sizes:
        times = sorted(_timed(subject, size, subject.seconds / len(sizes)))
        p50, p95 = statistics.median(times) * 1e3, times[int(0.95 * (len(times) - 1))] * 1e3
        figures |= {f"rows_{size}_p50_ms": round(p50, 2), f"rows_{size}_p95_ms": round(p95, 2)}
        told.append(f"{size} row{'s' * (size > 1)} {_ms(p50)}, p95 {_ms(p95)}")
    rate = sizes[-1] / (figures[f"rows_{sizes[-1]}_p50_ms"] / 1e3)
    figures["rows_per_second"] = round(rate, 1)
    if subject.max_ms is not None and figures["rows_1_p95_ms"] > subject.max_ms:
        raise BrokenPromiseError(
            f"one row takes {_ms(figures['rows_1_p95_ms'])} (95th percentile) on this machine, more than the"
            f" {subject.max_ms:g} ms of --max-ms",
            "load everything in model_fn, compute less for each row, or declare the endpoint async",
        )
    return Kept(figure=f"{'; '.join(told)}; {rate:,.3g} rows/s", figures=figures)


def memory_stays(subject: Subject) -> Kept:
    """Under load the server's memory stays what it was after its first answers."""
    if subject.server is None or not group_bytes(subject.server.pid, OWN):
        raise NotAskedError("no server runs, or this is not Linux, whose /proc tells what processes share")
    size = min(SIZES[1], subject.affordable(0.2))
    body = subject.encoded(subject.many(size))
    for _ in range(FEWEST):
        subject.post(body)
    before, own = group_bytes(subject.server.pid), group_bytes(subject.server.pid, OWN)
    requests, began = 0, time.perf_counter()
    with MemoryWatch(subject.server.pid) as watch:
        while (took := time.perf_counter() - began) < subject.seconds or (
            requests < ENOUGH and took < PATIENCE * subject.seconds
        ):
            subject.post(body)
            requests += 1
    after = group_bytes(subject.server.pid)
    peak = max(before, watch.peak, after)
    grown, allowed = group_bytes(subject.server.pid, OWN) - own, max(GROWTH_BYTES, GROWTH_SHARE * before)
    if grown > allowed:
        raise BrokenPromiseError(
            f"it grew by {grown / 1e6:.0f} MB over {requests} requests of {size} rows, from {before / 1e6:.0f} MB"
            f" (peak {peak / 1e6:.0f} MB)",
            "keep nothing of a request in a global, an attribute of the model, or a cache without a bound",
        )
    change = f"{grown / 1e6:+.0f} MB" if abs(grown) >= CALM_BYTES else "no growth"
    sizes = f"{before / 1e6:.0f} MB, peak {peak / 1e6:.0f} MB"
    return Kept(
        figure=f"{sizes}, {change} over {requests} requests of {size} rows",
        figures={
            "before_bytes": before,
            "peak_bytes": peak,
            "after_bytes": after,
            "grown_bytes": grown,
            "requests": requests,
            "request_rows": size,
        },
    )


def _timed(subject: Subject, size: int, seconds: float) -> list[float]:
    body = subject.encoded(subject.many(size))
    subject.post(body)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < FEWEST or time.perf_counter() < end:
        began = time.perf_counter()
        subject.post(body)
        times.append(time.perf_counter() - began)
    return times


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.1f} ms" if milliseconds < 100 else f"{milliseconds:.0f} ms"
