"""How the answer to a chunk is got once and for all, whatever process asks for it."""

from typing import Protocol

from chem_endpoints.client.jobs.chunks import Chunk
from chem_endpoints.client.steps import Steps
from chem_endpoints.client.transport import Reply


class ChunkAnswers(Protocol):
    """The answers of one job's chunks."""

    def survey(self) -> None:
        """Looks what is there already, so that nothing of it is asked for again."""
        ...

    def finished(self) -> set[str]:
        """Names of the chunks that have their answers now, derived ones included.

        Raises:
            EndpointError: it is not to be known.
        """
        ...

    def reply(self, chunk: Chunk) -> Steps[Reply]:
        """Steps that read the answer, wait for it if the chunk is on its way, or else send the chunk.

        Raises:
            ClientError, BotoCoreError, FailedInvocation: there is none; `chem_endpoints.client.retry` sorts them.
        """
        ...

    def keep(self, chunk: Chunk, reply: Reply) -> Steps[None]:
        """Steps that keep a reply whose rows could be read."""
        ...

    def doubt(self, chunk: Chunk) -> None:
        """The rows of the chunk's answer cannot be read: the next `reply` is to be another one."""
        ...
