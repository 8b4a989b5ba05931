"""Data capture: takes what the runtime tells of requests, and writes it to the local S3 every few seconds.

Nothing here makes a caller wait: a request is put on a queue, one thread encodes and writes. As in SageMaker, capture
gives way under load: what does not fit on the queue is not captured.
"""

import logging
import threading
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.local.capture_files import CaptureSettings, capture_file_name, capture_folder, capture_line
from chem_endpoints.local.hosted_endpoint import HostedEndpoint
from chem_endpoints.local.model_folder import s3_location
from chem_endpoints.local.observing import Exchange
from chem_endpoints.local.own_clients import OwnClients
from chem_endpoints.local.shares import Share

_LOGGER = logging.getLogger(__name__)
HELD_BYTES = 16 << 20
"""So much of bodies waits to be written; from half of that on it is written at once."""


class Endpoints(Protocol):
    """Finds an endpoint by name and region."""

    def __call__(self, name: str, region: str) -> HostedEndpoint | None:
        """The endpoint, if there is one."""


@dataclass(frozen=True, kw_only=True)
class _Captured:
    exchange: Exchange
    settings: CaptureSettings

    @property
    def file(self) -> tuple[str, str, str | None]:
        """Region, folder and key: what has all three in common may share a file."""
        return self.exchange.region, capture_folder(self.settings, self.exchange), self.settings.kms_key

    @property
    def size(self) -> int:
        return len(self.exchange.request_body or b"") + len(self.exchange.answer_body or b"")


class DataCapture:
    """Captures the requests of all endpoints whose configuration asks for it; an `Observer` of the runtime."""

    def __init__(self, find: Endpoints, clients: OwnClients, *, seconds: float, held_bytes: int = HELD_BYTES) -> None:
        """
        Args:
            find: finds an endpoint.
            clients: boto3 clients of this local AWS.
            seconds: real time between two rounds of writing.
            held_bytes: most of bodies that may wait.
        """
        self._find, self._clients, self._seconds, self._held_bytes = find, clients, seconds, held_bytes
        self._waiting: deque[_Captured] = deque()
        self._held = self._lost = 0
        self._settings: dict[tuple[str, str], CaptureSettings] = {}
        """By region and endpoint, as of the last request: an endpoint that is being deleted has no fleet any more."""
        self._shares: dict[tuple[str, str, str], Share] = {}
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._wanted, self._stopping = threading.Event(), threading.Event()

    def start(self) -> None:
        """Begins to write in the background."""
        threading.Thread(target=self._write_on, name="data capture", daemon=True).start()

    def stop(self) -> None:
        """Writes what waits, and ends the background thread."""
        self._stopping.set()
        self._wanted.set()
        self.flush()

    def wants(self, region: str, endpoint: str, variant: str) -> bool:
        """Whether the next request of this variant is captured: so many of a hundred, evenly."""
        found = self._find(endpoint, region)
        settings = found.fleet.capture if found is not None and found.fleet is not None else None
        if settings is None:
            return False
        with self._lock:
            self._settings[region, endpoint] = settings
            share = self._shares.setdefault((region, endpoint, variant), Share())
        return share.next(settings.share)

    def answered(self, exchange: Exchange) -> None:
        """Takes a request that was answered well; errors of the container are not captured."""
        with self._lock:
            settings = self._settings.get((exchange.region, exchange.endpoint))
            if settings is None or not 200 <= exchange.status < 300:
                return
            captured = _Captured(exchange=exchange, settings=settings)
            if self._held + captured.size > self._held_bytes and self._waiting:
                self._lost += 1
                return
            self._waiting.append(captured)
            self._held += captured.size
            crowded = self._held > self._held_bytes // 2
        if crowded:
            self._wanted.set()

    def flush(self) -> None:
        """Writes what waits; returns when it is in S3, also what another thread is just writing."""
        with self._writing:
            with self._lock:
                taken, lost = list(self._waiting), self._lost
                self._waiting.clear()
                self._held = self._lost = 0
            if lost:
                _LOGGER.warning("Data capture could not keep up: %d requests are not captured", lost)
            files: dict[tuple[str, str, str | None], list[_Captured]] = {}
            for one in taken:
                files.setdefault(one.file, []).append(one)
            for (region, folder, kms_key), captured in files.items():
                self._write(region, folder, kms_key, captured)

    def changed(self, endpoint: HostedEndpoint) -> None:
        """Writes what waits: an endpoint was deleted, or serves another configuration now."""
        self.flush()
        if not endpoint.deleted:
            return
        own = (endpoint.region, endpoint.name)
        with self._lock:
            self._settings.pop(own, None)
            for key in [key for key in self._shares if key[:2] == own]:
                del self._shares[key]

    def _write_on(self) -> None:
        while not self._stopping.is_set():
            self._wanted.wait(self._seconds)
            self._wanted.clear()
            try:
                self.flush()
            except Exception:
                _LOGGER.exception("Captured requests were not written, inside the local AWS; the next ones will be")

    def _write(self, region: str, folder: str, kms_key: str | None, captured: list[_Captured]) -> None:
        bucket, prefix = s3_location(folder)
        encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        try:
            self._clients("s3", region).put_object(
                Bucket=bucket,
                Key=f"{prefix}/{capture_file_name(captured[0].exchange.at)}",
                Body=b"".join(capture_line(one.exchange, one.settings) for one in captured),
                ContentType="application/x-jsonlines",
                **encrypted,
            )
        except (ClientError, BotoCoreError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            endpoint, number = captured[0].exchange.endpoint, len(captured)
            _LOGGER.warning("%d captured requests of %s could not be written: %s", number, endpoint, code)
