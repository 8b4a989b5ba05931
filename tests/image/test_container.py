"""Promise: the image serves without rights and without a way out, writes to memory alone, and keeps no structure."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from chem_endpoints.image.container import Container, running
from chem_endpoints.image.engine import Engine
from served_bundles import ROWS, write_served_bundle
from server_processes import write_own_script_bundle

pytestmark = pytest.mark.image

USER = "10001"
MEMORY = 2**30
CANARY = "CC(C)(C)c1ccc(CNNNCC)cc1"
WRITABLE = {"/tmp", "/dev/shm", "/dev/mqueue"}  # all three are memory
OF_THE_ENGINE_AND_SH = {"HOSTNAME", "TERM", "container", "PWD"}

WRITABLE_FOLDERS = """
import os
for folder, below, _ in os.walk("/"):
    below[:] = [] if folder in ("/proc", "/sys") else below
    if os.access(folder, os.W_OK):
        print(folder)
        below[:] = []
"""
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 443), timeout=5)
except OSError as error:
    print(type(error).__name__, error)
"""
TALKATIVE = """
import os

def model_fn(model_dir):
    return None

def predict_fn(df, model):
    for text in df["smiles"]:
        print(text, flush=True)
        os.write(2, text.encode())
    return df.assign(prediction=df["smiles"].str.len().astype("float64"))
"""
LIMITS = "cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes"


@pytest.fixture(scope="module")
def container(runner: Engine, base_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    model = write_served_bundle("xgboost", tmp_path_factory.mktemp("bundle"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("https_proxy", "http://user:CANARY@127.0.0.1:1")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "CANARY")
        with running(runner, base_image, model=model, memory=str(MEMORY)) as served:
            yield served


def statuses(container: Container) -> list[dict[str, str]]:
    """/proc/PID/status of every process inside."""
    told = container.exec("sh", "-c", "for file in /proc/[0-9]*/status; do cat $file; echo; done")
    return [dict(line.split(":\t", 1) for line in text.splitlines()) for text in told.strip().split("\n\n")]


def python(container: Container, source: str, *arguments: str) -> str:
    return container.exec("python", "-c", source, *arguments).strip()


def post(container: Container, body: bytes) -> httpx.Response:
    headers = {"Content-Type": "text/csv"}
    return httpx.post(f"{container.base_url}/invocations", content=body, headers=headers, timeout=60)


def test_every_process_is_the_images_user_without_rights(container: Container) -> None:
    processes = statuses(container)
    assert len(processes) >= 5  # the server, the model's host, two workers, and `sh`, which asks
    for process in processes:
        assert process["Uid"].split() == process["Gid"].split() == [USER] * 4
        assert set(process["Groups"].split()) <= {USER}
        assert {int(process[name], 16) for name in process if name.startswith("Cap")} == {0}
        assert process["NoNewPrivs"] == "1"


def test_the_first_process_is_the_server_itself(container: Container) -> None:
    assert container.exec("cat", "/proc/1/cmdline").split("\0")[:3] == ["python", "-m", "container.server"]


def test_nothing_but_memory_can_be_written_to(container: Container) -> None:
    assert set(python(container, WRITABLE_FOLDERS).splitlines()) == WRITABLE
    mounts = [line.split() for line in container.exec("cat", "/proc/mounts").splitlines()]
    assert {kind for _, place, kind, *_ in mounts if place in WRITABLE} == {"tmpfs", "mqueue"}


@pytest.mark.parametrize("folder", ["/", "/opt/program", "/opt/venv", "/opt/ml/model"])
def test_the_code_and_the_model_are_read_only(container: Container, folder: str) -> None:
    source = f"import pathlib\ntry: pathlib.Path({folder!r}, 'x').touch()\nexcept OSError as error: print(error)"
    assert "Read-only file system" in python(container, source)


@pytest.mark.parametrize("address", ["203.0.113.1", "169.254.169.254", "sts.amazonaws.com"])
def test_nobody_outside_can_be_called(container: Container, address: str) -> None:
    told = python(container, CONNECT, address)
    assert "Network is unreachable" in told or told.startswith("gaierror")


def test_there_is_one_network_interface_and_no_gateway(container: Container) -> None:
    assert set(python(container, "import socket\nfor _, name in socket.if_nameindex(): print(name)").split()) == {
        "lo",
        "eth0",
    }
    routes = [line.split() for line in container.exec("cat", "/proc/net/route").splitlines()[1:]]
    assert [gateway for _, _, gateway, *_ in routes] == ["00000000"]
    assert routes[0][1] != "00000000"  # a route to one network, not to everywhere


def test_the_memory_is_limited(container: Container) -> None:
    assert int(container.exec("sh", "-c", LIMITS)) == MEMORY


def test_no_variable_of_this_machine_reaches_it(container: Container, runner: Engine) -> None:
    (image,) = json.loads(runner.ask("image", "inspect", container.reference))
    own = {variable.partition("=")[0] for variable in image["Config"]["Env"]}
    found = container.exec("cat", "/proc/1/environ")
    assert "CANARY" not in found
    assert {variable.partition("=")[0] for variable in found.strip("\0").split("\0")} - own <= OF_THE_ENGINE_AND_SH


def test_no_structure_is_logged_or_left_behind(runner: Engine, base_image: str, tmp_path: Path) -> None:
    large = b"smiles,note\n" + f"{CANARY},{'x' * 5000}\n".encode() * 2000  # over 8 MB: laid aside in a file
    bodies = [
        f"smiles\n{CANARY}\n".encode(),
        f"nothing\n{CANARY}\n".encode(),
        b"smiles\n" + CANARY.encode() * 99,
        large,
    ]
    with running(runner, base_image, model=write_own_script_bundle(tmp_path, TALKATIVE)) as container:
        assert [post(container, body).status_code for body in bodies] == [200, 422, 200, 200]
        assert container.stop() == 0  # writes what is left of the log
        assert len(requests(container)) == len(bodies)
        assert CANARY not in container.logs()


def test_no_file_is_left_behind(container: Container) -> None:
    large = b"smiles,note\n" + f"CCO,{'x' * 9000}\n".encode() * 1000  # over 8 MB: laid aside in a file
    assert [post(container, body).status_code for body in (ROWS, large)] == [200, 200]
    assert container.exec("find", *sorted(WRITABLE), "-type", "f").split() == []


def requests(container: Container) -> list[dict[str, object]]:
    """The log's lines about requests; every line of it is JSON."""
    events = [json.loads(line) for line in container.logs().splitlines()]
    return [event for event in events if event["event"] == "request"]
