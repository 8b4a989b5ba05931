"""Promise: what the end of the local AWS breaks off is no failure of the request: it is kept, and begun again."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from chem_endpoints.local.async_invocations import AsyncInvocations
from chem_endpoints.local.invocation_errors import InvocationError

KEY = ("us-east-1", "conformers")
OUTPUT = {"S3OutputPath": "s3://jobs/out", "S3FailurePath": "s3://jobs/failed"}


class Held:
    """A runtime whose container works until it is killed."""

    def __init__(self) -> None:
        self.busy, self.killed = threading.Event(), threading.Event()
        self.fleet = SimpleNamespace(
            async_config={"OutputConfig": OUTPUT},
            instances=[SimpleNamespace(ready=True)],
            config={"ProductionVariants": [{"VariantName": "AllTraffic"}]},
        )
        self.traffic = SimpleNamespace(finished_async=lambda *_: None)

    def serving(self, name: str, region: str) -> tuple[Any, Any]:
        return SimpleNamespace(name=name), self.fleet

    @contextmanager
    def forward(self, *_: Any) -> Iterator[Any]:
        self.busy.set()
        assert self.killed.wait(20)
        raise InvocationError(424, "ModelError", "the container ended without an answer")
        yield


@pytest.mark.parametrize("stopping", [True, False])
def test_a_request_that_the_end_breaks_off_is_kept_without_a_failure(stopping: bool) -> None:
    runtime, calls = Held(), threading.Event()

    def clients(service: str, region: str) -> Any:
        calls.set()
        return SimpleNamespace(put_object=lambda **_: None, upload_fileobj=lambda *_, **__: None)

    played: Any = runtime
    own_clients: Any = clients
    queues = AsyncInvocations(played, own_clients)
    request = queues.accept(KEY[1], KEY[0], {}, b"smiles\nCCO\n")
    assert runtime.busy.wait(20)
    if stopping:
        queues.stop()
    assert queues.snapshot() == {KEY: [request]}
    runtime.killed.set()
    if stopping:
        time.sleep(0.5)
        assert not calls.is_set()
        assert queues.snapshot() == {KEY: [request]}
    else:
        assert calls.wait(20)
