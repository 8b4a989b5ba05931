"""Chunks of async endpoints: SageMaker's queue works on them, whether or not a process waits.

Each chunk has a marker ``sent/<name>`` that says where the answer of its last attempt will be. An answer's name is made
of the chunk's and the attempt's number (``S3OutputPathExtension`` and ``Filename``, InvokeEndpointAsync API reference),
so it is found without a marker too.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chem_endpoints.client.asynchronous import QUEUE_SECONDS, Arrival, longest_wait, reply_of
from chem_endpoints.client.jobs.chunks import Chunk
from chem_endpoints.client.jobs.job_record import Attempt
from chem_endpoints.client.jobs.job_store import SENT, JobStore
from chem_endpoints.client.jobs.model_guard import ModelGuard
from chem_endpoints.client.jobs.s3_store import S3Store
from chem_endpoints.client.retry import RULES, FailedInvocation, call, retried
from chem_endpoints.client.steps import Steps
from chem_endpoints.client.transport import Reply
from chem_endpoints.errors import AccessRefusedError

_ANSWER = re.compile(r"([0-9a-f]+)-(\d+)\.out")


@dataclass(kw_only=True)
class QueuedChunks:
    """A `chem_endpoints.client.jobs.chunk_answers.ChunkAnswers`.

    Attributes:
        endpoint: SageMaker endpoint name.
        runtime: boto3's client ``sagemaker-runtime``.
        s3: boto3's client ``s3``.
        store: the job's folder in S3.
        outputs: where SageMaker puts the job's answers.
        extension: that place below the endpoint's own, as the call wants it.
        accept: the format of answers.
        attributes: value of the custom-attributes header.
        invocation_timeout_s: seconds that the model may take.
        guard: refuses to send to another model than the job's.
        clock: seconds of the epoch; attempts are older than the process.
    """

    endpoint: str
    runtime: Any
    s3: Any
    store: JobStore
    outputs: S3Store
    extension: str
    accept: str
    attributes: str
    invocation_timeout_s: int
    guard: ModelGuard
    clock: Callable[[], float] = time.time
    _attempts: dict[str, Attempt] = field(default_factory=dict, init=False)
    _listed: set[str] | None = field(default=None, init=False)
    """Chunks that had a marker at the survey; ``None``: unknown."""
    _doubted: dict[str, int] = field(default_factory=dict, init=False)

    def survey(self) -> None:
        """Lists answers and markers: two calls for each 1,000, instead of two for each chunk."""
        self.guard.forget()
        try:
            for name, number in sorted(self._answers()):
                self._attempts[name] = self._attempt(name, number)
            self._listed = {name.removeprefix(SENT) for name in call(self.store.names, SENT)}
        except AccessRefusedError:  # without s3:ListBucket each chunk is looked for by name
            self._listed = None

    def finished(self) -> set[str]:
        """See `ChunkAnswers.finished`; it needs s3:ListBucket."""
        return {name for name, _ in self._answers()}

    def reply(self, chunk: Chunk) -> Steps[Reply]:
        """See `ChunkAnswers.reply`."""
        attempt = yield from self._last_attempt(chunk)
        again = attempt is None or self._is_doubted(chunk, attempt)
        if attempt is not None and not again:
            body, again = yield from self._state(chunk, attempt)
            if body is not None:
                return reply_of(body, self.accept)
        if attempt is None or again:
            attempt = yield from self.send(chunk, number=attempt.number + 1 if attempt else 1, maybe_sent=True)
        left = longest_wait(self.invocation_timeout_s) - (self.clock() - attempt.at)
        body = yield from self._arrival(attempt).wait(max(0.0, left))
        return reply_of(body, self.accept)

    def send(self, chunk: Chunk, *, number: int = 1, maybe_sent: bool = False) -> Steps[Attempt]:
        """Steps that hand the chunk to the queue, and remember it.

        Args:
            chunk: which.
            number: which attempt.
            maybe_sent: a process may have been killed after it had sent this attempt: the answer may be there.
        """
        attempt = self._attempt(chunk.name, number)
        if not maybe_sent or (yield from self._arrival(attempt).look()) is None:
            self.guard.check()
            attempt = self._invoke(chunk, number)
            mark = attempt.model_dump_json().encode()
            yield from retried(lambda: self.store.put(f"{SENT}{chunk.name}", mark))
        self._attempts[chunk.name] = attempt
        return attempt

    def keep(self, chunk: Chunk, reply: Reply) -> Steps[None]:
        """SageMaker has put it where it belongs."""
        yield from ()

    def doubt(self, chunk: Chunk) -> None:
        """See `ChunkAnswers.doubt`."""
        attempt = self._attempts.get(chunk.name)
        self._doubted[chunk.name] = attempt.number if attempt else 0

    def _invoke(self, chunk: Chunk, number: int) -> Attempt:
        response = self.runtime.invoke_endpoint_async(
            EndpointName=self.endpoint,
            InputLocation=self.store.location(chunk.input),
            ContentType=chunk.content_type,
            Accept=self.accept,
            InvocationTimeoutSeconds=self.invocation_timeout_s,
            RequestTTLSeconds=QUEUE_SECONDS,
            S3OutputPathExtension=self.extension,
            Filename=_filename(chunk.name, number),
            **({"CustomAttributes": self.attributes} if self.attributes else {}),
        )
        return Attempt(
            number=number, output=response["OutputLocation"], failure=response.get("FailureLocation"), at=self.clock()
        )

    def _last_attempt(self, chunk: Chunk) -> Steps[Attempt | None]:
        if (known := self._attempts.get(chunk.name)) is not None:
            return known
        if self._listed is not None and chunk.name not in self._listed:
            return None
        marked = yield from retried(lambda: self.store.get(f"{SENT}{chunk.name}"))
        if marked:
            self._attempts[chunk.name] = Attempt.model_validate_json(marked)
        return self._attempts.get(chunk.name)

    def _state(self, chunk: Chunk, attempt: Attempt) -> Steps[tuple[bytes | None, bool]]:
        """The answer if it is there, and whether none will come: the attempt failed, or SageMaker has given it up.

        Raises:
            FailedInvocation: it failed for its rows, as often as such a failure is tried.
        """
        try:
            body = yield from self._arrival(attempt).look()
        except FailedInvocation as failed:
            rule = failed.failure.rule
            tries = rule.attempts if chunk.rows == 1 else 1  # as many as the engine makes
            if rule.scope in ("request", "size") and attempt.number >= tries:
                raise
            return None, True
        return body, self.clock() - attempt.at > longest_wait(self.invocation_timeout_s)

    def _is_doubted(self, chunk: Chunk, attempt: Attempt) -> bool:
        return attempt.number <= self._doubted.get(chunk.name, 0) and attempt.number < RULES["answer"].attempts

    def _answers(self) -> list[tuple[str, int]]:
        """Chunk and attempt of each answer that is there."""
        found = (_ANSWER.fullmatch(name) for name in call(self.outputs.names))
        return [(match.group(1), int(match.group(2))) for match in found if match]

    def _attempt(self, name: str, number: int) -> Attempt:
        """An attempt that nobody marked, and where its answer would be."""
        output = self.outputs.location(_filename(name, number))
        return Attempt(number=number, output=output, failure=None, at=self.clock())

    def _arrival(self, attempt: Attempt) -> Arrival:
        return Arrival(s3=self.s3, output=attempt.output, failure=attempt.failure)


def _filename(name: str, number: int) -> str:
    return f"{name}-{number}.out"
