"""The account that is asked: clients, region, and the guard between the local AWS and a real one."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from chem_endpoints.local.address import NotLoopbackError, require_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable

SERVICES = ("cloudwatch", "ecr", "iam", "logs", "s3", "sagemaker", "sagemaker-runtime", "sts")
"""Every service that a check calls."""

POLL_SECONDS = 15.0
"""Between two looks at something that changes."""

_LOCAL_POLL_SECONDS = 0.5
_LOCAL_WAIT_SECONDS = 20.0
"""The local AWS has shown by then what it ever shows, with its clock at 20 times the usual speed."""

_READ_SECONDS = 90


class WrongPlaceError(Exception):
    """A real account was meant and the local AWS answers, or the other way round."""


class Account:
    """One account in one region.

    Args:
        session: its credentials and region.
        local: the local AWS is meant, as a test of this command.

    Raises:
        WrongPlaceError: some service's address is not what is meant, or there is no region.
    """

    def __init__(self, session: boto3.Session, *, local: bool) -> None:
        if session.region_name is None:
            raise WrongPlaceError("no region: give --region, or set AWS_REGION")
        self.region: str = session.region_name
        self.is_local = local
        self.poll_seconds = _LOCAL_POLL_SECONDS if local else POLL_SECONDS
        self.longest_wait_seconds = _LOCAL_WAIT_SECONDS if local else float("inf")
        """For anything that need not come at all."""
        # A refusal is evidence: runtime calls are never repeated.
        once = Config(retries={"total_max_attempts": 1}, read_timeout=_READ_SECONDS)
        patient = Config(retries={"mode": "standard", "total_max_attempts": 8})
        self._clients: dict[str, Any] = {
            service: session.client(service, config=once if service == "sagemaker-runtime" else patient)  # type: ignore[call-overload]
            for service in SERVICES
        }
        _require_place([client.meta.endpoint_url for client in self._clients.values()], local=local)

    def __call__(self, service: str) -> Any:
        """The boto3 client of one of `SERVICES`."""
        return self._clients[service]

    @cached_property
    def number(self) -> str:
        """The account's number."""
        return str(self("sts").get_caller_identity()["Account"])

    @cached_property
    def partition(self) -> str:
        """``aws``, ``aws-cn`` or ``aws-us-gov``."""
        return str(self("sts").meta.partition)

    def masked(self, text: str) -> str:
        """A text for a file that may be shown around: without the account's number."""
        return text.replace(self.number, "ACCOUNT")


def _require_place(addresses: "Iterable[str]", *, local: bool) -> None:
    for address in addresses:
        try:
            require_loopback(address)
        except NotLoopbackError:
            if local:
                raise WrongPlaceError(f"{address}: refused. With --local only the local AWS is asked") from None
        else:
            if not local:
                raise WrongPlaceError(f"{address} is no account: unset AWS_ENDPOINT_URL, or say --local")
