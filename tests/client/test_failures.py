"""Promise: a run that fails is told at once and keeps what was answered; made again, it asks only for the rest."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from botocore.exceptions import ClientError
from pandas.testing import assert_frame_equal

from chem_endpoints.client.aws import AwsClients
from chem_endpoints.client.description import ClientSettings, EndpointDescription
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.client.engine import BodyTooLargeError
from chem_endpoints.client.retry import FailedInvocation, of_container
from chem_endpoints.client.steps import Steps
from chem_endpoints.client.transport import Invocation, Reply
from chem_endpoints.errors import (
    AccessRefusedError,
    EndpointError,
    InvalidInputError,
    ModelFailedError,
    NodeFailedError,
    RequestRefusedError,
)
from chem_endpoints.wire import codec
from chem_endpoints.wire.columns import PREDICTION_ERROR, ROW_NUMBER
from manifests import small_manifest

PATIENCE_SECONDS = 20.0
ROWS = pd.DataFrame({"smiles": ["C"] * 50, "x": range(50)}, index=pd.Index([f"c{i}" for i in range(50)]))


class Scripted:
    """A transport that answers each row with its number, until it is told to fail."""

    body_limit = 1000

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.release = threading.Event()
        self.slow_row: int | None = None
        self.fail_after: int | None = None

    def invoke(self, invocation: Invocation) -> Steps[Reply]:
        yield from ()
        numbers = codec.decode(invocation.body, invocation.content_type)[ROW_NUMBER].astype(int)
        self.rows.extend(numbers)
        if self.slow_row in set(numbers):
            self.release.wait(PATIENCE_SECONDS)
        if self.fail_after is not None and len(self.rows) > self.fail_after:
            response = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
            raise ClientError(response, "InvokeEndpoint")  # type: ignore[arg-type]
        answer = pd.DataFrame({ROW_NUMBER: numbers, "prediction": numbers + 0.5})
        answer[PREDICTION_ERROR] = pd.Series([""] * len(answer), dtype="str")
        return Reply(body=codec.encode(answer, invocation.content_type), content_type=invocation.content_type)


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    made = Scripted()
    yield made
    made.release.set()


def endpoint_with(transport: Scripted, *, rows_per_chunk: int = 1, in_flight: int = 1) -> Endpoint:
    """One request at a time, so that a run that has failed leaves none behind, unless a test is about that."""
    end = Endpoint("logs-v1", clients=AwsClients(sagemaker=None, runtime=None, s3=None))
    description = EndpointDescription(
        name="logs-v1",
        kind="realtime",
        manifest=small_manifest(),
        digest="0" * 64,
        settings=ClientSettings(rows_per_chunk=rows_per_chunk, max_in_flight=in_flight),
        captured=False,
        input_uri=None,
    )
    end.__dict__.update(description=description, _transport=transport, model_digest=lambda: "0" * 64)
    return end


def test_a_failure_is_told_while_other_requests_are_under_way(scripted: Scripted) -> None:
    scripted.slow_row, scripted.fail_after = 3, 5
    started = time.monotonic()
    with pytest.raises(AccessRefusedError):
        endpoint_with(scripted, in_flight=2).inference(ROWS)
    assert time.monotonic() - started < PATIENCE_SECONDS / 2
    assert len(scripted.rows) < 10


def test_what_was_answered_comes_with_the_error_and_is_not_asked_again(scripted: Scripted) -> None:
    scripted.fail_after = 20
    end = endpoint_with(scripted, rows_per_chunk=4)
    with pytest.raises(AccessRefusedError) as refusal:
        end.inference(ROWS)
    partial = refusal.value.partial
    assert partial is not None
    assert partial.index.equals(ROWS.index)
    answered = (partial[PREDICTION_ERROR] == "").to_numpy()
    assert 8 <= answered.sum() <= 20
    assert partial.loc[~answered, PREDICTION_ERROR].str.startswith("unsent: ").all()
    assert (end.last_report()["outcome"] == "unsent").sum() == (~answered).sum()

    scripted.fail_after, scripted.rows = None, []
    out = end.inference(ROWS)
    assert sorted(scripted.rows) == np.flatnonzero(~answered).tolist()
    assert out["prediction"].tolist() == [row + 0.5 for row in range(50)]
    scripted.rows = []
    end.inference(ROWS)
    assert sorted(scripted.rows) == list(range(50)), "a run that succeeded leaves nothing: the next one asks afresh"


def test_other_rows_are_asked_afresh_after_a_failure(scripted: Scripted) -> None:
    scripted.fail_after = 20
    end = endpoint_with(scripted, rows_per_chunk=4)
    with pytest.raises(AccessRefusedError):
        end.inference(ROWS)
    scripted.fail_after, scripted.rows = None, []
    end.inference(ROWS.assign(smiles="CC"))
    assert sorted(scripted.rows) == list(range(50))


def test_an_answer_of_a_former_model_is_not_kept(scripted: Scripted) -> None:
    scripted.fail_after = 20
    end = endpoint_with(scripted, rows_per_chunk=4)
    with pytest.raises(AccessRefusedError):
        end.inference(ROWS)
    assert end._kept is not None
    rows, frame, _ = end._kept.answers[0]
    end._kept = type(end._kept)(key=end._kept.key, answers=((rows, frame, "1" * 64),))
    scripted.fail_after, scripted.rows = None, []
    end.inference(ROWS)
    assert sorted(scripted.rows) == list(range(50))


def test_interrupting_a_cell_keeps_what_was_answered(scripted: Scripted) -> None:
    scripted.slow_row = 30
    end = endpoint_with(scripted, rows_per_chunk=5, in_flight=2)

    def interrupt() -> None:
        while 30 not in scripted.rows:
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever tests before this one have left
    try:
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt) as interruption:
            end.inference(ROWS)
    finally:
        signal.signal(signal.SIGINT, before)
    partial = interruption.value.__dict__["partial"]
    assert (partial[PREDICTION_ERROR] == "").any()
    scripted.slow_row = None
    scripted.release.set()
    asked, scripted.rows = set(scripted.rows), []
    out = end.inference(ROWS)
    assert 0 < len(scripted.rows) < 50 - len(asked) + 15
    assert out["prediction"].tolist() == [row + 0.5 for row in range(50)]


def test_nothing_was_asked_yet(scripted: Scripted) -> None:
    with pytest.raises(EndpointError, match="nothing was asked yet: call inference first"):
        endpoint_with(scripted).last_report()


def test_missing_credentials_are_told_as_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    settings = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    settings |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AccessRefusedError, match="Check AWS_PROFILE and AWS_REGION"):
        Endpoint("logs-v1").status()


def test_a_run_in_a_coroutine_gives_the_same(scripted: Scripted) -> None:
    import asyncio

    end = endpoint_with(scripted, rows_per_chunk=7)

    async def both() -> tuple[Any, Any]:
        return await asyncio.gather(end.ainference(ROWS), end.ainference(ROWS))

    one, two = asyncio.run(both())
    assert one["prediction"].tolist() == two["prediction"].tolist() == [row + 0.5 for row in range(50)]


def test_a_model_that_fails_whatever_it_is_sent_raises(scripted: Scripted) -> None:
    def invoke(invocation: Invocation) -> Steps[Reply]:
        yield from ()
        response = {"Error": {"Code": "ModelError", "Message": "m"}, "OriginalStatusCode": 500}
        raise ClientError(response, "InvokeEndpoint")  # type: ignore[arg-type]

    end = endpoint_with(scripted, rows_per_chunk=10)
    end._transport.invoke = invoke  # type: ignore[method-assign]
    with pytest.raises(ModelFailedError, match="the model's server failed"):
        end.inference(ROWS)


@pytest.mark.parametrize(
    "error",
    [
        RequestRefusedError("m", status=422, code="columns_do_not_match"),
        NodeFailedError("m", node="a"),
        ModelFailedError("m"),
        FailedInvocation(of_container(503, "m")),
        BodyTooLargeError(11, 10),
    ],
)
def test_an_error_travels_between_processes_with_all_that_it_holds(error: EndpointError) -> None:
    error.partial = ROWS
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.args) == (type(error), str(error), error.args)
    assert {key: value for key, value in vars(again).items() if key not in ("partial", "failure")} == {
        key: value for key, value in vars(error).items() if key not in ("partial", "failure")
    }
    assert_frame_equal(again.partial, ROWS)


def test_a_suffix_that_cannot_be_is_refused_before_anything_is_sent(scripted: Scripted) -> None:
    with pytest.raises(InvalidInputError, match="take another suffix"):
        endpoint_with(scripted).inference(ROWS.assign(prediction=1.0), suffix="_error")
    assert scripted.rows == []


def test_a_misspelt_feature_is_refused_with_the_nearest(scripted: Scripted) -> None:
    with pytest.raises(InvalidInputError, match=r"the model reads no \['smlies'\] \(nearest: \['smiles'\]\)"):
        endpoint_with(scripted).inference(ROWS.assign(b="C"), columns={"b": "smlies"})


def test_a_call_for_other_rows_keeps_what_an_interrupted_one_had(scripted: Scripted) -> None:
    scripted.fail_after = 20
    end = endpoint_with(scripted, rows_per_chunk=4)
    with pytest.raises(AccessRefusedError):
        end.inference(ROWS)
    scripted.fail_after = None
    end.inference("CCO")
    scripted.rows = []
    end.inference(ROWS)
    assert 0 < len(scripted.rows) < 50


def test_a_process_does_not_wait_for_requests_when_it_ends(tmp_path: Path) -> None:
    program = (
        "import time\n"
        "from chem_endpoints.client.workers import ThreadWorkers\n"
        "workers = ThreadWorkers(2)\n"
        "workers.start(1, lambda: time.sleep(600))\n"
        "workers.start(2, lambda: 'done')\n"
        "print(workers.wait(None)[0].value)\n"
        "workers.close()\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout == "done\n"


@pytest.mark.skipif(int(pd.__version__.split(".")[0]) >= 3, reason="this is pandas 3, which serves")
def test_pandas_2_says_that_it_cannot_serve_a_bundle() -> None:
    with pytest.raises(EndpointError, match="the image's server has pandas 3"):
        Endpoint.local(Path(__file__).parents[2] / "examples/bundles/logs-v1.tar.gz")
