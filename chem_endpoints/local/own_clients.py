"""boto3 clients by which the local AWS calls its own services, as any other caller would."""

import threading
from typing import Any

import boto3
from botocore.config import Config

from chem_endpoints.local.address import require_loopback

USER_AGENT_MARK = "chem-endpoints-local-own-call"
"""Marks our own calls, so that they are neither logged nor counted as a user's activity."""


class OwnClients:
    """One client per service and region, made on first use."""

    def __init__(self, url: str) -> None:
        require_loopback(url)
        self._url = url
        self._session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local")  # noqa: S106
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._config = Config(
            user_agent_extra=USER_AGENT_MARK,
            retries={"total_max_attempts": 1},
            proxies={},
            max_pool_connections=50,
            s3={"addressing_style": "path"},
        )

    def __call__(self, service: str, region: str) -> Any:
        """The client of this service (boto3 name) in this region."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._session.client(  # type: ignore[call-overload]
                    service, region_name=region, endpoint_url=self._url, config=self._config
                )
            return self._clients[service, region]
