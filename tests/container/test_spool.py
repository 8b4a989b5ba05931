"""Promise: a body that is too large to copy lies in a file that nobody else can open, and its space comes back."""

import asyncio
import errno
import os
import time
from pathlib import Path

import pytest

from container.server import spool
from container.server.spool import MEMORY_BYTES, Spool


@pytest.mark.parametrize("on_disk", [False, True])
def test_what_is_appended_is_read_from_anywhere(on_disk: bool) -> None:
    async def write_and_read() -> None:
        with Spool(on_disk=on_disk) as body:
            for number in range(100):
                await body.append(bytes([number]) * 20_000)
            await body.flush()
            assert body.size == os.fstat(body.descriptor).st_size == 2_000_000
            assert await body.read(1_999_999, 10) == b"\x63"
            assert await body.read(39_999, 2) == b"\x01\x02"
            body.cut(5)
            assert await body.read(0, 10) == b"\0" * 5

    before = Spool.in_memory_bytes
    asyncio.run(write_and_read())
    assert Spool.in_memory_bytes == before


def test_a_body_that_grows_moves_to_disk_with_all_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool.tempfile, "tempdir", str(tmp_path))

    async def grow() -> None:
        with Spool() as body:
            assert not body.on_disk
            for number in range(10):
                await body.append(bytes([number]) * (MEMORY_BYTES // 9))
            await body.flush()
            assert body.on_disk
            assert os.fstat(body.descriptor).st_size == body.size
            assert await body.read(body.size - 1, 1) == b"\x09"
            assert list(tmp_path.iterdir()) == []

    before = Spool.in_memory_bytes
    asyncio.run(grow())
    assert Spool.in_memory_bytes == before


def test_bodies_share_a_budget_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MEMORY_BUDGET_BYTES", Spool.in_memory_bytes + 1000)

    async def fill() -> None:
        with Spool() as first:
            await first.append(b"x" * 2000)
            with Spool() as second:
                assert second.on_disk
        with Spool() as third:
            assert not third.on_disk

    asyncio.run(fill())


@pytest.mark.parametrize("on_disk", [False, True])
def test_who_writes_on_after_a_cut_writes_there(on_disk: bool) -> None:
    """A worker dies after writing what it has not told of; the next one shares its open file, and so its position."""
    with Spool(on_disk=on_disk) as answer:
        worker = os.dup(answer.descriptor)
        os.write(worker, b"told" + b"lost")
        answer.cut(4)
        os.write(worker, b"next")
        os.lseek(worker, 1, os.SEEK_SET)  # one that died while it read
        answer.cut(8)
        os.write(worker, b"last")
        os.close(worker)
        assert os.pread(answer.descriptor, 100, 0) == b"toldnextlast"


def test_a_full_disk_keeps_no_file_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def grow() -> None:
        with Spool() as body:
            await body.append(b"x" * MEMORY_BYTES)
            monkeypatch.setattr(spool, "_copy", full)
            with pytest.raises(OSError, match="No space left"):
                await body.append(b"x")

    before, opened = Spool.in_memory_bytes, len(os.listdir("/proc/self/fd"))
    asyncio.run(grow())
    assert Spool.in_memory_bytes == before
    assert len(os.listdir("/proc/self/fd")) == opened


def test_who_is_cancelled_closes_no_file_that_is_being_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []

    def slowly(descriptor: int, data: bytes) -> None:
        time.sleep(0.3)
        written.append(os.write(descriptor, data))

    async def cancel() -> None:
        with Spool(on_disk=True) as body:
            await body.append(b"x" * 10)
            flushing = asyncio.create_task(body.flush())
            await asyncio.sleep(0.05)
            flushing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await flushing
            assert written == [10]

    monkeypatch.setattr(spool, "_write_all", slowly)
    asyncio.run(cancel())
