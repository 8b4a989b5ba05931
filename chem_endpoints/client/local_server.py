"""A model of this machine: a bundle, served by the project's own server in a child process.

It is the server that the container image runs, so a notebook or a unit test gets the answers that the deployed endpoint
would give, through the same formats. Nothing of AWS is asked, and the child sees no credentials.
"""

import importlib.util
import json
import os
import shutil
import signal
import sys
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pandas as pd

from chem_endpoints.client.description import ClientSettings, EndpointDescription
from chem_endpoints.client.steps import Steps, finish
from chem_endpoints.errors import EndpointError, ModelFailedError
from chem_endpoints.local.guard import Guard
from chem_endpoints.local.server_process import ServerProcess
from chem_endpoints.wire import environment
from chem_endpoints.wire.bundle import BundleError, read_archive, unpack, verify_files, verify_folder
from chem_endpoints.wire.manifest import MANIFEST_NAME

START_SECONDS = 300.0
"""How long the server may take to load the model and to replay its golden rows."""

STOP_SECONDS = 5.0
"""How long requests under way may take to end when the server is stopped."""

ARCHIVE_SUFFIXES = (".tar.gz", ".tgz")

SERVER_PANDAS = 3
"""The server's major version of pandas; the client runs with 2 as well."""
SERVER_LIBRARIES = ("fastapi", "uvicorn", "uvloop", "httptools")
"""Import names of what the server needs beyond the client."""

_PING_PAUSE = 0.05
_PASSED_ON = ("CUDA_VISIBLE_DEVICES",)
_OWN_FOLDERS = ("site-packages", "dist-packages")


def describe_bundle(bundle: Path | str) -> EndpointDescription:
    """What an endpoint of this bundle would be: a real-time one that is called like the file or folder.

    A bundle without a manifest (in the layout of another platform) is described as foreign: no manifest, no digest.

    Args:
        bundle: a ``model.tar.gz``, or the folder that it was unpacked into.

    Raises:
        EndpointError: no such file or folder, or it does not match its manifest.
    """
    path = Path(bundle)
    try:
        verified = None
        if path.is_dir():
            if (path / MANIFEST_NAME).is_file():
                verified = verify_folder(path)
        else:
            files = read_archive(path)
            if MANIFEST_NAME in files:
                verified = verify_files(files, where=str(path))
    except BundleError as error:
        raise EndpointError(str(error)) from None
    return EndpointDescription(
        name=_name_of(path),
        kind="realtime",
        manifest=verified.manifest if verified is not None else None,
        digest=verified.digest if verified is not None else "",
        settings=ClientSettings(max_in_flight=_cores()),
        captured=False,
        input_uri=None,
    )


