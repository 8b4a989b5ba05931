"""`Endpoint`: one deployed model, called with a DataFrame."""

import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cached_property
from threading import Event
from typing import Any

import boto3
import pandas as pd
from tqdm.auto import tqdm

from chem_endpoints.client.asynchronous import AsyncTransport
from chem_endpoints.client.attach import attach, read_answer
from chem_endpoints.client.aws import connect
from chem_endpoints.client.capacity import WAKE_SECONDS
from chem_endpoints.client.chunks import Chunk, cut, model_columns
from chem_endpoints.client.description import EndpointDescription, describe_endpoint, endpoint_status
from chem_endpoints.client.realtime import BODY_LIMIT, SERVERLESS_BODY_LIMIT, RealtimeTransport
from chem_endpoints.client.report import REPORT_KEY, Exchange, make_report
from chem_endpoints.client.transport import Invocation, Transport
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.columns import PREDICTION_ERROR, SMILES
from chem_endpoints.wire.errors import OptionNotOfferedError
from chem_endpoints.wire.manifest import Feature, Manifest, Output, answer_columns
from chem_endpoints.wire.options import CONFORMERS_KEY, EXPLAIN_KEY, RequestOptions

MAX_CONNECTIONS = 64

Rows = pd.DataFrame | str | Sequence[str]


