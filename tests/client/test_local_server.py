"""Promise: a bundle is served on this machine as the image serves it; its end is told, and no process outlives us."""

import gc
import os
import signal
import stat
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import psutil
import pytest

from chem_endpoints.client.card import ModelCard
from chem_endpoints.client.local_endpoint import LocalEndpoint
from chem_endpoints.client.local_server import LocalServer, describe_bundle
from chem_endpoints.client.local_transport import LocalTransport
from chem_endpoints.client.retry import FailedInvocation
from chem_endpoints.client.steps import finish
from chem_endpoints.client.transport import Invocation, Reply
from chem_endpoints.errors import EndpointError, ModelFailedError, RequestRefusedError
from chem_endpoints.wire import codec
from chem_endpoints.wire.bundle import unpack, verify_archive
from chem_endpoints.wire.content_types import CSV
from server_processes import ROOT, write_own_script_bundle

PANDAS_2 = int(pd.__version__.split(".")[0]) < 3
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(PANDAS_2, reason="the server of the image has pandas 3"),
]

BUNDLE = ROOT / "examples/bundles/logs-v1.tar.gz"
GONE_SECONDS = 60.0


def ask(transport: LocalTransport, body: bytes, *, attributes: str = "") -> Reply:
    sent = Invocation(body=body, content_type=CSV, accept=CSV, attributes=attributes)
    return finish(transport.invoke(sent))


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + GONE_SECONDS
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} still runs")


def pid_of(server: LocalServer) -> int:
    assert server.pid is not None
    return server.pid


@pytest.fixture(scope="module")
def shared() -> Iterator[LocalServer]:
    with LocalServer(BUNDLE, workers=1) as server:
        yield server


@pytest.fixture
def lengths(tmp_path: Path) -> Path:
    """The folder of a small bundle whose model returns the length of a text."""
    return write_own_script_bundle(tmp_path)


def test_its_card_is_that_of_the_bundle_and_shown_in_short(shared: LocalServer) -> None:
    card = LocalEndpoint(shared).card()
    assert card == ModelCard.of(verify_archive(BUNDLE).manifest, verify_archive(BUNDLE).digest)
    assert repr(card).startswith("model ")


def test_the_answer_is_that_of_the_golden_rows_and_carries_the_digest(shared: LocalServer) -> None:
    manifest = verify_archive(BUNDLE).manifest
    golden = manifest.golden
    smiles = [str(cell) for cell in golden.input["smiles"]]
    body = ("smiles\n" + "".join(f"{text}\n" for text in smiles)).encode()
    reply = ask(LocalTransport(shared), body, attributes="return=added")
    answer = codec.decode(reply.body, reply.content_type)
    predicted = answer["prediction"].astype(float).tolist()
    assert predicted == pytest.approx(golden.output["prediction"], rel=golden.relative_tolerance)
    assert reply.digest == shared.description.digest == verify_archive(BUNDLE).digest


def test_the_description_is_that_of_a_real_time_endpoint(shared: LocalServer) -> None:
    description = shared.description
    assert (description.name, description.kind, description.component) == ("logs-v1", "realtime", None)
    assert description.manifest == verify_archive(BUNDLE).manifest


def test_many_requests_share_their_connections(shared: LocalServer) -> None:
    transport = LocalTransport(shared)
    for _ in range(5):
        ask(transport, b"smiles\nCCO\n")
    assert transport._pool.num_connections == 1
    assert transport._pool.num_requests == 5


def test_a_refusal_keeps_its_status_and_its_words(shared: LocalServer) -> None:
    with pytest.raises(FailedInvocation) as failed:
        ask(LocalTransport(shared), b"structure\nCCO\n")
    failure = failed.value.failure
    assert failure.kind == "refused"
    assert isinstance(failure.error, RequestRefusedError)
    assert (failure.error.status, failure.error.code) == (422, "columns_do_not_match")
    assert "smiles" in str(failure.error)


