"""Where the local AWS listens, and what its clients get to know."""

import http.server
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from chem_endpoints.local.address import (
    NotLoopbackError,
    clone_root,
    endpoint_url,
    environment,
    find_running,
    led_here,
    require_loopback,
    state_file,
)


def test_the_root_is_the_nearest_folder_with_a_cdk_json(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert clone_root(inner) == inner
    (tmp_path / "cdk.json").write_text("{}")
    assert clone_root(inner) == tmp_path


def test_the_environment_leads_nowhere_else(tmp_path: Path) -> None:
    inherited = {
        "PATH": "/bin",
        "AWS_PROFILE": "prod",
        "AWS_ENDPOINT_URL_S3": "https://s3.amazonaws.com",
        "AWS_ROLE_ARN": "arn:aws:iam::1:role/admin",
        "AWS_SECRET_ACCESS_KEY": "real",
    }
    given = environment(5066, tmp_path, inherited)
    assert given["AWS_ENDPOINT_URL"] == "http://localhost:5066"
    assert given["AWS_SECRET_ACCESS_KEY"] == "local"
    assert given["PATH"] == "/bin"
    assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_ROLE_ARN"} & set(given)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "[::1]", "http://localhost:5066"])
def test_loopback_is_accepted(host: str) -> None:
    require_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "https://s3.amazonaws.com", "", "localhost.example.com"])
def test_everything_else_is_refused(host: str) -> None:
    with pytest.raises(NotLoopbackError, match="refused"):
        require_loopback(host)


class Foreign(http.server.BaseHTTPRequestHandler):
    """Someone else's server on our port: it answers at once, or never."""

    silent = False

    def do_GET(self) -> None:
        if self.silent:
            time.sleep(4)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"service": "other"}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("silent", [False, True])
def test_a_foreign_server_is_not_ours_and_costs_no_time(tmp_path: Path, silent: bool) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Foreign,), {"silent": silent}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    state_file(tmp_path).parent.mkdir()
    state_file(tmp_path).write_text(json.dumps({"port": server.server_address[1], "pid": 1}))
    started = time.monotonic()
    assert find_running(tmp_path) is None
    assert time.monotonic() - started < 2
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("contents", [None, "", "[]", '{"port": "x"}', '{"port": 1, "pid": 1}'])
def test_no_state_or_a_stale_one_means_not_running(tmp_path: Path, contents: str | None) -> None:
    if contents is not None:
        state_file(tmp_path).parent.mkdir()
        state_file(tmp_path).write_text(contents)
    assert find_running(tmp_path) is None


def test_importing_it_is_light() -> None:
    code = "import sys, chem_endpoints.local.address; print({'boto3', 'moto', 'pandas'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
    assert "localhost" in endpoint_url(1)


@pytest.mark.parametrize(
    ("command", "led"),
    [
        (["aws", "sqs", "list-queues"], ["aws", "--endpoint-url", "http://localhost:7", "sqs", "list-queues"]),
        (["/x/aws", "s3", "ls"], ["/x/aws", "--endpoint-url", "http://localhost:7", "s3", "ls"]),
        (["aws", "sqs", "--endpoint-url=u"], ["aws", "sqs", "--endpoint-url=u"]),
        (["cdk", "deploy"], ["cdk", "deploy"]),
    ],
    ids=["aws", "by path", "has one", "other"],
)
def test_the_aws_cli_is_led_here_by_an_option_too(command: list[str], led: list[str]) -> None:
    assert led_here(command, 7) == led
