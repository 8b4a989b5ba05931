"""A local AWS that is up, as its user sees it: clients, the clock, faults, commands."""

import contextlib
import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chem_endpoints.local.address import REGION, Address, clone_root, environment, led_here, local_folder
from chem_endpoints.local.background_service import ServiceOptions, start_in_background, stop

_SECONDS = 300.0


class RunningLocalAws:
    """A local AWS that is up."""

    def __init__(self, address: Address, folder: Path | None = None) -> None:
        """
        Args:
            address: where it listens.
            folder: where its state lies; default: as `local_folder` says.
        """
        self._address, self._folder = address, folder or local_folder(address.root)
        self._clients: dict[tuple[str, str], Any] = {}

    @property
    def url(self) -> str:
        """The value of ``AWS_ENDPOINT_URL``."""
        return self._address.url

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment for a process whose AWS clients are to reach it, and no real account."""
        variables = environment(self._address.port, self._address.root)
        return {**variables, "CDK_HOME": str(self._folder / "cdk-home")}

    @property
    def log(self) -> str:
        """What the local AWS has said: one line for each request, no names of objects, no bodies."""
        return (self._folder / "service.log").read_text(errors="replace")

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client, the same for the same arguments; nothing has to be set in the environment."""
        if (service, region) not in self._clients:
            self._clients[service, region] = _session().client(
                service, region_name=region, endpoint_url=self.url, config=_no_proxy()
            )
        return self._clients[service, region]

    def run(
        self, *command: str, cwd: Path | None = None, timeout: float = _SECONDS
    ) -> "subprocess.CompletedProcess[str]":
        """Runs a command against it, such as ``cdk deploy`` or ``aws s3 ls``.

        Raises:
            subprocess.CalledProcessError: it failed; its note has what the command printed.
            FileNotFoundError: there is no such program.
        """
        import shutil

        from chem_endpoints.cli.clone import tool_path

        variables = self.environment
        variables["PATH"] = tool_path(self._address.root, variables.get("PATH", ""))
        program = shutil.which(command[0], path=variables["PATH"])
        if program is None:
            raise FileNotFoundError(f"{command[0]}: no such program")
        try:
            return subprocess.run(
                [program, *led_here(command, self._address.port)[1:]],
                cwd=cwd,
                env=variables,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            error.add_note(f"{error.stdout}{error.stderr}")
            raise

    def advance(self, seconds: float) -> str:
        """Moves the clock; returns the new time (ISO 8601) once metrics, alarms and scaling have followed."""
        return str(self._ask("POST", "/_local/clock", {"advance_seconds": seconds})["now"])

    def fault(self, kind: str, **settings: Any) -> dict[str, Any]:
        """Adds a fault, with the settings that ``chem-endpoints local fault add`` has; returns it with its id."""
        (added,) = self._ask("POST", "/_local/faults", {"faults": [{"kind": kind, **settings}]})["faults"]
        return dict(added)

    def clear_faults(self) -> None:
        """Ends all faults."""
        self._ask("DELETE", "/_local/faults")

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """
        Raises:
            ValueError: the local AWS refuses it; the message says why.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data=data, method=method)  # noqa: S310 - loopback
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_SECONDS) as answer:
                told: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(error.read().decode(errors="replace")) from None
        return told


def _session() -> Any:
    """A boto3 session that reads neither the user's profiles nor the variables that name them."""
    import boto3
    import botocore.session

    nowhere = {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
        "ca_bundle": (None, None, None, None),
    }
    core = botocore.session.Session(session_vars=nowhere)
    return boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", botocore_session=core)  # noqa: S106


def _no_proxy() -> Any:
    from botocore.config import Config

    return Config(proxies={})


@contextlib.contextmanager
def run_for_tests(rootpath: Path, folder: Path, options: Mapping[str, Any]) -> Iterator[RunningLocalAws]:
    """Starts a local AWS and stops it.

    Args:
        rootpath: of the tests: the clone is looked for from there upwards.
        folder: where its state lies.
        options: of `ServiceOptions`.

    Raises:
        NotStartedError: it did not come up; says why.
    """
    defaults = {"root": clone_root(rootpath), "port": 0, "folder": folder, "clock_speed": 0.0}
    chosen = ServiceOptions(**{**defaults, **options})
    address = start_in_background(chosen)
    try:
        yield RunningLocalAws(address, chosen.folder)
    finally:
        stop(address, chosen.folder)
