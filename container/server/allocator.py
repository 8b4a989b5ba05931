"""glibc's allocator, told to keep what it has.

A body of megabytes is read into some ten arrays; giving their memory back to the kernel after each request, to get it
zeroed again for the next, costs a tenth of the whole.

Source: mallopt(3), M_TRIM_THRESHOLD and M_MMAP_THRESHOLD, as environment variables for the processes started from here.
"""

import os

KEPT = {
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),  # the largest value that glibc takes
    "MALLOC_TRIM_THRESHOLD_": str(128 * 1024 * 1024),
}


def keep_memory() -> None:
    """Sets the variables, unless the operator has; call it before the model host starts."""
    for name, value in KEPT.items():
        os.environ.setdefault(name, value)
