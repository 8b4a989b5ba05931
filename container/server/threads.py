"""One thread per library: workers are the parallelism, and a fork needs a process without threads.

See `chem_endpoints.wire.single_threaded.SINGLE_THREADED`.
"""

import os

from chem_endpoints.wire.single_threaded import SINGLE_THREADED


def limit_threads() -> None:
    """Limits the libraries of the processes started from here on; call it before anything is imported there."""
    os.environ.update(SINGLE_THREADED)


def running_threads() -> int:
    """Threads of this process, those of C libraries included."""
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 0
