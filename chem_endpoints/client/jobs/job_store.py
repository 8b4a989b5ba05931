"""Where the parts of a job lie: a folder of S3, or one of this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

RECORD = "job.json"
"""What the job is; written last, so that a job without it never began."""
MANIFEST = "manifest.json"
"""The model's manifest: answers can be read after the endpoint has another model."""
FRAME = "frame.parquet"
"""The caller's frame."""
INPUTS = "inputs/"
"""Requests, by the digest of their body."""
SENT = "sent/"
"""Which requests were handed to a queue, and where their answers will be."""
OUTPUTS = "outputs/"
"""Answers, where no queue puts them elsewhere."""
CANCELLED = "cancelled"
"""Its presence means that nothing more is sent."""
DONE = "done.json"
"""The report, once every row has its fate."""


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What became of objects that were to be deleted.

    Attributes:
        deleted: how many are gone.
        emptied: how many could not be deleted and have no content any more.
        left: names of those that stay as they are.
    """

    deleted: int = 0
    emptied: int = 0
    left: tuple[str, ...] = ()

    def __add__(self, other: "Removed") -> "Removed":
        return Removed(
            deleted=self.deleted + other.deleted, emptied=self.emptied + other.emptied, left=self.left + other.left
        )


class JobStore(Protocol):
    """Named byte strings; safe between threads and processes. Methods make short blocking calls, without retries."""

    @property
    def place(self) -> str:
        """The folder, for people; ends with a slash."""
        ...

    def location(self, name: str) -> str | None:
        """``s3://…`` by which SageMaker finds a part; ``None``: it cannot."""
        ...

    def put(self, name: str, body: bytes, *, content_type: str = ..., only_new: bool = False) -> bool:
        """Stores a part whole or not at all; ``False``: there was one, and ``only_new`` was asked for."""
        ...

    def get(self, name: str) -> bytes | None:
        """A part; ``None``: it is not there."""
        ...

    def names(self, prefix: str = "") -> list[str]:
        """The parts whose names begin so, sorted."""
        ...

    def remove(self, names: Sequence[str]) -> Removed:
        """Deletes parts; one that is absent counts as deleted."""
        ...
