"""Bodies too large to copy between processes: unlinked files, in memory or on disk, passed by descriptor."""

import asyncio
import os
import tempfile
from collections.abc import Callable
from types import TracebackType
from typing import Any

INLINE_BYTES = 64 * 1024
"""Bodies up to this travel inside a frame."""

MEMORY_BYTES = 8_000_000
"""Bodies up to this lie in memory, larger ones on disk; also the size above which a body is read in row groups."""

MEMORY_BUDGET_BYTES = 256_000_000
"""What all bodies in memory may take together; beyond it, smaller ones lie on disk too."""

READ_BYTES = 256 * 1024
_FLUSH_BYTES = 1_000_000


class Spool:
    """An unlinked file that is written at its end and read from anywhere; nobody else can open it."""

    in_memory_bytes = 0

    def __init__(self, *, on_disk: bool = False) -> None:
        self.size = 0
        self.on_disk = on_disk or Spool.in_memory_bytes > MEMORY_BUDGET_BYTES or not hasattr(os, "memfd_create")
        self.descriptor = _unlinked_file() if self.on_disk else os.memfd_create("body", os.MFD_CLOEXEC)
        self._pending = bytearray()
        self._counted = 0

    async def append(self, data: bytes) -> None:
        """Writes at the end. A disk may be slow, so its writes leave the event loop and go in larger pieces."""
        if not self.on_disk and self.size + len(data) > MEMORY_BYTES:
            await self._move_to_disk()
        self.size += len(data)
        if not self.on_disk:
            self._count(len(data))
            _write_all(self.descriptor, data)
            return
        self._pending += data
        if len(self._pending) >= _FLUSH_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Writes what has been held back."""
        pending, self._pending = self._pending, bytearray()
        if pending:
            await _to_its_end(_write_all, self.descriptor, pending)

    async def _move_to_disk(self) -> None:
        self._count(-self._counted)
        memory, self.descriptor, self.on_disk = self.descriptor, _unlinked_file(), True
        try:  # `close` gives the file back from here on, also where the disk is full
            await _to_its_end(_copy, memory, self.descriptor, self.size)
        finally:
            os.close(memory)

    async def read(self, start: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``start``."""
        if self.on_disk:
            return await asyncio.to_thread(os.pread, self.descriptor, length, start)
        return os.pread(self.descriptor, length, start)

    def _count(self, change: int) -> None:
        self._counted += change
        Spool.in_memory_bytes += change

    def cut(self, size: int) -> None:
        """Forgets what lies beyond ``size``: what a dead worker had begun to write.

        Workers write through the same open file: its position is where the dead one stopped, or was reading.
        """
        os.ftruncate(self.descriptor, size)
        os.lseek(self.descriptor, size, os.SEEK_SET)

    def close(self) -> None:
        """Gives the space back."""
        if self.descriptor >= 0:
            self._count(-self._counted)
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


async def _to_its_end(call: Callable[..., None], *arguments: Any) -> None:
    """Runs in a thread. Who is cancelled waits for it too: a descriptor closed meanwhile may become another file's."""
    running = asyncio.ensure_future(asyncio.to_thread(call, *arguments))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def _unlinked_file() -> int:
    descriptor, path = tempfile.mkstemp(prefix="chem-endpoints-")
    os.unlink(path)
    return descriptor


def _write_all(descriptor: int, data: bytes | bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _copy(source: int, target: int, size: int) -> None:
    position = 0
    while position < size:
        data = os.pread(source, READ_BYTES, position)
        _write_all(target, data)
        position += len(data)
