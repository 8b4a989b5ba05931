"""Promise: when one request fails, the caller hears of it at once and nothing more is sent."""

import time
from threading import Event

import pandas as pd
import pytest

from chem_endpoints.client.description import ClientSettings, EndpointDescription
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.client.transport import Invocation, Reply
from chem_endpoints.errors import AccessRefusedError, EndpointError, ModelFailedError
from manifests import small_manifest

PATIENCE_SECONDS = 20.0


class Failing:
    """A transport whose first request takes long and whose second fails."""

    body_limit = 1000

    def __init__(self) -> None:
        self.sent = 0

    def invoke(self, invocation: Invocation, stop: Event) -> Reply:
        self.sent += 1
        if b"\n0," in invocation.body:
            stop.wait(PATIENCE_SECONDS)
            raise EndpointError("given up")
        raise ModelFailedError("the model's server failed")


def endpoint_with(transport: Failing, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    for name, value in (
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
    ):
        monkeypatch.setenv(name, value)
    end = Endpoint("logs-v1")
    description = EndpointDescription(
        name="logs-v1",
        kind="realtime",
        manifest=small_manifest(),
        digest="0" * 64,
        settings=ClientSettings(rows_per_chunk=1, max_in_flight=2),
        captured=False,
        input_uri=None,
    )
    end.__dict__.update(description=description, _transport=transport)
    return end


def test_a_failure_is_told_while_other_requests_are_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = Failing()
    started = time.monotonic()
    with pytest.raises(ModelFailedError):
        endpoint_with(transport, monkeypatch).inference(pd.DataFrame({"smiles": ["C"] * 50}))
    assert time.monotonic() - started < PATIENCE_SECONDS / 2
    assert transport.sent < 10


def test_missing_credentials_are_told_as_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    settings = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    settings |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AccessRefusedError, match="Check AWS_PROFILE and AWS_REGION"):
        Endpoint("logs-v1").status()
