"""Promise: headers that AWS refuses are refused, in AWS's words and without their values."""

import pytest

from chem_endpoints.local.invocation_errors import InvocationError
from chem_endpoints.local.runtime_parameters import check_headers

PREFIX = "X-Amzn-SageMaker-"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Custom-Attributes", "a" * 1024),
        ("Custom-Attributes", ""),
        ("Inference-Id", "i" * 64),
        ("Inference-Id", "an id"),
        ("Session-Id", "NEW_SESSION"),
        ("Session-Id", "a-1"),
        ("Target-Variant", "AllTraffic"),
    ],
)
def test_what_aws_takes_is_taken(header: str, value: str) -> None:
    check_headers("InvokeEndpoint", {PREFIX + header: value})


@pytest.mark.parametrize(
    ("header", "value", "words"),
    [
        (
            "Custom-Attributes",
            "a" * 1025,
            "Value at 'customAttributes' failed to satisfy constraint: Member must have len",
        ),
        (
            "Custom-Attributes",
            "caf\xe9",
            "Value at 'customAttributes' failed to satisfy constraint: Member must satisfy",
        ),
        ("Inference-Id", "i" * 65, "Value at 'inferenceId' failed to satisfy constraint: Member must have length less"),
        (
            "Inference-Id",
            " leading",
            "Value at 'inferenceId' failed to satisfy constraint: Member must satisfy regular",
        ),
        ("Session-Id", "a_1", "Value at 'sessionId' failed to satisfy constraint: Member must satisfy regular"),
        ("Target-Variant", "two words", "Value at 'targetVariant' failed to satisfy constraint: Member must satisfy"),
    ],
)
def test_what_aws_refuses_is_refused_without_its_value(header: str, value: str, words: str) -> None:
    with pytest.raises(InvocationError) as caught:
        check_headers("InvokeEndpoint", {PREFIX + header: value})
    error = caught.value
    assert (error.status, error.code) == (400, "ValidationError")
    assert str(error).startswith(f"1 validation error detected: {words}")
    assert value not in str(error)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvocationError, match=r"2 validation errors detected: .*customAttributes.*; .*inferenceId"):
        check_headers("InvokeEndpoint", {f"{PREFIX}Custom-Attributes": "a" * 1025, f"{PREFIX}Inference-Id": "i" * 65})


def test_a_stream_cannot_open_a_session() -> None:
    with pytest.raises(InvocationError, match="sessionId"):
        check_headers("InvokeEndpointWithResponseStream", {f"{PREFIX}Session-Id": "NEW_SESSION"})
