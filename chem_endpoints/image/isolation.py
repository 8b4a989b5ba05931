"""A network with no way out, in which a container is reached from this machine alone.

What SageMaker's ``EnableNetworkIsolation`` does to a container: it answers, and can call nobody. Podman gets a network
namespace that a pair of virtual interfaces joins to this machine, without a route to anywhere else; Docker gets a
network of the kind ``internal``. The one address that the container can send to is this machine's end of the pair.
"""

import contextlib
import ipaddress
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chem_endpoints.image.engine import Engine, EngineError

_NAMESPACES = Path("/run/netns")
_POOL = ipaddress.IPv4Network("198.18.0.0/15")
"""Set aside for tests (RFC 2544): unlike 10.0.0.0/8 no company's network is likely to use it."""
_PREFIX = 30
"""Four addresses: the network's own, this machine's, the container's, and broadcast."""
_ATTEMPTS = 100
_NAME = re.compile(r"ce(?P<process>\d+)-\d+")
"""At most 15 characters, which is what the kernel allows for an interface."""
_COUNTER = itertools.count()


@dataclass(frozen=True, kw_only=True)
class Network:
    """An isolated network for one container."""

    name: str
    """Free of collisions: it holds this process's number."""
    flag: str
    """What joins a container to it: an argument of the engine's ``run``."""
    address: str | None
    """The container's address; ``None``: the engine chooses it when the container starts."""


@contextlib.contextmanager
def isolated_network(engine: Engine) -> Iterator[Network]:
    """Makes such a network and takes it away again.

    What runs that were killed have left behind is taken away first.

    Raises:
        EngineError: this machine cannot; the message says what is missing.
    """
    name = new_name()
    with _docker_network(engine, name) if engine.name == "docker" else _namespace(name) as network:
        yield network


def new_name() -> str:
    """A name for something of this process that no other process of this machine takes, and no later call."""
    return f"ce{os.getpid()}-{next(_COUNTER)}"


def is_left_over(name: str) -> bool:
    """Whether `new_name` gave this name to a process that is gone."""
    found = _NAME.fullmatch(name)
    return found is not None and not Path("/proc", found["process"]).exists()


@contextlib.contextmanager
def _namespace(name: str) -> Iterator[Network]:
    _check_rights()
    for left_over in filter(is_left_over, os.listdir(_NAMESPACES) if _NAMESPACES.is_dir() else ()):
        _remove_namespace(left_over)
    try:
        _ip("netns", "add", name)
        network = _unused_network()
        here, there = network.hosts()
        _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("-n", name, "address", "add", f"{there}/{_PREFIX}", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("address", "add", f"{here}/{_PREFIX}", "dev", name)
        _ip("link", "set", name, "up")
        yield Network(name=name, flag=f"--network=ns:{_NAMESPACES / name}", address=str(there))
    finally:
        _remove_namespace(name)


def _remove_namespace(name: str) -> None:
    """Its end of the pair ends with it, and this machine's end with that one."""
    for command in (("link", "delete", name), ("netns", "delete", name)):
        subprocess.run(["ip", *command], check=False, capture_output=True)


def _check_rights() -> None:
    if sys.platform != "linux":
        raise EngineError("an isolated network needs Linux's network namespaces; use a Linux machine")
    if shutil.which("ip") is None:
        raise EngineError("ip: no such command; an isolated network needs it: install iproute2")
    if os.geteuid() != 0:
        raise EngineError("an isolated network for podman can be made by root only; run as root, or use docker")


def _unused_network() -> ipaddress.IPv4Network:
    taken = [ipaddress.IPv4Network(text) for text in _routed() if text != "default"]
    for _ in range(_ATTEMPTS):
        block = random.randrange(2 ** (_PREFIX - _POOL.prefixlen)) * 2 ** (32 - _PREFIX)  # noqa: S311 - no secret
        network = ipaddress.IPv4Network((int(_POOL.network_address) + block, _PREFIX))
        if not any(network.overlaps(other) for other in taken):
            return network
    raise EngineError(f"{_POOL}: all addresses are routed on this machine; none is left for an isolated network")


def _routed() -> list[str]:
    return [str(route["dst"]) for route in json.loads(_ip("-json", "-4", "route", "show", "table", "all"))]


def _ip(*words: str) -> str:
    ended = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        raise EngineError(f"ip {' '.join(words)}: {_first_line(ended.stderr)}; network namespaces need CAP_SYS_ADMIN")
    return ended.stdout


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[0]


@contextlib.contextmanager
def _docker_network(engine: Engine, name: str) -> Iterator[Network]:
    if sys.platform != "linux":
        raise EngineError("docker's containers have no address of their own here; use a Linux machine")
    for left_over in filter(is_left_over, engine.ask("network", "ls", "--format={{.Name}}").split()):
        engine.ask("network", "rm", left_over)
    engine.ask("network", "create", "--internal", name)
    try:
        yield Network(name=name, flag=f"--network={name}", address=None)
    finally:
        engine.ask("network", "rm", name)