def test_a_folder_is_served_in_place_and_stays_as_it_was(tmp_path: Path) -> None:
    unpack(BUNDLE, tmp_path / "model")
    before = sorted((path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*"))
    with LocalServer(tmp_path / "model", workers=1) as server:
        assert b"-" in ask(LocalTransport(server), b"smiles\nCCO\n").body
    assert sorted((path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*")) == before


def test_only_the_caller_can_read_what_is_unpacked_and_the_end_deletes_it(lengths: Path) -> None:
    server = LocalServer(lengths, workers=1)
    folder = server._process.log.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    pid = pid_of(server)
    server.stop()
    server.stop()
    assert not folder.exists()
    assert not psutil.pid_exists(pid)
    assert server.how_it_ended() == "was stopped"


def test_a_request_to_a_killed_server_says_so_and_is_not_repeated(lengths: Path) -> None:
    with LocalServer(lengths, workers=1) as server:
        transport = LocalTransport(server)
        assert ask(transport, b"smiles\nCCO\n").body == b"smiles,prediction,prediction_error\nCCO,3.0,\n"
        os.kill(pid_of(server), signal.SIGKILL)
        with pytest.raises(FailedInvocation) as failed:
            ask(transport, b"smiles\nCCO\n")
    failure = failed.value.failure
    assert failure.rule.scope == "never"
    assert isinstance(failure.error, ModelFailedError)
    assert "the local server of model was killed (SIGKILL); start it again with Endpoint.local" in str(failure.error)


def test_a_server_that_nobody_refers_to_ends(lengths: Path) -> None:
    transport = LocalTransport(LocalServer(lengths, workers=1))
    gc.collect()
    assert b"3.0" in ask(transport, b"smiles\nCCO\n").body  # the transport keeps it
    pid = pid_of(transport._server)
    del transport
    gc.collect()
    assert not psutil.pid_exists(pid)


PARENT = """
import sys, time
from chem_endpoints.client.local_server import LocalServer
server = LocalServer(sys.argv[1], workers=1)
print(server.pid, flush=True)
if sys.argv[2] == "wait":
    time.sleep(600)
"""


@pytest.mark.parametrize("end", ["kill", "exit"])
def test_no_process_outlives_its_parent(lengths: Path, end: str) -> None:
    command = [sys.executable, "-c", PARENT, str(lengths), "wait" if end == "kill" else "exit"]
    env = {**os.environ, "TMPDIR": str(lengths.parent)}  # what a killed parent leaves there is pytest's to delete
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        children: list[int] = []
        if end == "kill":
            children = [child.pid for child in psutil.Process(pid).children(recursive=True)]
            assert children  # its model host and worker
            parent.kill()
        else:
            assert parent.wait(GONE_SECONDS) == 0
    for process in (pid, *children):
        wait_until_gone(process)


def test_a_model_that_does_not_start_is_told_in_the_servers_words(tmp_path: Path) -> None:
    source = "def model_fn(folder):\n    pass\ndef predict_fn(df, model):\n    raise ValueError(df['smiles'].iloc[0])\n"
    folder = write_own_script_bundle(tmp_path, source)
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with pytest.raises(ModelFailedError, match=r"model did not start: .*golden") as refusal:
        LocalServer(folder, workers=1)
    assert "CCO" not in str(refusal.value)
    assert {process.pid for process in psutil.Process().children(recursive=True)} <= before


def test_a_changed_or_absent_bundle_is_refused_before_anything_starts(tmp_path: Path) -> None:
    unpack(BUNDLE, tmp_path / "model")
    (tmp_path / "model/calibration.npz").write_bytes(b"changed")
    with pytest.raises(EndpointError, match=r"calibration\.npz was changed"):
        LocalServer(tmp_path / "model")
    with pytest.raises(EndpointError, match="no such file"):
        describe_bundle(tmp_path / "absent.tar.gz")


def test_a_bundle_of_another_platform_is_foreign(tmp_path: Path) -> None:
    (tmp_path / "inference.py").write_text("")
    with tarfile.open(tmp_path / "other-v2.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "inference.py", "code/inference.py")
    description = describe_bundle(tmp_path / "other-v2.tar.gz")
    assert (description.name, description.manifest, description.digest) == ("other-v2", None, "")
