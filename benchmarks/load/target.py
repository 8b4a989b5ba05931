"""Where requests go: a server of ours, the local AWS, or a SageMaker endpoint, whose requests are signed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

INVOCATIONS = "/invocations"
_SIGNING_NAME = "sagemaker"
_RUNTIME_HOST = re.compile(r"runtime\.sagemaker(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")


class TargetError(Exception):
    """An address that leads nowhere; says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Signer:
    """Signs requests by Signature Version 4 (AWS General Reference, "Signing AWS API requests").

    Attributes:
        credentials: botocore's; it renews those that expire.
        region: of the endpoint.
    """

    credentials: Credentials = field(repr=False)
    region: str

    def sign(self, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """The headers and those that prove who sends them."""
        request = AWSRequest(method="POST", url=url, data=body, headers=dict(headers))
        frozen = self.credentials.get_frozen_credentials()
        SigV4Auth(frozen, _SIGNING_NAME, self.region).add_auth(request)
        return dict(request.headers.items())


@dataclass(frozen=True, kw_only=True)
class Target:
    """An address that takes invocations.

    Attributes:
        url: where to POST.
        headers: sent with each request.
        signer: signs each request; ``None``: nobody asks for it.
    """

    url: str
    headers: Mapping[str, str]
    signer: Signer | None = None

    def headers_for(self, body: bytes) -> dict[str, str]:
        """Headers of one request."""
        return self.signer.sign(self.url, self.headers, body) if self.signer else dict(self.headers)

    @property
    def description_url(self) -> str | None:
        """Where the server describes its model; SageMaker passes nothing but invocations through."""
        if self.signer or not self.url.endswith(INVOCATIONS) or "/endpoints/" in self.url:
            return None
        return self.url.removesuffix(INVOCATIONS) + "/openapi.json"


def find_target(address: str, headers: Mapping[str, str]) -> Target:
    """The target that an address names.

    Args:
        address: ``sagemaker://ENDPOINT?region=REGION`` (AWS_ENDPOINT_URL is honoured, the region may come from the
            profile), ``https://runtime.sagemaker.REGION.amazonaws.com/endpoints/ENDPOINT/invocations``, or
            ``http://HOST:PORT`` of a server, with or without ``/invocations``.
        headers: sent with each request.

    Raises:
        TargetError: the address is none of these, or there are no credentials or region to sign with.
    """
    parts = urlsplit(address)
    if parts.scheme == "sagemaker":
        return _sagemaker_target(parts.netloc, parse_qs(parts.query).get("region", [None])[0], headers)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise TargetError(f"{address!r} is no address: give http://HOST:PORT or sagemaker://ENDPOINT?region=REGION")
    url = address if parts.path not in ("", "/") else address.rstrip("/") + INVOCATIONS
    runtime = _RUNTIME_HOST.fullmatch(parts.hostname or "")
    signer = _signer(botocore.session.get_session(), runtime.group(1)) if runtime else None
    return Target(url=url, headers=headers, signer=signer)


def _sagemaker_target(name: str, region: str | None, headers: Mapping[str, str]) -> Target:
    session = botocore.session.get_session()
    region = region or session.get_config_variable("region")
    if not region:
        raise TargetError(f"no region: write sagemaker://{name}?region=REGION or set AWS_REGION")
    signer = _signer(session, region)
    # The client is made for its address only: botocore knows partitions, profiles and AWS_ENDPOINT_URL.
    base = session.create_client("sagemaker-runtime", region_name=region).meta.endpoint_url
    return Target(url=f"{base.rstrip('/')}/endpoints/{name}{INVOCATIONS}", headers=headers, signer=signer)


def _signer(session: botocore.session.Session, region: str) -> Signer:
    credentials = session.get_credentials()
    if credentials is None:
        raise TargetError("no AWS credentials to sign with; set a profile or AWS_ACCESS_KEY_ID")
    return Signer(credentials=credentials, region=region)
