"""boto3 clients by which the local AWS calls its own services, as any other caller would."""

import threading
from typing import Any

import boto3
from botocore.config import Config

from chem_endpoints.local.address import require_loopback
from chem_endpoints.local.service_models import new_session

USER_AGENT_MARK = "chem-endpoints-local-own-call"
"""Marks our own calls, so that they are neither logged nor counted as a user's activity."""


_FUNCTION_SECONDS = 910
"""Longer than a Lambda function may run."""


class OwnClients:
    """One client per service and region, made on first use."""

    def __init__(self, url: str) -> None:
        require_loopback(url)
        self.url = url
        """Where all of them go."""
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        self._session = boto3.Session(**keys, botocore_session=new_session())
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._config = Config(
            user_agent_extra=USER_AGENT_MARK,
            retries={"total_max_attempts": 1},
            proxies={},
            max_pool_connections=50,
            s3={"addressing_style": "path"},
        )
        self._patient = self._config.merge(Config(read_timeout=_FUNCTION_SECONDS))

    def __call__(self, service: str, region: str) -> Any:
        """The client of this service (boto3 name) in this region."""
        with self._lock:
            if (service, region) not in self._clients:
                config = self._patient if service == "lambda" else self._config
                self._clients[service, region] = self._session.client(  # type: ignore[call-overload]
                    service, region_name=region, endpoint_url=self.url, config=config
                )
            return self._clients[service, region]
