"""What model code prints: counted, not kept.

RDKit writes the whole SMILES to stderr when it cannot read one, and a script may print anything; structures are
confidential. So the output of a worker ends in the HTTP process, which logs how much there was, and nothing else.
"""

import asyncio
import os
import socket
import sys

from container.server.log import log_event

_READ_BYTES = 65536
SECONDS_BETWEEN_LINES = 10.0


def redirect_output(output: socket.socket) -> None:
    """Sends what this process prints, also from compiled code, into a socket."""
    sys.stdout.flush()
    sys.stderr.flush()
    for descriptor in (sys.__stdout__.fileno() if sys.__stdout__ else 1, 2):
        os.dup2(output.fileno(), descriptor)


class OutputCount:
    """Reads what workers print and logs the amount, at most every `SECONDS_BETWEEN_LINES`."""

    def __init__(self, endpoint_name: str) -> None:
        self._endpoint_name = endpoint_name
        self._bytes = self._lines = 0
        self._due: asyncio.TimerHandle | None = None

    def watch(self, output: socket.socket) -> None:
        """Reads a worker's output until it ends."""
        output.setblocking(False)
        asyncio.get_running_loop().add_reader(output.fileno(), self._read, output)

    def _read(self, output: socket.socket) -> None:
        try:
            data = output.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        loop = asyncio.get_running_loop()
        if not data:
            loop.remove_reader(output.fileno())
            output.close()
            return
        self._bytes += len(data)
        self._lines += data.count(b"\n")
        if self._due is None:
            self._due = loop.call_later(SECONDS_BETWEEN_LINES, self._tell)

    def _tell(self) -> None:
        log_event("worker_output", endpoint=self._endpoint_name, lines=self._lines, bytes=self._bytes)
        self._bytes = self._lines = 0
        self._due = None
