"""What a side costs: processor time and memory of all its processes together."""

import contextlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

Roots = Sequence["subprocess.Popen[bytes]"]
STOP_SECONDS = 10


def members(roots: Roots) -> list[psutil.Process]:
    """The started processes and everything below them."""
    found = []
    for root in roots:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(root.pid)
            found += [process, *process.children(recursive=True)]
    return found


def cpu_seconds(roots: Roots) -> float:
    """User and system time of the tree, of its ended and reaped members too."""
    total = 0.0
    for process in members(roots):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def pss_bytes(roots: Roots) -> int:
    """Proportional set size of the tree: a page that several processes share is counted once (proc(5))."""
    total = 0
    for process in members(roots):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


def stop(roots: Roots) -> None:
    """Ends the tree: politely, then by force."""
    tree = members(roots)
    for root in roots:
        root.terminate()
    _, alive = psutil.wait_procs(tree, timeout=STOP_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    for root in roots:
        root.wait()
