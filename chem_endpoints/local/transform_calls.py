"""Requests of a transform job to one of its containers.

Sources: "Use Your Own Inference Code with Batch Transform", SageMaker developer guide; ModelClientConfig, SageMaker API
reference. Which failures SageMaker sends again is not documented: here a container's 5xx and 429, a time-out and a
connection that breaks.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Any

from chem_endpoints.local.container_pool import ContainerPool
from chem_endpoints.local.container_response import ContainerResponse, Invocation, NoAnswerError, NotReachedError
from chem_endpoints.local.instance import Instance
from chem_endpoints.local.transform_lines import MiniBatch, spooled
from chem_endpoints.local.transform_request import TransformRequest

_TUNING_SECONDS = 2.0
_TUNING_BYTES = 1 << 16
_MESSAGE_BYTES = 4096
_FIRST_PAUSE_SECONDS = 0.1
_QUEUE_FULL_SECONDS = 0.01
_CLIENT_ERRORS = range(400, 500)


class TransformError(Exception):
    """A mini-batch cannot be transformed; the message begins with SageMaker's kind of failure."""


class TransformStoppedError(Exception):
    """The job was asked to stop."""


def execution_parameters(instance: Instance) -> Mapping[str, Any]:
    """How a container wants to be asked; nothing where it does not say."""
    connection = http.client.HTTPConnection("127.0.0.1", instance.process.port, timeout=_TUNING_SECONDS)
    try:
        connection.request("GET", "/execution-parameters")
        response = connection.getresponse()
        told = json.loads(response.read(_TUNING_BYTES)) if response.status == http.client.OK else {}
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    return told if isinstance(told, dict) else {}


@dataclass(frozen=True, kw_only=True)
class TransformCalls:
    """What a job sends to one container."""

    request: TransformRequest
    instance: Instance
    connections: ContainerPool
    stopping: threading.Event
    """Set when the job is to end."""
    log: Callable[[str], None]
    """Takes what the container says of a failure."""

    def answer(self, batch: MiniBatch) -> IO[bytes]:
        """The answer to a mini-batch; the caller closes it.

        Raises:
            TransformError: the container refuses it, fails more often than may be, or has ended.
            TransformStoppedError: the job was asked to stop.
        """
        pause, failure = _FIRST_PAUSE_SECONDS, ""
        for attempt in range(self.request.retries + 1):
            if attempt:
                self.stopping.wait(pause)
                pause *= 2
            if self.stopping.is_set():
                raise TransformStoppedError
            try:
                return self._attempt(batch)
            except NoAnswerError as error:
                failure = str(error)
        if self.stopping.is_set():
            raise TransformStoppedError
        raise TransformError(f"AlgorithmError: {failure}")

    def _attempt(self, batch: MiniBatch) -> IO[bytes]:
        invocation = Invocation(body=batch.body, headers=self.request.headers())
        with closing(self._response(invocation)) as response:
            answer = spooled()
            try:
                for piece in response.pieces():
                    answer.write(piece)
                self._refuse(response.status, answer)
            except BaseException:
                answer.close()
                raise
        return answer

    def _response(self, invocation: Invocation) -> ContainerResponse:
        deadline = time.monotonic() + self.request.invocation_seconds
        while True:
            try:
                return ContainerResponse(self.connections, self.instance.process.port, invocation, deadline)
            except NotReachedError:
                time.sleep(_QUEUE_FULL_SECONDS)
            except ConnectionRefusedError:
                if self.stopping.is_set():
                    raise TransformStoppedError from None
                code = self.instance.process.exit_code
                raise TransformError(f"AlgorithmError: The container ended with exit code {code}") from None

    def _refuse(self, status: int, answer: IO[bytes]) -> None:
        """Raises what a status other than 2xx means: `TransformError`; `NoAnswerError` if it is to be tried again."""
        if 200 <= status < 300:
            return
        answer.seek(0)
        what = f"Bad HTTP status received from algorithm: {status}"
        self.log(f"{what}\nMessage:\n{answer.read(_MESSAGE_BYTES).decode(errors='replace')}")
        if status in _CLIENT_ERRORS and status != http.client.TOO_MANY_REQUESTS:
            raise TransformError(f"ClientError: {what}")
        raise NoAnswerError(what)
