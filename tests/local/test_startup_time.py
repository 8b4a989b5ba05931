"""A container that is not healthy in time fails its endpoint, with the time of its own configuration."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.local.guard import Guard
from chem_endpoints.local.instance import Instance
from chem_endpoints.local.model_folder import HostingError
from chem_endpoints.local.server_process import ServerProcess

STAND_IN = Path(__file__).with_name("stand_in_server.py")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Callable[..., Instance]]:
    """Starts a stand-in server."""
    guard, made = Guard(), []

    def make(*, seconds: float, **environment: str) -> Instance:
        process = ServerProcess(
            command=(sys.executable, str(STAND_IN)),
            folder=tmp_path,
            environment=environment,
            log=tmp_path / "server.log",
            guard=guard,
        )
        process.start()
        made.append(process)
        return Instance(number=1, process=process, startup_seconds=seconds, check_seconds=1.0, check_image=lambda: None)

    yield make
    for process in made:
        process.stop(5)
    guard.close()


def test_a_container_that_answers_too_late_is_told_with_its_time_and_its_last_line(
    instance: Callable[..., Instance],
) -> None:
    late = instance(seconds=0.7, STAND_IN_FAULT="sick")
    with pytest.raises(HostingError) as caught:
        late.await_health("production variant AllTraffic", lambda: False)
    assert "production variant AllTraffic did not pass the ping health check" in str(caught.value)
    assert "no healthy answer within 0.7 s" in str(caught.value)
    assert not late.ready


def test_a_container_that_is_healthy_in_time_is_ready(instance: Callable[..., Instance]) -> None:
    punctual = instance(seconds=20, STAND_IN_FAULT="slow-start")
    punctual.await_health("production variant AllTraffic", lambda: False)
    assert punctual.ready


def test_a_container_that_has_died_for_hours_is_still_started_again(instance: Callable[..., Instance]) -> None:
    dead = instance(seconds=20)
    dead.await_health("production variant AllTraffic", lambda: False)
    dead.process.stop(5)
    dead.restarts, dead.started = 5000, time.monotonic() - 3600
    dead.supervise()  # sees that it has died
    dead.started -= 3600
    dead.supervise()
    assert dead.process.alive
    assert dead.restarts == 5001


@pytest.mark.thorough
@pytest.mark.end_to_end
def test_the_time_is_that_of_the_endpoint_configuration(deployer: Any) -> None:
    variant = deployer.variant("AllTraffic", environment={"STAND_IN_FAULT": "sick"})
    found = deployer.endpoint_of("tardy", [{**variant, "ContainerStartupHealthCheckTimeoutInSeconds": 60}])
    assert found["EndpointStatus"] == "Failed"
    assert "no healthy answer within 60 s" in found["FailureReason"]
