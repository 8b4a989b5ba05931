"""Where the local AWS of this clone listens, and what a client must have in its environment to reach it."""

import http.client
import ipaddress
import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import urlsplit

ACCOUNT = "123456789012"
"""The account that moto plays, and the one of the stage ``local``."""

REGION = "us-east-1"
DEFAULT_PORT = 5066
SERVICE_NAME = "chem-endpoints-local"
HEALTH_PATH = "/_local/health"
CONSOLE_PATH = "/_local/console/"
"""The page that shows what the local AWS does; browsers that ask for ``/`` are sent there."""
FAULTS_PATH = "/_local/faults"
"""GET lists the faults, POST ``{"faults": [...]}`` adds some, DELETE clears all; DELETE of ``…/ID`` clears one."""
KILL_PATH = f"{FAULTS_PATH}/kill-worker"
"""POST ``{"endpoint": NAME}`` kills one of its workers."""
FOLDER_VARIABLE = "CHEM_ENDPOINTS_LOCAL_FOLDER"
"""Environment variable: another folder for state, logs and models, so a second local AWS of one clone."""
PORT_VARIABLE = "CHEM_ENDPOINTS_LOCAL_PORT"
"""Environment variable: the port of a local AWS that is started without ``--port``; default 5066."""

_FOLDER = ".local-aws"
_STATE = "state.json"

_HEALTH_SECONDS = 0.9

CLEARED_VARIABLES = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CA_BUNDLE",
)
"""Variables that could lead a client to a real account; they must not reach it."""


class NotLoopbackError(ValueError):
    """An address that other machines could reach, or that is a real AWS endpoint."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """A local AWS that listens."""

    port: int
    pid: int
    root: Path

    @property
    def url(self) -> str:
        """The value of ``AWS_ENDPOINT_URL``."""
        return endpoint_url(self.port)


def endpoint_url(port: int) -> str:
    """``http://localhost:PORT``; by name, since some clients choose S3 path style by the word ``localhost``."""
    return f"http://localhost:{port}"


def clone_root(start: Path | None = None) -> Path:
    """The nearest folder, from ``start`` (default: the working folder) upwards, that holds ``cdk.json``."""
    folder = (start or Path.cwd()).resolve()
    return next((place for place in (folder, *folder.parents) if (place / "cdk.json").is_file()), folder)


def local_folder(root: Path) -> Path:
    """Where state, logs and unpacked models lie: ``.local-aws`` of the clone, unless `FOLDER_VARIABLE` says else."""
    return root / os.environ.get(FOLDER_VARIABLE, _FOLDER)


def state_file(root: Path) -> Path:
    """File with the port and the process id of the local AWS that serves this clone."""
    return local_folder(root) / _STATE


def client_variables(port: int, root: Path) -> dict[str, str]:
    """The variables that lead a client to the local AWS, and to nothing else."""
    no_proxy = ",".join(filter(None, (os.environ.get("NO_PROXY"), "localhost,127.0.0.1,::1")))
    return {
        "AWS_ENDPOINT_URL": endpoint_url(port),
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
        "CDK_HOME": str(local_folder(root) / "cdk-home"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "NODE_NO_WARNINGS": "1",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }


def environment(port: int, root: Path, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment for a client's process.

    It is ``inherited`` (default: this process's) with `client_variables` added, and without every variable that
    could lead to a real account (`CLEARED_VARIABLES` and the endpoint URLs of single services).
    """
    base = os.environ if inherited is None else inherited
    kept = {name: value for name, value in base.items() if not _leads_elsewhere(name)}
    return {**kept, **client_variables(port, root)}


def led_here(command: Sequence[str], port: int) -> list[str]:
    """The command, with ``--endpoint-url`` if it is the AWS CLI and has none.

    Version 1 of that CLI sends sqs, rds, emr, docdb and neptune to AWS whatever ``AWS_ENDPOINT_URL`` says (its
    customization ``overridesslcommonname``).
    """
    if PurePath(command[0]).name != "aws" or any(part.startswith("--endpoint-url") for part in command):
        return list(command)
    return [command[0], "--endpoint-url", endpoint_url(port), *command[1:]]


def _leads_elsewhere(name: str) -> bool:
    return name in CLEARED_VARIABLES or name.startswith("AWS_ENDPOINT_URL_")


def find_running(root: Path, folder: Path | None = None) -> Address | None:
    """The local AWS that serves this clone, or None; answers within two seconds.

    Args:
        root: the clone.
        folder: where its state lies; default: `local_folder`.
    """
    folder = folder or local_folder(root)
    try:
        state = json.loads((folder / _STATE).read_text())
        port = int(state["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    health = read_health(port)
    if health is None or health.get("folder") != str(folder.resolve()):
        return None
    return Address(port=port, pid=int(str(health["pid"])), root=root)


def read_health(port: int) -> dict[str, object] | None:
    """What the local AWS on this port says of itself; None when none of ours listens there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_HEALTH_SECONDS)
    try:
        connection.request("GET", HEALTH_PATH)
        health = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    if not isinstance(health, dict) or health.get("service") != SERVICE_NAME:
        return None
    return health


def require_loopback(host_or_url: str) -> None:
    """Refuses every host that is not this machine's loopback interface.

    Raises:
        NotLoopbackError: the host is another machine, or listens for other machines (``0.0.0.0``).
    """
    host = urlsplit(host_or_url).hostname if "//" in host_or_url else host_or_url.strip("[]")
    if host != "localhost" and not _is_loopback_address(host or ""):
        raise NotLoopbackError(f"{host_or_url}: refused. The local AWS is reached over loopback only")


def _is_loopback_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def has_ipv6_loopback() -> bool:
    """Whether ``::1`` exists here: then ``localhost`` may resolve to it first."""
    if not socket.has_ipv6:
        return False
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True
