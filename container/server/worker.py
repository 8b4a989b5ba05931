"""A worker process: takes requests from its socket one by one, until the HTTP process closes it."""

import importlib
import os
import signal
import socket
from ctypes import c_longlong
from dataclasses import asdict
from typing import Any

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.rows import NO_ROW, listen
from container.server.frames import Frame, Kind, json_frame, receive, send
from container.server.golden import replay_golden_rows
from container.server.loading import LoadedModel, LoadFailure
from container.server.prediction import ScriptError, predict_request
from container.server.requests import Request, read_request

NICENESS = 5
"""Workers yield to the HTTP process where all cores are busy: /ping must be answered, predictions can wait."""


class PublishedRow:
    """The row that this worker is on, in memory that the HTTP process can read after a crash."""

    def __init__(self, cell: c_longlong) -> None:
        self._cell = cell
        self._rows: list[int] = []

    def expect(self, rows: list[int]) -> None:
        """The model is about to see these rows of the request."""
        self._rows = rows
        self._cell.value = rows[0] if len(rows) == 1 else NO_ROW

    def announce(self, position: int) -> None:
        """The model works on this one of them."""
        self._cell.value = self._rows[position] if 0 <= position < len(self._rows) else NO_ROW


def run_worker(connection: socket.socket, cell: c_longlong, *, check_golden_rows: bool) -> None:
    """Serves until the connection closes. Runs in a process of its own."""
    for stopped_by_the_http_process in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stopped_by_the_http_process, signal.SIG_IGN)
    os.nice(NICENESS)
    loaded = importlib.import_module("container.server.preload").outcome
    failure = _start_failure(loaded, check_golden_rows)
    if failure is not None:
        send(connection, json_frame(Kind.HELLO, {"failure": failure}))
        return
    send(connection, json_frame(Kind.HELLO, _introduction(loaded)))
    row = PublishedRow(cell)
    listen(row.announce)
    while (head := receive(connection)) is not None and (body := receive(connection)) is not None:
        for frame in _answer(read_request(head, body), loaded, row):
            send(connection, frame)
        cell.value = NO_ROW


def _start_failure(loaded: LoadedModel | LoadFailure, check_golden_rows: bool) -> str | None:
    if isinstance(loaded, LoadFailure):
        return loaded.message
    if not check_golden_rows:
        return None
    try:
        replay_golden_rows(loaded)
    except (BundleError, WireError) as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a model script may raise anything; it ends the start, with a reason
        return f"the golden rows cannot be predicted: {type(error).__name__}"
    return None


def _introduction(loaded: LoadedModel) -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "digest": loaded.bundle.digest,
        "manifest": loaded.bundle.manifest_bytes.decode(),
        "loaded_at": loaded.loaded_at,
        "forkable": loaded.forkable,
    }


def _answer(request: Request, loaded: LoadedModel, row: PublishedRow) -> list[Frame]:
    try:
        result = predict_request(request, loaded, row.expect)
    except WireError as error:
        return [json_frame(Kind.ERROR, {"status": error.status, "code": error.code, "message": str(error)})]
    except ScriptError as error:
        return [_script_error(str(error))]
    except Exception as error:  # noqa: BLE001 - the worker survives; the text may quote a row, the type does not
        return [_script_error(f"the answer cannot be made: {type(error).__name__}")]
    figures = {key: value for key, value in asdict(result).items() if key != "body"}
    return [Frame(Kind.ROWS, result.body), json_frame(Kind.DONE, {**figures, "pid": os.getpid()})]


def _script_error(message: str) -> Frame:
    return json_frame(Kind.ERROR, {"status": 500, "code": "model_script_error", "message": message})
