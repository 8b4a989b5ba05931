"""One instance behind an endpoint: a server process on a port of its own, as SageMaker would run a container."""

import http.client
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from chem_endpoints.local.guard import Guard
from chem_endpoints.wire.environment import BIND_PORT, HOST

PING_SECONDS = 2.0
"""Time that one attempt of the health check may take (SageMaker developer guide)."""

_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH")
_LOG_LINE_LENGTH = 500
_TAIL_BYTES = 8192


def clean_environment(added: Mapping[str, str]) -> dict[str, str]:
    """What a container sees: no credentials and nothing of the caller's, like a Model with network isolation."""
    inherited = {
        name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith("COVERAGE_")
    }
    isolation = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    return {**inherited, **isolation, **added}


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class ServerProcess:
    """A server process; it can be started again after it died. ``port``: where it listens; default: a free one."""

    def __init__(
        self,
        *,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        guard: Guard,
        port: int | None = None,
    ) -> None:
        self.port = 0
        self._wanted_port = port
        self.log = log
        self._guard = guard
        self._command, self._folder, self._environment = command, folder, environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the process; what it prints is appended to the log."""
        self._forget()
        self.port = self._wanted_port or free_port()
        environment = clean_environment({**self._environment, BIND_PORT: str(self.port), HOST: "127.0.0.1"})
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._guard.started(self._process.pid)

    @property
    def exit_code(self) -> int | None:
        """Exit code of a process that has ended."""
        return self._process.poll() if self._process else None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self.exit_code is None

    @property
    def group(self) -> int | None:
        """Its process group, while it runs."""
        return self._process.pid if self._process is not None and self.alive else None

    def ping(self) -> bool:
        """Whether ``GET /ping`` answers 200, as SageMaker's health check asks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PING_SECONDS)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def ask_to_stop(self) -> None:
        """SIGTERM: finish what has begun, then exit."""
        if self._process is not None and self.alive:
            self._process.terminate()

    def stop(self, seconds: float) -> None:
        """SIGTERM, and SIGKILL for the process and its children when it has not ended after that long."""
        if self._process is None:
            return
        self.ask_to_stop()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._forget()

    def _forget(self) -> None:
        if self._process is not None:
            self._guard.ended(self._process.pid)
            self._process = None

    def move_log(self, path: Path) -> None:
        """Gives the log its final name; the process goes on writing to it."""
        self.log = self.log.replace(path)

    def last_log_line(self) -> str:
        """The last line that the process printed."""
        try:
            text = self.log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")
        except OSError:
            return ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1][:_LOG_LINE_LENGTH] if lines else ""
