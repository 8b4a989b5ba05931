"""Server processes end together, and without waiting for requests when the local AWS ends."""

import threading
from types import SimpleNamespace
from typing import Any

from chem_endpoints.local.fleet import Fleet
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.kept_endpoints import KeptEndpoint
from chem_endpoints.local.server_pool import ServerPool
from chem_endpoints.local.variant import Variant

LONG = 3600.0


class Meeting:
    """A pool that ends when another one ends at the same time."""

    def __init__(self, barrier: threading.Barrier) -> None:
        self._barrier, self.instances = barrier, ()

    def stop(self) -> None:
        self._barrier.wait(5)


def test_the_variants_of_an_endpoint_end_at_once() -> None:
    fleet, barrier = Fleet({"EndpointConfigName": "both"}), threading.Barrier(2)
    for variants, name in ((fleet.variants, "blue"), (fleet.shadows, "green")):
        pool: Any = Meeting(barrier)
        variants.append(Variant({"VariantName": name}, pool))
    fleet.stop()
    assert not barrier.broken


def test_requests_under_way_are_not_waited_for_when_the_local_aws_ends() -> None:
    ended, ending = [], threading.Event()
    process = SimpleNamespace(ask_to_stop=lambda: None, stop=ended.append)
    start: Any = SimpleNamespace(
        settings=SimpleNamespace(stop_seconds=LONG),
        ending=ending,
        logs=SimpleNamespace(finish=lambda owner: None),
        model=SimpleNamespace(remove=lambda: None),
    )
    pool = ServerPool(start)
    busy: Any = SimpleNamespace(ready=True, outstanding=1, process=process)
    pool.instances = (busy,)
    end = threading.Thread(target=pool.stop, daemon=True)
    end.start()
    end.join(0.2)
    assert end.is_alive(), "as long as the local AWS runs, a request is answered first"
    ending.set()
    end.join(10)
    assert not end.is_alive()
    assert len(ended) == 1


def test_a_deletion_that_the_end_cuts_off_is_not_undone() -> None:
    endpoint = HostedEndpoint(name="e", region="us-east-1", config_name="c")
    endpoint.asked = {"EndpointConfigName": "c"}
    endpoint.begin_deletion()
    endpoint.settle("InService")
    assert endpoint.status == "Deleting"
    kept = KeptEndpoint.of(endpoint)
    assert kept.config is None, "nothing is started again"
    restored = kept.endpoint()
    assert (restored.status, restored.deleted) == ("Failed", False)
    assert "delete it again" in str(restored.failure_reason)
