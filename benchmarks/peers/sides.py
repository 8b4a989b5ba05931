"""The sides of a comparison: how each one is started, the same limits for all."""

import contextlib
import getpass
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers import process_tree
from benchmarks.peers.errors import SideError
from benchmarks.peers.packages import ROOT, peer_python

START_SECONDS = 120
POLL_SECONDS = 0.002

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Every side gets them: XGBoost otherwise opens one pool of all cores in each worker, and the pools fight."""

NGINX = """
worker_processes 1;
daemon off;
user {user};
pid {scratch}/nginx.pid;
error_log {scratch}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_max_body_size 100m;
  client_body_temp_path {scratch}/body;
  proxy_temp_path {scratch}/proxy;
  fastcgi_temp_path {scratch}/fastcgi;
  uwsgi_temp_path {scratch}/uwsgi;
  scgi_temp_path {scratch}/scgi;
  upstream gunicorn {{ server unix:{scratch}/gunicorn.sock; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://gunicorn; proxy_read_timeout 60s; }}
  }}
}}
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a side runs.

    Attributes:
        port: to listen on, on 127.0.0.1.
        scratch: folder for sockets, configuration and logs.
    """

    port: int
    scratch: Path


@dataclass(frozen=True, kw_only=True)
class Side:
    """A server to measure.

    Attributes:
        name: as printed.
        commands: the processes to start.
        variables: environment variables beside those of every side.
        programs: what must be installed on the machine.
    """

    name: str
    commands: Callable[[Place], list[list[str]]]
    variables: Mapping[str, str] = field(default_factory=dict)
    programs: tuple[str, ...] = ()

    @property
    def lacks(self) -> tuple[str, ...]:
        """Programs that are not here; a side that lacks one is skipped."""
        return tuple(program for program in self.programs if shutil.which(program) is None)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A side that answers ``/ping``.

    Attributes:
        port: on 127.0.0.1.
        roots: the started processes.
        start_seconds: from the first process's start to the first 200 of ``/ping``.
    """

    port: int
    roots: process_tree.Roots
    start_seconds: float


def _ours(place: Place) -> list[list[str]]:
    return [[sys.executable, "-m", "container.server"]]


def _nginx_gunicorn_flask(place: Place) -> list[list[str]]:
    configuration = place.scratch / "nginx.conf"
    configuration.write_text(NGINX.format(scratch=place.scratch, port=place.port, user=getpass.getuser()))
    bind = f"unix:{place.scratch}/gunicorn.sock"
    gunicorn = [str(peer_python()), "-m", "gunicorn", "--workers", "2", "--worker-class", "sync", "--bind", bind]
    return [[*gunicorn, "--timeout", "60", "benchmarks.peers.flask_app:app"], ["nginx", "-c", str(configuration)]]


def _uvicorn(place: Place) -> list[list[str]]:
    uvicorn = [str(peer_python()), "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(place.port), "--workers", "1"]
    return [
        [*uvicorn, "--loop", "uvloop", "--http", "httptools", "--no-access-log", "benchmarks.peers.uvicorn_app:app"]
    ]


def _litserve(place: Place) -> list[list[str]]:
    return [[str(peer_python()), "-m", "benchmarks.peers.litserve_app", str(place.port)]]


OURS = Side(name="ours", commands=_ours)
OURS_APART = Side(name="ours, coalescing off", commands=_ours, variables={"CHEM_ENDPOINTS_COALESCE": "0"})
CLASSIC = Side(name="(a) nginx+gunicorn+Flask", commands=_nginx_gunicorn_flask, programs=("nginx",))
WORKBENCH = Side(name="(b) uvicorn, article", commands=_uvicorn)
LITSERVE = Side(name="(c) LitServe", commands=_litserve)


@contextlib.contextmanager
def running(side: Side, model_dir: Path, **variables: str) -> Iterator[Running]:
    """Starts a side around a model and stops it in the end.

    Raises:
        SideError: it does not answer ``/ping`` with 200; gives the last line of its log.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Place(port=_free_port(), scratch=Path(folder))
        commands = side.commands(place)
        env = _environment(place, model_dir) | dict(side.variables) | variables
        started = time.perf_counter()
        with (place.scratch / "log").open("wb") as log:
            roots = [subprocess.Popen(line, cwd=ROOT, env=env, stdout=log, stderr=log) for line in commands]
        try:
            _wait_until_ready(place, roots)
            yield Running(port=place.port, roots=roots, start_seconds=time.perf_counter() - started)
        finally:
            process_tree.stop(roots)


def _environment(place: Place, model_dir: Path) -> dict[str, str]:
    ours = {"CHEM_ENDPOINTS_HOST": "127.0.0.1", "SAGEMAKER_BIND_TO_PORT": str(place.port)}
    return {**os.environ, **ONE_THREAD, **ours, "SM_MODEL_DIR": str(model_dir)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(place: Place, roots: process_tree.Roots) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and all(root.poll() is None for root in roots):
        if _healthy(place.port):
            return
        time.sleep(POLL_SECONDS)
    log = (place.scratch / "log").read_text(errors="replace").splitlines()
    raise SideError(f"did not start: {log[-1] if log else 'it wrote no log'}")


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
