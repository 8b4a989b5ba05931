"""Promise: an isolated network is reached from this machine alone, and is gone afterwards, whatever happened."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chem_endpoints.image.container import running
from chem_endpoints.image.engine import Engine, EngineError
from chem_endpoints.image.isolation import is_left_over, isolated_network, new_name
from server_processes import ROOT, write_own_script_bundle

pytestmark = pytest.mark.image

HOLDS_A_NETWORK = """
import time
from chem_endpoints.image.engine import find_runner
from chem_endpoints.image.isolation import isolated_network
with isolated_network(find_runner()) as network:
    print(network.name, flush=True)
    time.sleep(600)
"""
HOLDS_A_CONTAINER = """
import sys, time
from pathlib import Path
from chem_endpoints.image.container import running
from chem_endpoints.image.engine import find_runner
with running(find_runner(), sys.argv[1], model=Path(sys.argv[2])) as container:
    print(container.name, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def podman(runner: Engine) -> Engine:
    if runner.name != "podman":
        pytest.skip(f"this is about podman's network namespaces; here {runner.name} runs containers")
    return runner


def killed(source: str, *arguments: str) -> str:
    """Runs a program until it has said a name, kills it, and returns the name."""
    with subprocess.Popen(
        [sys.executable, "-c", source, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as it:
        assert it.stdout is not None
        name = it.stdout.readline().strip()
        it.send_signal(signal.SIGKILL)
    return name


def interfaces() -> set[str]:
    return set(os.listdir("/sys/class/net"))


def containers(engine: Engine) -> list[str]:
    return engine.ask("ps", "--all", "--format={{.Names}}").split()


def test_networks_at_the_same_time_share_nothing(podman: Engine) -> None:
    with isolated_network(podman) as one, isolated_network(podman) as other:
        assert one.name != other.name
        assert one.address != other.address
        assert {one.name, other.name} <= interfaces()
    assert interfaces() & {one.name, other.name} == set()


def test_there_is_a_way_in_and_no_way_out(podman: Engine) -> None:
    with isolated_network(podman) as network:
        way_in = subprocess.run(["ip", "route", "get", network.address], capture_output=True, text=True, check=True)
        assert f"dev {network.name} " in way_in.stdout
        out = ["ip", "-n", network.name, "route", "get", "203.0.113.1"]
        assert "Network is unreachable" in subprocess.run(out, capture_output=True, text=True, check=False).stderr


def test_an_interrupt_leaves_nothing_behind(podman: Engine) -> None:
    with pytest.raises(KeyboardInterrupt), isolated_network(podman) as network:
        raise KeyboardInterrupt
    assert network.name not in interfaces()
    assert not Path("/run/netns", network.name).exists()


def test_the_network_of_a_killed_process_goes_with_the_next_one(podman: Engine) -> None:
    left_over = killed(HOLDS_A_NETWORK)
    assert left_over in interfaces()
    with isolated_network(podman):
        assert left_over not in interfaces()
        assert not Path("/run/netns", left_over).exists()


def test_the_container_of_a_killed_process_goes_with_the_next_one(
    runner: Engine, base_image: str, tmp_path: Path
) -> None:
    model = write_own_script_bundle(tmp_path)
    left_over = killed(HOLDS_A_CONTAINER, base_image, str(model))
    assert left_over in containers(runner)
    with running(runner, base_image, model=model, start_seconds=None):
        assert left_over not in containers(runner)


def test_what_another_living_process_made_is_left_alone() -> None:
    assert not is_left_over(new_name())
    assert not is_left_over(f"ce{os.getppid()}-3")
    assert not is_left_over("somebody-elses")
    assert is_left_over("ce4194305-0")  # above the largest number of a process


def test_a_missing_command_is_told(podman: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match=r"^ip: no such command.*install iproute2$"), isolated_network(podman):
        raise AssertionError


def test_missing_rights_are_told(podman: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(EngineError, match=r"by root only"), isolated_network(podman):
        raise AssertionError
