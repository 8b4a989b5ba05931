"""What the parts of an output folder are of, as its ``_batch.json`` says; written before the first part."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from chem_endpoints.client.batch.pieces import CUTTING
from chem_endpoints.client.batch.sources import Source
from chem_endpoints.client.jobs.job_record import JobOptions
from chem_endpoints.errors import ModelChangedError, OtherBatchError

RECORD = "_batch.json"
"""Its name begins so that readers of Parquet folders pass over it."""


class BatchRecord(BaseModel):
    """One batch.

    Attributes:
        version: of this record.
        endpoint: SageMaker endpoint name at the first run.
        model_sha256: digest of the model that answers every row.
        method: who answers.
        source: the source, as the caller named it at the first run.
        files: its number of files.
        source_sha256: digest of their names, sizes and versions.
        cutting: how it is cut.
        options: how rows are sent, and what the parts look like; without ``threads``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    endpoint: str
    model_sha256: str
    method: str
    source: str
    files: int
    source_sha256: str
    cutting: str
    options: JobOptions

    def to_bytes(self) -> bytes:
        """As JSON."""
        return self.model_dump_json(indent=2).encode() + b"\n"


def record_of(source: Source, *, endpoint: str, digest: str, options: JobOptions, method: str) -> BatchRecord:
    """The record of a new batch."""
    return BatchRecord(
        endpoint=endpoint,
        model_sha256=digest,
        method=method,
        source=source.place,
        files=len(source.files),
        source_sha256=source.digest,
        cutting=CUTTING,
        options=options.model_copy(update={"threads": None}),
    )


def check_same(found: bytes, ours: BatchRecord, out: str) -> None:
    """Compares the record that an output folder has with that of the batch which is to write there.

    Raises:
        OtherBatchError: it is another batch's.
        ModelChangedError: it is this batch's, but of another model.
    """
    try:
        theirs = BatchRecord.model_validate_json(found)
    except ValidationError:
        raise OtherBatchError(
            f"{out}{RECORD} cannot be read; it may be of another version of chem_endpoints. Say another out"
        ) from None
    for field, what in _DIFFERENCES.items():
        if getattr(theirs, field) != getattr(ours, field):
            raise OtherBatchError(
                f"{out} holds parts of another batch: {what}{_told(theirs, ours, field)}. Say another out, or delete"
                " that folder"
            )
    if theirs.model_sha256 != ours.model_sha256:
        raise ModelChangedError(
            f"{out} holds parts by model {theirs.model_sha256[:12]}, and {ours.endpoint} serves"
            f" {ours.model_sha256[:12]} now: parts of two models are not mixed. Say another out for all rows by the new"
            " model, or deploy the old one to finish this batch"
        )


_DIFFERENCES = {
    "source_sha256": "the files of the source differ in name, size or version",
    "options": "the options differ",
    "method": "the method differs",
    "cutting": "it was cut by another version of chem_endpoints",
}
"""Field → what it means when it differs."""


def _told(theirs: BatchRecord, ours: BatchRecord, field: str) -> str:
    if field == "source_sha256":
        return f" (it was made from {theirs.source})"
    if field != "options":
        return ""
    before: dict[str, Any] = theirs.options.model_dump()
    return f" ({', '.join(name for name, value in ours.options.model_dump().items() if before[name] != value)})"
