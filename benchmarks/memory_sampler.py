"""Watches the memory of a process and its descendants while something happens (Linux)."""

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.peers import process_tree

SAMPLING_SECONDS = 0.2


@dataclass(kw_only=True)
class Peak:
    """The most that was seen.

    Attributes:
        bytes: summed proportional set size.
        samples: how often it was looked at.
    """

    bytes: int = 0
    samples: int = 0


@contextlib.contextmanager
def sampling(process: "subprocess.Popen[bytes]") -> Iterator[Peak]:
    """Watches as long as the block lasts."""
    peak = Peak()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(SAMPLING_SECONDS):
            peak.bytes = max(peak.bytes, process_tree.pss_bytes([process]))
            peak.samples += 1

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()
