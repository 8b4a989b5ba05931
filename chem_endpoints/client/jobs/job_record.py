"""What a job is, as its ``job.json`` says: written once, when everything else of the job is stored."""

from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from chem_endpoints.client.description import Kind
from chem_endpoints.wire.options import CONFORMERS_KEY, EXPLAIN_KEY


class ChunkRecord(NamedTuple):
    """Rows that travel in one request; in JSON a list.

    Attributes:
        first: position of the first row in the caller's frame.
        last: position of the last row; rows between them that cannot travel are left out.
        name: digest of the request's body; empty: the row alone is larger than the endpoint takes.
        content_type: format of the body.
        bytes: size of the body.
    """

    first: int
    last: int
    name: str
    content_type: str
    bytes: int


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class JobOptions(_Written):
    """How the rows are sent and what the answer looks like; see `Endpoint.infer`."""

    smiles: str | int | None = None
    columns: tuple[tuple[str | int, str], ...] = ()
    drop_error_rows: bool = False
    explain: bool = False
    conformers: bool = False
    suffix: str | None = None
    send: Literal["model", "all"] = "model"
    threads: int | None = None

    @property
    def asked(self) -> frozenset[str]:
        """Extra columns that the model is asked for."""
        wanted = ((EXPLAIN_KEY, self.explain), (CONFORMERS_KEY, self.conformers))
        return frozenset(key for key, on in wanted if on)


class JobRecord(_Written):
    """One job.

    Attributes:
        id: its name.
        endpoint: SageMaker endpoint name.
        kind: how the endpoint is invoked.
        model_sha256: digest of the model that the endpoint served at submission.
        created: time in UTC, ISO 8601.
        rows: number of rows of the caller's frame.
        options: how the rows are sent.
        attributes: value of the custom-attributes header.
        accept: the format of answers; ``None``: that of the request.
        outputs: ``s3://…/`` below which SageMaker puts the answers; ``None``: they lie in the job's own folder.
        refused: position of a row that cannot travel → its ``prediction_error``.
        left_out: columns of the caller's frame that are not stored.
        chunks: the requests, in the order of their rows.
    """

    version: int = 1
    id: str
    endpoint: str
    kind: Kind
    model_sha256: str
    created: str
    rows: int
    options: JobOptions
    attributes: str
    accept: str | None
    outputs: str | None
    refused: dict[int, str] = {}
    left_out: tuple[str, ...] = ()
    chunks: tuple[ChunkRecord, ...]

    def to_bytes(self) -> bytes:
        """As JSON."""
        return self.model_dump_json().encode()

    @classmethod
    def read(cls, body: bytes) -> "JobRecord":
        """From JSON."""
        return cls.model_validate_json(body)


class Attempt(_Written):
    """One invocation for a chunk, as ``sent/<name>`` says.

    Attributes:
        number: which attempt, from 1.
        output: ``s3://…`` of its answer.
        failure: ``s3://…`` of its failure; ``None``: the endpoint stores none.
        at: when it was sent, in seconds of the epoch.
    """

    number: int
    output: str
    failure: str | None
    at: float


Summary = dict[str, Any]
"""The report of a finished job, as ``done.json`` says."""
