"""What one row may cost: limits that the kernel enforces in the worker, behind the HTTP process's own watch.

Memory: RLIMIT_DATA, set to the size after the fork and a budget, so that the first breach is a MemoryError of one row.
It counts private writable memory (Linux), so neither the model that is shared with the host nor mapped files.
Processor time: RLIMIT_CPU, moved on before each slice and as its rows are published; its signal ends the worker on the
row that it published.
"""

import contextlib
import math
import resource
import sys
import time
from pathlib import Path

_STATUS = Path("/proc/self/status")


def limit_memory(budget_bytes: int) -> None:
    """Limits this process to what it has now and ``budget_bytes``; where the kernel counts otherwise, does nothing."""
    if sys.platform != "linux":
        return
    data = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmData:"))
    _lower(resource.RLIMIT_DATA, int(data.split()[1]) * 1024 + budget_bytes)


def allow_processor_seconds(seconds: float | None) -> None:
    """From now on the process may use this much processor time before it is ended; ``None``: as much as it likes."""
    _lower(
        resource.RLIMIT_CPU, resource.RLIM_INFINITY if seconds is None else math.ceil(time.process_time() + seconds) + 1
    )


def _lower(kind: int, soft: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        soft = hard if soft == resource.RLIM_INFINITY else min(soft, hard)
    with contextlib.suppress(ValueError, OSError):  # an outer limit is tighter already
        resource.setrlimit(kind, (soft, hard))
