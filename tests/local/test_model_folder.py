"""A Model's artifact has to be there and unpacked in the time that its endpoint configuration gives it."""

import gc
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chem_endpoints.local.address import ACCOUNT, REGION
from chem_endpoints.local.model_folder import HostingError, unpack_model
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.settings import Settings
from chem_endpoints.spec.image_source import image_reference


class SlowS3(BaseHTTPRequestHandler):
    """SageMaker with one Model, and an S3 whose only object comes in pieces of 64 KiB, ten a second."""

    protocol_version = "HTTP/1.1"
    body = b""
    image = ""

    def do_POST(self) -> None:
        container = f'{{"Image": "{self.image}", "ModelDataUrl": "s3://models/model.tar.gz"}}'
        self._head(len(answer := f'{{"ModelName": "m", "PrimaryContainer": {container}}}'.encode()))
        self.wfile.write(answer)

    def do_HEAD(self) -> None:
        self._head(len(self.body))

    def do_GET(self) -> None:
        self._head(len(self.body))
        try:
            for start in range(0, len(self.body), 1 << 16):
                self.wfile.write(self.body[start : start + (1 << 16)])
                time.sleep(0.1)
        except ConnectionError:
            return

    def _head(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Sun, 22 Nov 2026 06:00:00 GMT")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def clients(clone: Path, bundle: bytes) -> Iterator[OwnClients]:
    SlowS3.body = bundle + b"\0" * (1 << 19)  # What follows an archive is ignored.
    SlowS3.image = image_reference(root=clone, image="base", account=ACCOUNT, region=REGION)
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlowS3)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield OwnClients(f"http://localhost:{server.server_address[1]}")
    server.shutdown()
    server.server_close()


def test_an_artifact_that_comes_too_late_fails_and_leaves_nothing(clone: Path, clients: OwnClients) -> None:
    settings = Settings(root=clone)
    with pytest.raises(HostingError, match=r"s3://models/model\.tar\.gz was not downloaded and unpacked within 0\.2 s"):
        unpack_model("m", region=REGION, settings=settings, clients=clients, seconds=0.2)
    assert not [path for path in settings.models.iterdir() if path.name.startswith("m-")]
    gc.collect()  # A connection that was left open would warn here, an error.


def test_an_artifact_that_comes_in_time_is_unpacked(clone: Path, clients: OwnClients) -> None:
    model = unpack_model("m", region=REGION, settings=Settings(root=clone), clients=clients, seconds=60)
    assert (model.folder / "model" / "weights.txt").read_text() == "weights"
    model.remove()
