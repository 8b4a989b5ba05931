"""Promise: a session that a container opened leads to the same instance until it ends, and to nothing else after."""

import json
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.local.sessions import NEW_SESSION, Owner, Sessions

Clients = Callable[[str], Any]
OWNER = Owner(region="us-east-1", endpoint="e")


def answered(session_id: str, seconds: float = 3600) -> str:
    """What a container answers when it opens a session."""
    return f"{session_id}; Expires={datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def test_a_session_is_found_until_it_is_closed() -> None:
    sessions = Sessions()
    sessions.open(OWNER, answered("a-1"), variant="v", port=7)
    found = sessions.find(OWNER, "a-1")
    assert found is not None
    assert (found.variant, found.port) == ("v", 7)
    assert sessions.find(Owner(region="us-east-1", endpoint="other"), "a-1") is None
    assert sessions.find(Owner(region="us-east-1", endpoint="e", component="c"), "a-1") is None
    sessions.close(OWNER, "a-1")
    assert sessions.find(OWNER, "a-1") is None


def test_an_expired_session_is_not_found() -> None:
    sessions = Sessions()
    sessions.open(OWNER, answered("old", -1), variant="v", port=7)
    assert sessions.find(OWNER, "old") is None


@pytest.mark.parametrize("header", ["only-an-id", "a b; Expires=2099-01-01T00:00:00Z", "a; Expires=tomorrow"])
def test_an_answer_without_id_and_time_opens_no_session(header: str) -> None:
    sessions = Sessions()
    sessions.open(OWNER, header, variant="v", port=7)
    assert sessions.find(OWNER, header.partition(";")[0]) is None


def ask(client: Clients, session: str | None = None, endpoint: str = "pair", **answer_headers: str) -> dict[str, Any]:
    """Invokes the endpoint; the order's names stand for headers of the container's answer."""
    headers = {f"X-Amzn-SageMaker-{name.replace('_', '-')}": value for name, value in answer_headers.items()}
    body = json.dumps({"do": "echo", "answer_headers": headers}).encode()
    more = {"SessionId": session} if session else {}
    answer = dict(client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=body, **more))
    return {**answer, "Body": answer["Body"].read()}


def pid(answer: dict[str, Any]) -> int:
    return int(json.loads(answer["Body"])["pid"])


@pytest.fixture
def pair(deployer: Any) -> None:
    if "pair" not in deployer.endpoints:
        assert deployer.endpoint("pair", count=2)["EndpointStatus"] == "InService"


@pytest.mark.end_to_end
@pytest.mark.parametrize("header", ["New_Session_Id", "Session_Id"])
def test_requests_of_a_session_reach_the_instance_that_opened_it(pair: None, client: Clients, header: str) -> None:
    opened = ask(client, NEW_SESSION, **{header: answered(f"one-{header[:3]}")})
    assert opened["NewSessionId"].startswith(f"one-{header[:3]}; Expires=")
    home = pid(opened)
    assert len({pid(ask(client)) for _ in range(30)}) == 2, "without a session both instances answer"
    assert {pid(ask(client, f"one-{header[:3]}")) for _ in range(6)} == {home}


@pytest.mark.end_to_end
def test_a_closed_session_is_gone(pair: None, client: Clients) -> None:
    ask(client, NEW_SESSION, New_Session_Id=answered("closing"))
    closed = ask(client, "closing", Closed_Session_Id="closing")
    assert closed["ClosedSessionId"] == "closing"
    assert (
        refusal(client, "closing") == "Session closing not found: it is unknown, has expired, or its instance is gone."
    )


@pytest.mark.end_to_end
@pytest.mark.parametrize("session", ["never-opened", "expired"])
def test_a_session_that_is_not_there_is_refused(pair: None, client: Clients, session: str) -> None:
    ask(client, NEW_SESSION, New_Session_Id=answered("expired", -1))
    assert session in refusal(client, session)


def refusal(client: Clients, session: str, endpoint: str = "pair") -> str:
    with pytest.raises(ClientError) as caught:
        ask(client, session, endpoint)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(caught.value.response["Error"]["Message"])


@pytest.mark.end_to_end
def test_a_session_ends_with_its_instance(own_aws: Any) -> None:
    own_aws.deployer.endpoint("lone")
    home = pid(ask(own_aws.client, NEW_SESSION, "lone", New_Session_Id=answered("lost")))
    os.kill(home, signal.SIGKILL)
    while own_aws.wait_for_servers(1) == {home}:
        pass
    own_aws.deployer.settled("lone")
    assert "lost" in refusal(own_aws.client, "lost", "lone")


@pytest.mark.end_to_end
def test_a_stream_goes_on_with_a_session_but_opens_none(pair: None, client: Clients) -> None:
    home = pid(ask(client, NEW_SESSION, New_Session_Id=answered("streamed")))
    call = client("sagemaker-runtime").invoke_endpoint_with_response_stream
    for _ in range(3):
        events = call(EndpointName="pair", SessionId="streamed", Body=b'{"do": "echo"}')["Body"]
        answer = b"".join(event["PayloadPart"]["Bytes"] for event in events)
        assert json.loads(answer)["pid"] == home
    with pytest.raises(ClientError, match="Value at 'sessionId' failed to satisfy constraint"):
        call(EndpointName="pair", SessionId=NEW_SESSION, Body=b'{"do": "echo"}')
