"""A real registry on a free port of 127.0.0.1, and what it holds."""

import contextlib
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server_processes import free_port

START_SECONDS = 20
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A registry that answers."""

    host: str

    def read(self, path: str) -> bytes:
        """The answer to a question of the registry's HTTP interface, version 2."""
        request = urllib.request.Request(
            f"http://{self.host}/v2/{path}", headers={"Accept": f"{DOCKER_MANIFEST}, {OCI_MANIFEST}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            found: bytes = answer.read()
        return found

    def json(self, path: str) -> dict[str, Any]:
        """The same, decoded."""
        found: dict[str, Any] = json.loads(self.read(path))
        return found


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Registry]:
    """Starts a registry that keeps what it is given below ``folder``, and ends it."""
    registry = Registry(host=f"127.0.0.1:{free_port()}")
    settings = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "blobs")}},
        "http": {"addr": registry.host},
    }
    (folder / "config.yml").write_text(json.dumps(settings))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(folder / "config.yml")], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(registry):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the registry did not start:\n{(folder / 'log').read_text()}")
            time.sleep(0.05)
        yield registry
    finally:
        process.terminate()
        process.wait()


def _answers(registry: Registry) -> bool:
    try:
        registry.read("")
    except OSError:
        return False
    return True