class LocalServer:
    """A server process for one bundle, on a port of the loopback interface; ready when the constructor returns.

    It ends with `stop`, at the end of a ``with`` block, when nobody refers to the object any more, when Python exits,
    and when this process is killed.

    Args:
        bundle: a ``model.tar.gz``, or the folder that it was unpacked into; the folder stays as it is.
        workers: worker processes; default: one for each core that this process may use.
        start_seconds: how long to wait for the model.
        port: where to listen; default: a free one.

    Attributes:
        description: what the server serves; see `describe_bundle`.

    Raises:
        EndpointError: the bundle cannot be read, or the server's libraries are not installed.
        ModelFailedError: the model did not start; with the server's own words.
    """

    def __init__(
        self,
        bundle: Path | str,
        *,
        workers: int | None = None,
        start_seconds: float = START_SECONDS,
        port: int | None = None,
    ) -> None:
        _require_server()
        path = Path(bundle)
        self.description = describe_bundle(path)
        folder = Path(tempfile.mkdtemp(prefix="chem-endpoints-"))  # mode 0700
        guard = Guard()
        self._process = ServerProcess(
            command=(sys.executable, "-P", "-m", "container.server"),
            folder=folder,
            environment={
                **_environment(self.description, workers),
                environment.MODEL_DIR: str(path.resolve() if path.is_dir() else folder / "model"),
            },
            log=folder / "log",
            guard=guard,
            port=port,
        )
        self._end = weakref.finalize(self, _stop, self._process, guard, folder, os.getpid())
        try:
            if not path.is_dir():
                unpack(path, folder / "model")
            self._process.start()
            finish(self._ready(start_seconds))
        except BaseException:  # an interrupt too leaves no process behind
            self._end()
            raise

    def __enter__(self) -> "LocalServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"LocalServer({self.description.name!r}, port={self.port}, {'up' if self.alive else 'ended'})"

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return self._process.port

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        return self._process.group

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.alive

    def stop(self) -> None:
        """Ends the process and deletes what was unpacked; once more does nothing."""
        self._end()

    def how_it_ended(self) -> str:
        """Why the process does not run any more, for an error message."""
        code = self._process.exit_code
        if code is None:
            return "was stopped"
        return f"was killed ({_signal_name(-code)})" if code < 0 else f"ended with exit status {code}"

    def _ready(self, seconds: float) -> Steps[None]:
        """Steps that wait until the model answers."""
        waited = 0.0
        while not self._process.ping():
            if not self.alive:
                raise ModelFailedError(
                    f"{self.description.name} did not start: "
                    f"{_start_refusal(self._process.log) or f'its server {self.how_it_ended()}'}"
                )
            if waited >= seconds:
                raise ModelFailedError(
                    f"{self.description.name} is not ready after {seconds:g} s;"
                    " pass a larger start_seconds if it takes so long to load"
                )
            yield _PING_PAUSE
            waited += _PING_PAUSE


def _stop(process: ServerProcess, guard: Guard, folder: Path, owner: int) -> None:
    if os.getpid() != owner:  # a fork of the owner: the server is not its own
        return
    process.stop(STOP_SECONDS)
    guard.close()
    shutil.rmtree(folder, ignore_errors=True)


def _environment(description: EndpointDescription, workers: int | None) -> dict[str, str]:
    variables = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    variables |= {environment.ENDPOINT_NAME: description.name, "PYTHONDONTWRITEBYTECODE": "1"}
    if description.digest:
        variables[environment.MODEL_SHA256] = description.digest
    if workers is not None:
        variables[environment.WORKERS] = str(workers)
    # From a clone that is not installed, the child would not find the server; from a wheel it does.
    root = Path(__file__).parents[2]
    if root.name not in _OWN_FOLDERS:
        given = os.environ.get("PYTHONPATH")
        variables["PYTHONPATH"] = os.pathsep.join([*([given] if given else []), str(root)])
    return variables


def _require_server() -> None:
    absent = [name for name in SERVER_LIBRARIES if importlib.util.find_spec(name) is None]
    if absent:
        raise EndpointError(
            f"a bundle cannot be served here: {', '.join(absent)} not installed."
            " Install the server and the chemistry: pip install 'chem-endpoints[server,chem]'"
        )
    if int(pd.__version__.split(".")[0]) < SERVER_PANDAS:
        raise EndpointError(
            f"a bundle cannot be served with pandas {pd.__version__}: the image's server has pandas {SERVER_PANDAS}."
            f" Upgrade it here, or in an environment of its own: pip install 'pandas>={SERVER_PANDAS}'"
        )


def _start_refusal(log: Path) -> str | None:
    """The server's own words; what else it or a library printed may quote a structure, and is not repeated."""
    for event in _events(log):
        if event.get("event") == "start_refused":
            return str(event.get("reason"))
    return None


def _events(log: Path) -> Iterator[dict[str, Any]]:
    for line in reversed(log.read_text(errors="replace").splitlines()):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def _name_of(path: Path) -> str:
    name = path.resolve().name
    suffix = next((suffix for suffix in ARCHIVE_SUFFIXES if name.endswith(suffix)), "")
    return name.removesuffix(suffix)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
