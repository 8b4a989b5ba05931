"""The HTTP process's end of one worker: starts it, asks it, notices when it dies."""

import asyncio
import contextlib
import ctypes
import socket
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import Any

from chem_endpoints.wire.manifest import Manifest
from chem_endpoints.wire.rows import NO_ROW
from container.server.frames import HEADER, Frame, Kind
from container.server.requests import Request, request_frames
from container.server.worker_entry import enter_worker

ProcessContext = ForkServerContext | SpawnContext


class StartupError(Exception):
    """The model cannot be served; the message says why and what to do."""


class RequestError(Exception):
    """A request-level error that a worker reports.

    Attributes:
        status: HTTP status.
        code: stable machine-readable name.
    """

    def __init__(self, *, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class WorkerDiedError(Exception):
    """The worker ended while it worked on a request.

    Attributes:
        row: the row of the request that it was on, or `NO_ROW`.
    """

    def __init__(self, row: int) -> None:
        super().__init__(f"the worker process died on row {row}")
        self.row = row


@dataclass(frozen=True, kw_only=True)
class Introduction:
    """What a worker says when it is ready."""

    pid: int
    digest: str
    manifest: Manifest
    loaded_at: float
    forkable: bool


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response body and what was done for it."""

    body: bytes
    rows: int
    bad_rows: dict[str, int]
    milliseconds: dict[str, float]
    pid: int


class WorkerProcess:
    """One worker. It serves one request at a time; after a death or a kill it is thrown away."""

    def __init__(self, *, process: Any, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cell: Any) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._cell = cell
        self.introduction: Introduction | None = None

    @property
    def pid(self) -> int:
        """Process id."""
        return int(self._process.pid)

    @property
    def gone(self) -> bool:
        """Whether the worker has closed its connection: it is dead, or about to be."""
        return self._reader.at_eof()

    @property
    def row(self) -> int:
        """The row of its request that the worker last said it was on."""
        return int(self._cell.value)

    async def introduce(self) -> Introduction:
        """Waits until the worker has its model.

        Raises:
            StartupError: it has none.
        """
        try:
            hello = (await self._receive()).document
        except WorkerDiedError:
            raise StartupError("the worker process died while it loaded the model") from None
        if "failure" in hello:
            raise StartupError(hello["failure"])
        manifest = Manifest.model_validate_json(hello.pop("manifest"))
        self.introduction = Introduction(manifest=manifest, **hello)
        return self.introduction

    async def ask(self, request: Request) -> Answer:
        """Has the worker answer a request.

        Raises:
            RequestError: the request is at fault, or the model script as a whole.
            WorkerDiedError: the worker died; the request may be asked again elsewhere.
        """
        try:
            for frame in request_frames(request):
                self._writer.write(frame.to_bytes())
            await self._writer.drain()
        except (ConnectionError, OSError):
            raise WorkerDiedError(self.row) from None
        body = []
        while (frame := await self._receive()).kind is Kind.ROWS:
            body.append(frame.payload)
        if frame.kind is Kind.ERROR:
            raise RequestError(**frame.document)
        return Answer(body=b"".join(body), **frame.document)

    async def _receive(self) -> Frame:
        try:
            kind, length = HEADER.unpack(await self._reader.readexactly(HEADER.size))
            return Frame(Kind(kind), await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            raise WorkerDiedError(self.row) from None

    async def kill(self) -> None:
        """Ends the process now, whatever it is doing."""
        self._process.kill()
        await self.close()

    async def close(self) -> None:
        """Closes the connection, at which an idle worker exits, and waits for the end of the process."""
        self._writer.close()
        with contextlib.suppress(ConnectionError, OSError):
            await self._writer.wait_closed()
        await asyncio.to_thread(self._process.join, 5)
        if self._process.is_alive():
            self._process.kill()


async def start_worker(context: ProcessContext, *, check_golden_rows: bool) -> WorkerProcess:
    """Starts a worker process and connects to it; ask it to introduce itself next.

    Raises:
        StartupError: there is no host to fork it from.
    """
    ours, theirs = socket.socketpair()
    cell = context.RawValue(ctypes.c_longlong, NO_ROW)
    process = context.Process(
        target=enter_worker, args=(theirs, cell), kwargs={"check_golden_rows": check_golden_rows}, daemon=True
    )
    # The start waits for the host, which may still be loading the model: not a thing for the event loop.
    try:
        await asyncio.to_thread(process.start)
    except (EOFError, OSError) as error:
        ours.close()
        raise StartupError("the model host died while it loaded the model") from error
    finally:
        theirs.close()
    reader, writer = await asyncio.open_connection(sock=ours)
    return WorkerProcess(process=process, reader=reader, writer=writer, cell=cell)
