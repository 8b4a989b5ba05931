"""Promise: what a run made in an account is deleted, also where the connection breaks in between."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chem_endpoints.smoke import removal
from chem_endpoints.smoke.removal import Made, remove

MADE = [
    Made(kind="inference component", name="one"),
    Made(kind="endpoint", name="two"),
    Made(kind="model", name="three"),
]
BROKEN = EndpointConnectionError(endpoint_url="https://sagemaker")


class Played:
    """SageMaker's describe and delete operations; ``trouble`` raises what a call meets."""

    def __init__(self, trouble: Callable[[str], None]) -> None:
        self.there, self._trouble = {one.name for one in MADE}, trouble

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: str) -> None:
            (name,) = parameters.values()
            self._trouble(name)
            if name not in self.there:
                raise ClientError({"Error": {"Code": "ResourceNotFound", "Message": "gone"}}, operation)
            if operation.startswith("delete_"):
                self.there.remove(name)

        return call


def account(sagemaker: Played) -> Any:
    def client(service: str) -> Played:
        assert service == "sagemaker"
        return sagemaker

    return type("Account", (), {"__call__": staticmethod(client), "poll_seconds": 0.01})()


def test_a_broken_connection_is_tried_again() -> None:
    failures = iter([True, False, True, True])

    def now_and_then(name: str) -> None:
        if next(failures, False):
            raise BROKEN

    sagemaker, told = Played(now_and_then), SimpleNamespace(lines=[])
    assert remove(account(sagemaker), MADE, told.lines.append) == []
    assert sagemaker.there == set()
    assert told.lines == ["deleted inference component one", "deleted endpoint two", "deleted model three"]


def test_what_cannot_be_reached_is_named_and_the_others_are_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    def never_the_first(name: str) -> None:
        if name == "one":
            raise BROKEN

    monkeypatch.setattr(removal, "UNREACHABLE_MINUTES", 0.001)
    sagemaker = Played(never_the_first)
    (failed,) = remove(account(sagemaker), MADE, lambda line: None)
    assert failed.startswith("inference component one: Could not connect to the endpoint URL")
    assert sagemaker.there == {"one"}


def test_what_may_not_be_looked_at_is_named_at_once() -> None:
    def denied(name: str) -> None:
        if name == "two":
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not you"}}, "Describe")

    sagemaker = Played(denied)
    (failed,) = remove(account(sagemaker), MADE, lambda line: None)
    assert failed.startswith("endpoint two: ")
    assert sagemaker.there == {"two"}
