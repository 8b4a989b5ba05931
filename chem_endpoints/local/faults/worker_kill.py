"""Kills one worker of a server behind an endpoint, as the kernel does when memory runs out; the server lives on."""

import http.client
import json
import os
import signal
from dataclasses import dataclass

from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.hosting import Hosting
from chem_endpoints.local.instance import Instance

_HEALTH_PATH = "/health"
_SECONDS = 5.0


class NoWorkerError(Exception):
    """There is none to kill; the message says why."""


@dataclass(frozen=True, kw_only=True)
class KilledWorker:
    """A worker that was killed, and its server; both are process ids."""

    endpoint: str
    worker: int
    server: int


def kill_worker(hosting: Hosting, name: str, region: str) -> KilledWorker:
    """Sends SIGKILL to one worker of the endpoint's busiest server.

    Raises:
        NoWorkerError: no such endpoint, no server in service, or a server that has no workers.
    """
    endpoint = hosting.find(name, region)
    if endpoint is None:
        raise NoWorkerError(f"There is no endpoint {name} here")
    ready = [instance for instance in _instances(hosting, endpoint) if instance.ready and instance.process.group]
    if not ready:
        raise NoWorkerError(f"{name} has no server in service at present")
    process = max(ready, key=lambda instance: instance.outstanding).process
    server = process.group
    for worker in _workers(process.port):
        if server is not None and _group(worker) == server:  # Whatever a server says, nothing else may be killed.
            os.kill(worker, signal.SIGKILL)
            return KilledWorker(endpoint=endpoint.name, worker=worker, server=server)
    raise NoWorkerError(f"The server of {name} names no worker of its own in GET {_HEALTH_PATH}")


def _instances(hosting: Hosting, endpoint: HostedEndpoint) -> list[Instance]:
    of_variants = [instance for fleet in endpoint.fleets() for instance in fleet.instances]
    pools = [pool for component in hosting.components.on(endpoint) for pool in component.pools()]
    return [*of_variants, *(instance for pool in pools for instance in pool.instances)]


def _workers(port: int) -> list[int]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    try:
        connection.request("GET", _HEALTH_PATH)
        told = json.loads(connection.getresponse().read())
        return [int(pid) for pid in told["workers"]]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return []
    finally:
        connection.close()


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except (ProcessLookupError, OverflowError):
        return None