class Endpoint:
    """A SageMaker endpoint that Chem Endpoints deployed. Every kind of endpoint is called in the same way.

    Args:
        name: SageMaker endpoint name.
        session: boto3 session; default: the usual credentials, profile and region.
        wake_seconds: how long to wait for an endpoint that sleeps and whose first request wakes it.

    Examples:
        >>> end = Endpoint("logs-v1")                                          # doctest: +SKIP
        >>> out = end.inference(df)    # N rows in, N rows out                 # doctest: +SKIP
    """

    def __init__(self, name: str, *, session: boto3.Session | None = None, wake_seconds: float = WAKE_SECONDS) -> None:
        self.name = name
        self._wake_seconds = wake_seconds
        self._clients = connect(session, connections=MAX_CONNECTIONS)

    def __repr__(self) -> str:
        return f"Endpoint({self.name!r})"

    @cached_property
    def description(self) -> EndpointDescription:
        """Kind, columns, limits and places, read from AWS once.

        Raises:
            EndpointError: no such endpoint, not ours, or not allowed.
        """
        return describe_endpoint(self.name, self._clients)

    @property
    def features(self) -> tuple[Feature, ...]:
        """The columns that the model reads."""
        return self.description.manifest.features

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The columns that `inference` adds."""
        return answer_columns(self.description.manifest.outputs)

    def status(self) -> str:
        """SageMaker's status of the endpoint now, such as ``InService`` or ``Updating``."""
        return endpoint_status(self.name, self._clients)

    def card(self) -> dict[str, Any]:
        """The model card: target, unit, columns, training data, errors on compounds held out, versions, digests."""
        card = self.description.manifest.model_dump(mode="json", exclude={"golden"})
        return {"model_sha256": self.description.digest, **card}

    def inference(
        self,
        rows: Rows,
        *,
        smiles: str | None = None,
        columns: Mapping[str, str] | None = None,
        drop_error_rows: bool = False,
        explain: bool = False,
        conformers: bool = False,
        progress: bool | None = None,
        threads: int | None = None,
    ) -> pd.DataFrame:
        """Predicts each row.

        Args:
            rows: a DataFrame (never changed), or SMILES as one text or a list of texts.
            smiles: your column that holds the SMILES, when it is not called ``smiles``.
            columns: your column → the model's feature, for names that differ.
            drop_error_rows: leave out the rows that have no prediction.
            explain: add the columns that explain each prediction, where the model offers them.
            conformers: add each row's conformers as the text of an SD file, where the model computes them.
            progress: show a progress bar; default: when somebody watches.
            threads: requests under way at once; default: what the declaration says.

        Returns:
            The same rows in the same order, with the same index and dtypes, and the model's columns added. A row that
            could not be predicted has empty outputs and the reason in ``prediction_error``.
            ``attrs["report"]`` holds totals.

        Raises:
            InvalidInputError: the frame has no column for a feature, or the model does not offer what is asked for.
            EndpointError: the endpoint could not be asked; see `chem_endpoints.errors`.
        """
        started = time.perf_counter()
        frame = _as_frame(rows)
        asked = frozenset(key for key, on in ((EXPLAIN_KEY, explain), (CONFORMERS_KEY, conformers)) if on)
        manifest, settings = self._manifest(asked), self.description.settings
        renamed = {**({smiles: SMILES} if smiles else {}), **(columns or {})}
        transport = self._transport
        chunks = cut(
            model_columns(frame, manifest.features, renamed),
            rows_per_chunk=settings.rows_per_chunk,
            body_limit=transport.body_limit,
            readable=self.description.captured,
        )
        exchanges = self._exchange(
            list(chunks),
            transport,
            RequestOptions(returned="added", asked=asked),
            threads=threads or settings.max_in_flight,
            progress=_watched() if progress is None else progress,
        )
        answers = [read_answer(exchange.chunk, exchange.reply.body, manifest) for exchange in exchanges]
        out = attach(frame, answers, manifest)
        errors = out[PREDICTION_ERROR].tolist()
        out.attrs[REPORT_KEY] = make_report(
            endpoint=self.name,
            digest=self.description.digest,
            errors=errors,
            exchanges=exchanges,
            seconds=time.perf_counter() - started,
        )
        return out.loc[(out[PREDICTION_ERROR] == "").to_numpy()] if drop_error_rows else out

    def fast_inference(self, rows: Rows, threads: int = 8, **options: Any) -> pd.DataFrame:
        """`inference` with more requests under way at once; an async endpoint keeps to its declaration."""
        return self.inference(rows, threads=None if self.description.kind == "async" else threads, **options)

    @cached_property
    def _transport(self) -> Transport:
        if self.description.kind == "async":
            return AsyncTransport(self.description, self._clients)
        return RealtimeTransport(
            self.name,
            self._clients,
            component=self.description.component,
            body_limit=SERVERLESS_BODY_LIMIT if self.description.kind == "serverless" else BODY_LIMIT,
            wake_seconds=self._wake_seconds,
        )

    def _manifest(self, asked: frozenset[str]) -> Manifest:
        try:
            return self.description.manifest.asked(asked)
        except OptionNotOfferedError as error:
            raise InvalidInputError(str(error)) from None

    def _exchange(
        self, chunks: list[Chunk], transport: Transport, options: RequestOptions, *, threads: int, progress: bool
    ) -> list[Exchange]:
        attributes = options.to_header()
        total, stop = sum(len(chunk.rows) for chunk in chunks), Event()
        pool = ThreadPoolExecutor(max_workers=max(1, min(threads, len(chunks), MAX_CONNECTIONS)))

        def ask(chunk: Chunk) -> Exchange:
            sent = Invocation(body=chunk.body, content_type=chunk.content_type, attributes=attributes)
            return Exchange(chunk=chunk, reply=transport.invoke(sent, stop))

        with tqdm(total=total, desc=self.name, unit="row", disable=not progress or not total, leave=False) as bar:
            try:
                asked = [pool.submit(ask, chunk) for chunk in chunks]
                for answered in as_completed(asked):
                    bar.update(len(answered.result().chunk.rows))
                return [answered.result() for answered in asked]
            finally:  # after a failure or an interrupt nothing more is sent, and nobody waits for what is under way
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)


def _as_frame(rows: Rows) -> pd.DataFrame:
    if isinstance(rows, pd.DataFrame):
        return rows
    texts = [rows] if isinstance(rows, str) else list(rows)
    if not all(isinstance(text, str) for text in texts):
        raise InvalidInputError("send a DataFrame, one SMILES, or a list of SMILES")
    return pd.DataFrame({SMILES: pd.Series(texts, dtype="str")})


def _watched() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules
