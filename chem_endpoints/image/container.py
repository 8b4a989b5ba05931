"""Runs an image as SageMaker does with network isolation, only stricter.

::

    engine = find_runner()
    with running(engine, local_name("base"), model=Path("model")) as container:
        httpx.post(f"{container.base_url}/invocations", content="smiles\nCCO\n", headers={"Content-Type": "text/csv"})
        container.stop()   # → 0

No way out of its network, the root file system and the model read-only, ``/tmp`` in memory, no capability and no way to
gain one, a limit of memory without swap, no variable but those given. SageMaker's own containers have a writable root.
"""

import contextlib
import http.client
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chem_endpoints.image.engine import Engine
from chem_endpoints.image.isolation import Network, is_left_over, isolated_network
from chem_endpoints.wire.environment import BIND_PORT

PORT = 8080
"""Where SageMaker asks, unless the container was told another port."""
MODEL_FOLDER = "/opt/ml/model"
"""Where SageMaker unpacks a model. Source: "Custom Inference Code with Hosting Services", SageMaker developer guide."""

STOP_SECONDS = 30
"""From SIGTERM to SIGKILL; source: the same page."""

PING_SECONDS = 2.0
"""Time that one attempt of the health check may take; source: the same page."""

START_SECONDS = 120.0
"""Enough for the slowest image on a busy machine; SageMaker's own default is 8 minutes."""

TEMPORARY_MEGABYTES = 512

_PING_POLL_SECONDS = 0.01
_LIFE_POLL_SECONDS = 2.0
"""Asking the engine whether a container lives takes processor time that its start needs."""
_END_POLL_SECONDS = 0.2
_TOLD_LINES = 5


class ContainerError(Exception):
    """A container that ended, or was not ready in time; the message holds its last log lines."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container that has been started; `running` takes it away in the end."""

    engine: Engine
    name: str
    reference: str
    address: str
    """Reached from this machine alone."""
    port: int
    asked: float
    """When the engine was asked to start it, by `time.monotonic`."""

    @property
    def base_url(self) -> str:
        """``http://ADDRESS:PORT``."""
        return f"http://{self.address}:{self.port}"

    def ping(self) -> bool:
        """Whether ``GET /ping`` answers 200, as SageMaker's health check asks."""
        connection = http.client.HTTPConnection(self.address, self.port, timeout=PING_SECONDS)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Returns when it answers its health check.

        Raises:
            ContainerError: it has ended, or is not ready after ``seconds``.
        """
        begun = looked = time.monotonic()
        while not self.ping():
            now = time.monotonic()
            if now - begun > seconds:
                raise ContainerError(f"{self.reference}: no healthy answer within {seconds:g} s{self._last_words()}")
            if now - looked > _LIFE_POLL_SECONDS:
                looked = now
                if (status := self.exit_status()) is not None:
                    raise ContainerError(f"{self.reference}: it ended with status {status}{self._last_words()}")
            time.sleep(_PING_POLL_SECONDS)

    def exit_status(self) -> int | None:
        """Exit status of its first process; ``None``: it runs."""
        state = self._state()
        return None if state["Running"] else int(state["ExitCode"])

    def first_process(self) -> int:
        """Number of its first process as this machine counts, while it runs."""
        return int(self._state()["Pid"])

    def wait(self, seconds: float = START_SECONDS) -> int:
        """Waits until it has ended by itself, and returns its exit status.

        Raises:
            ContainerError: it still runs after ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while (status := self.exit_status()) is None:
            if time.monotonic() > deadline:
                raise ContainerError(f"{self.reference}: it still runs after {seconds:g} s{self._last_words()}")
            time.sleep(_END_POLL_SECONDS)
        return status

    def terminate(self) -> None:
        """Sends SIGTERM and returns at once."""
        self.engine.ask("kill", "--signal=TERM", self.name)

    def stop(self, seconds: int = STOP_SECONDS) -> int:
        """Sends SIGTERM, and SIGKILL to what still runs after ``seconds``; returns the exit status (137: killed)."""
        self.engine.ask("stop", "-t", str(seconds), self.name)
        return self.wait()

    def logs(self) -> str:
        """All that it has written to its standard output and error, also after its end."""
        words = self.engine.command("logs", self.name)
        return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout

    def exec(self, *command: str) -> str:
        """Runs a command inside, as the image's user, and returns what it printed.

        Raises:
            EngineError: the command failed; the message is its last line.
        """
        return self.engine.ask("exec", self.name, *command)

    def _state(self) -> dict[str, Any]:
        (found,) = json.loads(self.engine.ask("container", "inspect", self.name))
        state: dict[str, Any] = found["State"]
        return state

    def _last_words(self) -> str:
        lines = self.logs().splitlines()[-_TOLD_LINES:]
        return "; its last log lines:\n" + "\n".join(lines) if lines else "; it has logged nothing"


@contextlib.contextmanager
def running(
    engine: Engine,
    reference: str,
    *,
    model: Path | str | None,
    environment: Mapping[str, str] = MappingProxyType({}),
    memory: str = "2g",
    arguments: Sequence[str] = ("serve",),
    volumes: Sequence[str] = (),
    options: Sequence[str] = (),
    start_seconds: float | None = START_SECONDS,
) -> Iterator[Container]:
    """Starts a container, yields it when it answers its health check, and takes it and its network away in the end.

    What callers that were killed have left behind is taken away first.

    Args:
        engine: docker or podman.
        reference: the image; it must be in the engine's storage.
        model: folder of an unpacked bundle, or the name of a volume; read-only at ``/opt/ml/model``. ``None``: nothing
            is there.
        environment: variables of the container.
        memory: limit of all its processes and of ``/tmp`` together, in the engine's words.
        arguments: what the image's entry point is given.
        volumes: further mounts, ``SOURCE:TARGET[:ro]``; a source is absolute, or a volume.
        options: further flags of the engine's ``run``.
        start_seconds: how long it may take to be healthy; ``None``: it is yielded at once.

    Raises:
        EngineError: this machine cannot run it; the message says what is missing.
        ContainerError: it has ended, or is not healthy after ``start_seconds``.
    """
    for left_over in filter(is_left_over, engine.ask("ps", "--all", "--format={{.Names}}").split()):
        _remove(engine, left_over)
    source = model.resolve() if isinstance(model, Path) else model
    mounts = [*([] if source is None else [f"{source}:{MODEL_FOLDER}:ro"]), *volumes]
    flags = [
        *_ISOLATION,
        *(_PODMAN_ISOLATION if engine.name == "podman" else ()),
        *engine.run_flags(),
        *(f"--memory{kind}={memory}" for kind in ("", "-swap")),
        *(f"--env={name}={value}" for name, value in environment.items()),
        *(f"--volume={mount}" for mount in mounts),
        *options,
    ]
    # conmon, which podman leaves with the container, writes a file where it was started when memory runs out.
    with isolated_network(engine) as network, tempfile.TemporaryDirectory(prefix=f"{network.name}-") as folder:
        asked = time.monotonic()
        try:
            words = ["run", "--detach", f"--name={network.name}", network.flag, *flags, reference, *arguments]
            engine.ask(*words, folder=folder)
            address = network.address or _address(engine, network)
            port = int(environment.get(BIND_PORT, PORT))
            container = Container(
                engine=engine, name=network.name, reference=reference, address=address, port=port, asked=asked
            )
            if start_seconds is not None:
                container.wait_until_ready(start_seconds)
            yield container
        finally:
            _remove(engine, network.name)


_ISOLATION = (
    "--pull=never",
    "--read-only",
    f"--tmpfs=/tmp:rw,noexec,nosuid,nodev,mode=1777,size={TEMPORARY_MEGABYTES}m",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--log-driver=json-file",
)

# By itself podman hands on this machine's proxy variables, which may hold a password, and makes /run writable.
_PODMAN_ISOLATION = ("--http-proxy=false", "--read-only-tmpfs=false")


def _address(engine: Engine, network: Network) -> str:
    (found,) = json.loads(engine.ask("container", "inspect", network.name))
    return str(found["NetworkSettings"]["Networks"][network.name]["IPAddress"])


def _remove(engine: Engine, name: str) -> None:
    at_once = ("--time=0",) if engine.name == "podman" else ()  # docker's `rm --force` never waits
    subprocess.run(engine.command("rm", "--force", *at_once, "--volumes", name), check=False, capture_output=True)
