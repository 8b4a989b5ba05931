"""One thread per library: workers are the parallelism, and a fork needs a process without threads.

Each of these libraries starts a pool of all cores when it is imported or first used; several workers then spin
against each other (2 to 5 times the CPU time), and a child forked from a process with an OpenMP pool hangs.
"""

import os

SINGLE_THREADED = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "ARROW_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # pyarrow's allocator would start one at import
}


def limit_threads() -> None:
    """Limits the libraries of the processes started from here on; call it before anything is imported there."""
    os.environ.update(SINGLE_THREADED)


def running_threads() -> int:
    """Threads of this process, those of C libraries included."""
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 0
