"""The HTTP process's end of one worker: starts it, asks it, hears its answers, notices when it dies."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Any

from chem_endpoints.wire.manifest import Manifest
from container.server.captured_output import OutputCount
from container.server.frames import HEADER, Frame, read_payload
from container.server.published import shared_cells
from container.server.settings import Settings
from container.server.worker_entry import enter_worker

ProcessContext = ForkServerContext | SpawnContext
_READ_BYTES = 256 * 1024
_JOIN_SECONDS = 5


class StartupError(Exception):
    """The model cannot be served; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Introduction:
    """What a worker says when it is ready.

    Attributes:
        pid: its process.
        digest: the model digest.
        manifest: the bundle's, unless it is a foreign one.
        loaded_at: seconds since the epoch.
        why_not_forkable: why each worker loads the model itself; ``None``: they are forked from one that has it.
        takes_numbers: whether all features and outputs are float64, so that small requests can travel together.
        whole_body: whether the script reads and writes bodies itself.
        features: columns that the model reads, as far as they are known.
        layout: kind of bundle.
    """

    pid: int
    digest: str
    manifest: Manifest | None
    loaded_at: float
    why_not_forkable: str | None
    takes_numbers: bool
    whole_body: bool
    features: tuple[str, ...]
    layout: str


class WorkerProcess:
    """One worker. It is asked one thing at a time; after a death or a kill it is thrown away.

    Attributes:
        cells: what it is doing (`container.server.published.Cells`).
        on_frame: called with each frame that it sends.
        on_death: called once, when its connection has closed.
        introduction: what it said when it was ready.
    """

    def __init__(self, *, process: Any, connection: socket.socket, cells: Any) -> None:
        self._process, self._connection = process, connection
        self._buffer = bytearray()
        self._unsent = b""
        self._loop = asyncio.get_running_loop()
        self.cells = cells
        self.gone = False
        self.on_frame: Callable[[Frame], None] = _ignore
        self.on_death: Callable[[], None] = _ignore_death
        self.introduction: Introduction | None = None
        connection.setblocking(False)
        self._loop.add_reader(connection.fileno(), self._read)

    @property
    def pid(self) -> int:
        """Process id."""
        return int(self._process.pid)

    def exit_code(self) -> int | None:
        """How it ended: a negative number is a signal. Known shortly after its connection has closed."""
        code: int | None = self._process.exitcode
        return code

    async def introduce(self) -> Introduction:
        """Waits until the worker has its model.

        Raises:
            StartupError: it has none.
        """
        hello: asyncio.Future[Frame | None] = self._loop.create_future()
        self.on_frame = hello.set_result
        self.on_death = lambda: None if hello.done() else hello.set_result(None)
        if self.gone:
            self.on_death()
        frame = await hello
        self.on_frame, self.on_death = _ignore, _ignore_death
        if frame is None:
            raise StartupError("the worker process died while it loaded the model")
        if "failure" in frame.head:
            raise StartupError(frame.head["failure"])
        self.introduction = _introduction(frame.head)
        return self.introduction

    def send(self, frame: Frame) -> None:
        """Sends a frame; a worker that is gone does not hear it, and `on_death` tells."""
        data = frame.to_bytes()
        try:
            sent = (
                socket.send_fds(self._connection, [data], list(frame.descriptors))
                if frame.descriptors
                else self._connection.send(data)
            )
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self._closed()
            return
        if sent < len(data):
            self._unsent = data[sent:]
            self._loop.add_writer(self._connection.fileno(), self._write)

    def _write(self) -> None:
        try:
            sent = self._connection.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._closed()
            return
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._loop.remove_writer(self._connection.fileno())

    def _read(self) -> None:
        try:
            data = self._connection.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._closed()
            return
        self._buffer += data
        self._take_frames()

    def _take_frames(self) -> None:
        while len(self._buffer) >= HEADER.size:
            kind, _, length = HEADER.unpack_from(self._buffer)
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(memoryview(self._buffer)[HEADER.size : end])
            del self._buffer[:end]
            self.on_frame(read_payload(kind, payload))

    def _closed(self) -> None:
        if self.gone:
            return
        self.gone = True
        self._loop.remove_reader(self._connection.fileno())
        self._loop.remove_writer(self._connection.fileno())
        self._connection.close()
        self.on_death()

    def kill(self) -> None:
        """Ends the process now, whatever it is doing; `on_death` follows."""
        self._process.kill()

    async def close(self) -> None:
        """Closes the connection, at which an idle worker exits, and waits for the end of the process."""
        self.on_frame, self.on_death = _ignore, _ignore_death
        self._closed()
        await asyncio.to_thread(self._process.join, _JOIN_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            await asyncio.to_thread(self._process.join, _JOIN_SECONDS)

    async def wait_for_exit(self) -> int | None:
        """Waits until it is known how the process ended, not for long."""
        await asyncio.to_thread(self._process.join, _JOIN_SECONDS)
        return self.exit_code()


def _ignore(frame: Frame) -> None:
    """Nobody asked."""


def _ignore_death() -> None:
    """Nobody waits."""


def _introduction(head: dict[str, Any]) -> Introduction:
    manifest = Manifest.model_validate_json(head["manifest"]) if head["manifest"] is not None else None
    return Introduction(**{**head, "manifest": manifest, "features": tuple(head["features"])})


async def start_worker(
    context: ProcessContext, settings: Settings, output: OutputCount, *, check_golden_rows: bool
) -> WorkerProcess:
    """Starts a worker process and connects to it; ask it to introduce itself next.

    Raises:
        StartupError: there is no host to fork it from.
    """
    ours, theirs = socket.socketpair()
    read_output, printed = (None, None) if settings.show_worker_output else socket.socketpair()
    cells = shared_cells(context)
    process = context.Process(
        target=enter_worker,
        args=(theirs, printed, cells, settings),
        kwargs={"check_golden_rows": check_golden_rows},
        daemon=True,
    )
    # The start waits for the host, which may still be loading the model: not a thing for the event loop.
    try:
        await asyncio.to_thread(process.start)
    except (EOFError, OSError) as error:
        ours.close()
        raise StartupError("the model host died while it loaded the model") from error
    finally:
        theirs.close()
        if printed is not None:
            printed.close()
    if read_output is not None:
        output.watch(read_output)
    return WorkerProcess(process=process, connection=ours, cells=cells)
