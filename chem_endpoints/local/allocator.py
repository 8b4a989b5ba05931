"""glibc's allocator, told to give memory back: many short threads that each read large pieces would keep it all.

Source: mallopt(3), M_ARENA_MAX, M_MMAP_THRESHOLD and M_TRIM_THRESHOLD.
"""

import ctypes

_SETTINGS = {-8: 2, -3: 1 << 18, -1: 1 << 20}
"""Arenas for all threads together; larger blocks come from the kernel and go back to it; so does free memory beyond."""


def give_memory_back() -> None:
    """Sets it for this process, where the C library is glibc; call it before threads are started."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in _SETTINGS.items():
            mallopt(parameter, value)
