"""The bundle under examination: its files, its server, and how it is asked."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pandas as pd

from chem_endpoints.check.agreement import tolerance_of
from chem_endpoints.check.outcome import BrokenPromiseError, NotAskedError
from chem_endpoints.client.description import EndpointDescription
from chem_endpoints.client.local_server import LocalServer
from chem_endpoints.client.local_transport import LocalTransport
from chem_endpoints.client.retry import FailedInvocation
from chem_endpoints.client.steps import finish
from chem_endpoints.client.transport import Invocation
from chem_endpoints.wire.answers import restore_answer
from chem_endpoints.wire.codec import decode, encode
from chem_endpoints.wire.columns import PREDICTION
from chem_endpoints.wire.content_types import CSV, JSON
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.manifest import Manifest
from chem_endpoints.wire.options import RequestOptions

WORKERS = 2
"""As on the smallest instances: enough for rows of one request to be shared out."""

LONGEST_ASK_SECONDS = 3.0
"""A question takes fewer rows where this many seconds would not suffice for all of them; two at least."""


@dataclass(kw_only=True)
class Subject:
    """What the examination of a promise gets.

    Attributes:
        bundle: ``model.tar.gz``, or the folder that it was unpacked into.
        rows: different rows that the model answers; see `chem_endpoints.check.sample`.
        seconds: how long the bundle is put under load for each of latency and memory.
        max_ms: bound of the 95th percentile of one row's latency, in milliseconds; ``None``: none.
        positional: whether rows travel as lists of numbers without names, as scripts for the SageMaker toolkits want.
        description: what the bundle says of itself, once it has been read.
        server: the server, while it runs.
        seconds_per_row: how long a row took when the rows were first asked.
    """

    bundle: Path
    rows: pd.DataFrame
    seconds: float
    max_ms: float | None
    positional: bool = False
    description: EndpointDescription | None = None
    server: LocalServer | None = None
    seconds_per_row: float = 0.0
    _transport: LocalTransport | None = field(default=None, repr=False)

    @property
    def manifest(self) -> Manifest | None:
        """The bundle's manifest; ``None``: it has none, or could not be read."""
        return self.description.manifest if self.description is not None else None

    @property
    def tolerance(self) -> float:
        """How far two answers to the same row may differ."""
        return tolerance_of(self.manifest.script if self.manifest is not None else None)

    @property
    def content_type(self) -> str:
        """CSV; JSON for a bundle without a manifest, whose columns only JSON types."""
        return CSV if self.manifest is not None else JSON

    def declared(self) -> Manifest:
        """The manifest.

        Raises:
            NotAskedError: there is none.
        """
        if self.manifest is None:
            raise NotAskedError("the bundle has no manifest, so nothing says what to expect")
        return self.manifest

    def start(self) -> float:
        """Starts the server, and returns the seconds that it took.

        Raises:
            EndpointError: it does not start.
        """
        self.stop()
        began = time.perf_counter()
        self.server = LocalServer(self.bundle, workers=WORKERS)
        self._transport = LocalTransport(self.server)
        return time.perf_counter() - began

    def stop(self) -> None:
        """Ends the server, if it runs."""
        if self.server is not None:
            self.server.stop()
        self.server = self._transport = None

    def some(self, count: int) -> pd.DataFrame:
        """The first rows of the sample, at most ``count``, and as many as `LONGEST_ASK_SECONDS` suffice for.

        Raises:
            NotAskedError: there are none.
        """
        if self.rows.empty:
            raise NotAskedError("no rows to ask with: give --rows FILE with rows that the model answers")
        return self.rows.head(min(count, self.affordable(LONGEST_ASK_SECONDS)))

    def many(self, count: int) -> pd.DataFrame:
        """So many rows: those of the sample, again and again."""
        rows = self.some(len(self.rows))
        return pd.concat([rows] * -(-count // len(rows)), ignore_index=True).head(count)

    def affordable(self, seconds: float) -> int:
        """How many rows the model answers in so many seconds; two at least."""
        return max(2, int(seconds / self.seconds_per_row)) if self.seconds_per_row else len(self.rows)

    def ask(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The columns that the model adds to these rows, typed, one row each.

        Raises:
            BrokenPromiseError: the server refuses, or answers something else than one row for each.
        """
        options = RequestOptions(returned="added") if self.manifest is not None else RequestOptions()
        answer = self.decoded(self.post(self.encoded(rows), options=options), self.content_type)
        require_every_row(rows, answer)
        if self.manifest is not None:
            return self.restored(answer)
        own = [name for name in rows.columns if name in answer.columns]
        return answer.drop(columns=own).reset_index(drop=True)

    def encoded(self, rows: pd.DataFrame) -> bytes:
        """A body."""
        if self.positional:
            return orjson.dumps({"instances": rows.to_numpy(dtype=float).tolist()})
        return encode(rows, self.content_type, own_columns=rows.shape[1] if self.content_type == CSV else 0)

    def post(
        self,
        body: bytes,
        *,
        content_type: str | None = None,
        options: RequestOptions | None = None,
    ) -> bytes:
        """Sends a body and returns that of the answer, in the same format.

        Raises:
            BrokenPromiseError: the server refuses or fails.
        """
        if self._transport is None:
            raise NotAskedError("the server does not run")
        kind = content_type or self.content_type
        attributes = options.to_header() if options is not None else ""
        invocation = Invocation(body=body, content_type=kind, accept=kind, attributes=attributes)
        try:
            return finish(self._transport.invoke(invocation)).body
        except FailedInvocation as failed:
            raise BrokenPromiseError(f"the request failed: {failed.failure.error}", SCRIPT_FAILED) from None

    def decoded(self, body: bytes, content_type: str) -> pd.DataFrame:
        """The rows of an answer.

        Raises:
            BrokenPromiseError: the answer cannot be read.
        """
        try:
            if content_type == JSON and self.manifest is None and (values := _bare_values(body)) is not None:
                return pd.DataFrame({PREDICTION: values})
            return decode(body, content_type)
        except WireError as error:
            raise BrokenPromiseError(f"the answer cannot be read: {error}", "mend the script's output_fn") from None

    def restored(self, answer: pd.DataFrame) -> pd.DataFrame:
        """The declared columns of an answer, in their declared types.

        Raises:
            BrokenPromiseError: one is absent, or holds something else.
        """
        try:
            return restore_answer(answer, self.declared().outputs).reset_index(drop=True)
        except WireError as error:
            raise BrokenPromiseError(str(error), "declare in the manifest what the script answers") from None


def require_every_row(sent: pd.DataFrame, answer: pd.DataFrame) -> None:
    """Raises where an answer has more or fewer rows than were sent.

    Raises:
        BrokenPromiseError: says how many.
    """
    if len(answer) != len(sent):
        raise BrokenPromiseError(
            f"{len(sent)} rows were sent, {len(answer)} came back",
            "return from predict_fn and output_fn every row that they get; a row that fails gets a text in"
            " prediction_error",
        )


SCRIPT_FAILED = "run the script on these rows by itself: its exception says what is wrong, the server keeps it secret"


def _bare_values(body: bytes) -> list[object] | None:
    """The values of a JSON list that holds one value, or one list, for each row; ``None``: it is something else."""
    try:
        values = orjson.loads(body)
    except ValueError:
        return None
    if isinstance(values, Mapping):
        values = values.get("predictions")
    if isinstance(values, list) and values and not any(isinstance(each, dict) for each in values):
        return [each[0] if isinstance(each, list) and len(each) == 1 else each for each in values]
    return None
