"""Chunks of endpoints that answer within the call: whoever works on the job sends them and keeps the answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from chem_endpoints.client.jobs.chunks import Chunk
from chem_endpoints.client.jobs.job_store import OUTPUTS, JobStore
from chem_endpoints.client.jobs.model_guard import ModelGuard
from chem_endpoints.client.retry import retried
from chem_endpoints.client.steps import Steps
from chem_endpoints.client.transport import Invocation, Reply, Transport
from chem_endpoints.errors import EndpointError

ENDING = ".out"


@dataclass(kw_only=True)
class DirectChunks:
    """A `chem_endpoints.client.jobs.chunk_answers.ChunkAnswers`.

    Attributes:
        store: the job's folder.
        transport: gives what asks the endpoint; not called while everything is answered.
        accept: the format of answers; ``None``: that of the request.
        attributes: value of the custom-attributes header.
        guard: refuses to send to another model than the job's.
    """

    store: JobStore
    transport: Callable[[], Transport]
    accept: str | None
    attributes: str
    guard: ModelGuard
    _doubted: set[str] = field(default_factory=set, init=False)

    def survey(self) -> None:
        """Nothing is on its way without a process that waits for it."""
        self.guard.forget()

    def finished(self) -> set[str]:
        """See `ChunkAnswers.finished`."""
        return {name.removeprefix(OUTPUTS).removesuffix(ENDING) for name in self.store.names(OUTPUTS)}

    def reply(self, chunk: Chunk) -> Steps[Reply]:
        """See `ChunkAnswers.reply`."""
        kept = yield from retried(lambda: self.store.get(_output(chunk)))
        if kept is not None and chunk.name not in self._doubted and (answer := _unpacked(kept)) is not None:
            return answer
        body = yield from retried(lambda: self.store.get(chunk.input))
        if body is None:
            raise EndpointError(f"{chunk.input} of the job is gone from {self.store.place}; submit the rows again")
        self.guard.check()
        invocation = Invocation(
            body=body,
            content_type=chunk.content_type,
            accept=self.accept or chunk.content_type,
            attributes=self.attributes,
        )
        return (yield from self.transport().invoke(invocation))

    def keep(self, chunk: Chunk, reply: Reply) -> Steps[None]:
        """See `ChunkAnswers.keep`."""
        self._doubted.discard(chunk.name)
        yield from retried(lambda: self.store.put(_output(chunk), _packed(reply)))

    def doubt(self, chunk: Chunk) -> None:
        """See `ChunkAnswers.doubt`."""
        self._doubted.add(chunk.name)


def _output(chunk: Chunk) -> str:
    return f"{OUTPUTS}{chunk.name}{ENDING}"


def _packed(reply: Reply) -> bytes:
    """A line of JSON that says what follows, and the answer as it came."""
    head = {"content_type": reply.content_type, "digest": reply.digest}
    return json.dumps(head).encode() + b"\n" + reply.body


def _unpacked(kept: bytes) -> Reply | None:
    """The reply; ``None``: the file is damaged, and the chunk is asked again."""
    head, _, body = kept.partition(b"\n")
    try:
        return Reply(body=body, **json.loads(head))
    except (ValueError, TypeError):
        return None
