"""Promise: `serve` runs a bundle's own server until it is ended, says where, and refuses in one line what cannot be."""

import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from chem_endpoints.cli.main import main
from chem_endpoints.local.server_process import free_port
from served_bundles import COMMITTED

SECONDS = 60


def refusal(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["serve", *arguments])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.output.count("\n") == 1
    return result.output


def test_it_says_where_and_ends_by_ctrl_c() -> None:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "chem_endpoints.cli",
        "serve",
        str(COMMITTED),
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("logs-v1 is served, model digest ")
        told = [process.stdout.readline() for _ in range(4)]
        address = f"http://127.0.0.1:{port}/"
        assert told[0].split() == ["page", "to", "try", "it", address]
        assert told[1].endswith(f"{address}docs\n")
        assert told[2].split() == ["a", "CSV", "file", "with", "smiles"]
        assert told[3].startswith("    curl ")
        assert told[3].endswith(f" {address}invocations\n")
        with urllib.request.urlopen(address, timeout=SECONDS) as page:
            assert b"<title>Playground</title>" in page.read()
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "Ended.\n"
        assert process.wait(SECONDS) == 0
    with socket.socket() as probe:  # nobody listens any more
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        told = refusal(str(COMMITTED), "--port", port)
    assert told == (
        f"Error: port {port} of 127.0.0.1 cannot be used (Address already in use); choose another one with --port\n"
    )


def test_a_bundle_that_is_not_there_is_told() -> None:
    assert "none.tar.gz: there is no such bundle" in refusal("none.tar.gz")


@pytest.mark.parametrize("size", [0, 20_000])
def test_a_broken_bundle_is_told(tmp_path: Path, size: int) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(COMMITTED.read_bytes()[:size])
    assert "broken.tar.gz: not a readable model.tar.gz" in refusal(str(broken), "--port", str(free_port()))


def test_the_help_shows_an_example() -> None:
    told = CliRunner().invoke(main, ["serve", "--help"]).output
    assert "chem-endpoints serve examples/bundles/logs-v1.tar.gz" in told
