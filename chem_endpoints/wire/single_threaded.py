"""The environment of processes that compute: training, and the server's workers."""

SINGLE_THREADED = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "ARROW_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # pyarrow's allocator would start one at import
}
"""One thread per library. Each of them would start a pool of all cores; several processes then spin against each other
(2 to 5 times the processor time), a child forked from a process with such a pool hangs, and sums over several threads
round otherwise than sums over one, so that training and serving would not give the same bits."""
