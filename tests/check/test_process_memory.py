"""Promise: the memory of a process group is measured, its children and its peak included."""

import subprocess
import sys
import time

import pytest

from chem_endpoints.check.process_memory import OWN, MemoryWatch, group_bytes

SIZE = 60_000_000
CHILD = f"x = bytearray(b'x') * {SIZE}; print('ready', flush=True); input(); del x; print('gone', flush=True); input()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/PID/smaps_rollup is Linux's")
def test_a_group_is_measured_with_its_children() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process, MemoryWatch(process.pid) as watch:
        assert process.stdout.readline() == "ready\n"
        full, full_own = group_bytes(process.pid), group_bytes(process.pid, OWN)
        deadline = time.monotonic() + 60
        while watch.peak < SIZE:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "gone\n"
        left, own = group_bytes(process.pid), group_bytes(process.pid, OWN)
        process.stdin.write("\n")
        process.stdin.close()
    assert full - left > 0.9 * SIZE
    assert watch.peak > SIZE
    assert full_own - own > 0.9 * SIZE
    assert 0 < own < left  # What lies in files is shared with whoever else has them open.


def test_nobody_has_no_memory() -> None:
    assert group_bytes(None) == 0
