"""Promise: two hundred callers at once all get their own answers, and none of them an error that AWS would not send."""

import http.client
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from chem_endpoints.local.address import Address

pytestmark = pytest.mark.end_to_end
CALLERS = 200
ROUNDS = 3


@pytest.fixture(scope="module", autouse=True)
def endpoint(deployer: Any) -> None:
    assert deployer.endpoint("crowd")["EndpointStatus"] == "InService"


def call_at_once(work: Callable[[int], None]) -> None:
    """Runs the work of all callers, none of them before all are ready."""
    ready = threading.Barrier(CALLERS)

    def run(number: int) -> None:
        ready.wait()
        work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_hundred_callers_at_once_all_get_their_own_answer(local_aws: Address) -> None:
    wrong: list[object] = []

    def call(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", local_aws.port, timeout=60)
        for turn in range(ROUNDS):
            body = json.dumps({"do": "echo", "number": number, "turn": turn}).encode()
            try:
                connection.request("POST", "/endpoints/crowd/invocations", body)
                answer = connection.getresponse()
                content = json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError) as error:
                wrong.append(error)
                continue
            if answer.status != 200 or content["order"]["number"] != number or content["order"]["turn"] != turn:
                wrong.append((answer.status, content))
        connection.close()

    call_at_once(call)
    assert not wrong, f"{len(wrong)} of {CALLERS * ROUNDS} calls failed, the first: {wrong[0]}"
