"""What every way of running a batch does first: look at the source, the model and the output folder."""

from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from chem_endpoints.client.batch.answer_columns import AnswerColumns, beside
from chem_endpoints.client.batch.batch_record import record_of
from chem_endpoints.client.batch.endpoint_side import BatchSide
from chem_endpoints.client.batch.open_piece import PiecePlan
from chem_endpoints.client.batch.part_file import part_name, write_part
from chem_endpoints.client.batch.part_store import SUMMARY, PartStore
from chem_endpoints.client.batch.pieces import Piece, Shape, shape_of
from chem_endpoints.client.batch.result import BatchResult
from chem_endpoints.client.batch.sources import Source, find_source
from chem_endpoints.client.jobs.job_record import JobOptions
from chem_endpoints.client.joined import join_answers
from chem_endpoints.client.travelling import Travelling
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.arrow_format import to_frame
from chem_endpoints.wire.columns import PREDICTION_ERROR

if TYPE_CHECKING:
    from chem_endpoints.client.endpoint import Endpoint


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A batch whose output folder is its own.

    Attributes:
        side: the endpoint.
        source: what is read.
        shape: its columns and rows.
        options: how rows are sent.
        columns: where the answers stand.
        needed: the columns of the source that travel.
        digest: digest of the model.
        store: the output folder.
    """

    side: BatchSide
    source: Source
    shape: Shape
    options: JobOptions
    columns: AnswerColumns
    needed: list[str]
    digest: str
    store: PartStore

    def travelling(self, piece: Piece) -> Travelling:
        """What of a piece travels. An index that pandas once stored is a column like others."""
        table = piece.table.select(self.needed).replace_schema_metadata(None)
        frame: pd.DataFrame = to_frame(table)
        return self.side.travelling(frame, self.options)

    def write(self, piece: Piece, plan: PiecePlan) -> dict[str, int]:
        """Writes the part of a piece whose rows have their fates; returns reason → rows."""
        answer = join_answers(plan, self.columns.outputs)
        failed = plan.fates.reasons()
        table = self.columns.attach(piece.table, answer)
        if self.options.drop_error_rows:
            table = table.filter(pa.array(answer[PREDICTION_ERROR] == ""))
        self.store.put(part_name(piece.number), write_part(table, rows=plan.total, failed=failed))
        return failed

    def finish(
        self,
        counts: dict[int, tuple[int, dict[str, int]]],
        *,
        requests: int,
        retries: int,
        resumed: int,
        seconds: float,
    ) -> BatchResult:
        """Sums up, and leaves nothing but parts, record and summary in the output folder.

        Args:
            counts: part → rows of the source, and reason → rows.
            requests: requests of this run.
            retries: those of them that repeated others.
            resumed: parts of earlier runs.
            seconds: wall time of this run.
        """
        failed: dict[str, int] = {}
        for _, reasons in counts.values():
            for reason, rows in reasons.items():
                failed[reason] = failed.get(reason, 0) + rows
        total = sum(rows for rows, _ in counts.values())
        result = BatchResult(
            endpoint=self.side.name,
            model_sha256=self.digest,
            out=self.store.place,
            parts=len(counts),
            rows=total,
            predicted=total - sum(failed.values()),
            failed=dict(sorted(failed.items())),
            requests=requests,
            retries=retries,
            resumed_parts=resumed,
            seconds=round(seconds, 3),
        )
        self.store.put(SUMMARY, result.to_bytes())
        self.store.tidy()
        return result


def begin(
    endpoint: "Endpoint",
    source: str | PathLike[str],
    out: str | PathLike[str] | None,
    options: JobOptions,
    *,
    method: str,
    stacklevel: int,
) -> Begun:
    """Checks everything that can be checked without asking the model, and takes the output folder.

    Raises:
        InvalidInputError: the source cannot be read, or does not fit the model; ``out`` holds something else.
        ModelChangedError: the endpoint has another model than this object, or than earlier parts.
        ForeignEndpointError: nobody has declared what the endpoint answers.
    """
    side = BatchSide(endpoint)
    s3 = getattr(side.clients, "s3", None)  # an endpoint on this machine has no AWS
    if s3 is None and any(isinstance(place, str) and place.startswith("s3://") for place in (source, out)):
        raise InvalidInputError(f"{side.name} is served on this machine, without AWS: read and write local files")
    found = find_source(source, s3)
    shape = shape_of(found)
    columns = beside(shape.schema, side.outputs(options), suffix=options.suffix, stacklevel=stacklevel + 1)
    needed = side.needed_columns(shape.schema, options)
    digest = side.fresh_digest()
    store = PartStore(found.beside if out is None else out, s3)
    store.begin(record_of(found, endpoint=side.name, digest=digest, options=options, method=method), found)
    return Begun(
        side=side,
        source=found,
        shape=shape,
        options=options,
        columns=columns,
        needed=needed,
        digest=digest,
        store=store,
    )
