"""`Endpoint`: one deployed model, called with a DataFrame."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import boto3
import pandas as pd

import chem_endpoints.client.notebook.accessor  # noqa: F401 - registers frame.chem
from chem_endpoints.client.attach import attach_answer, check_suffix
from chem_endpoints.client.aws import AwsClients, connect
from chem_endpoints.client.budget import RetryBudget
from chem_endpoints.client.capacity import WAKE_SECONDS, CapacityWait
from chem_endpoints.client.card import ModelCard
from chem_endpoints.client.description import (
    EndpointDescription,
    describe_endpoint,
    endpoint_status,
    pace_of,
    read_digest,
)
from chem_endpoints.client.inputs import as_frame
from chem_endpoints.client.joined import join_answers
from chem_endpoints.client.kept import KeptAnswers, run_key
from chem_endpoints.client.pace import Pace
from chem_endpoints.client.plan import Plan
from chem_endpoints.client.progress import Progress, watched
from chem_endpoints.client.realtime import BODY_LIMIT, SERVERLESS_BODY_LIMIT, RealtimeTransport
from chem_endpoints.client.report import REPORT_KEY, make_report
from chem_endpoints.client.run import MAX_THREADS, Inferred, Run
from chem_endpoints.client.transport import Transport
from chem_endpoints.client.travelling import Travelling, travelling
from chem_endpoints.client.workers import Workers, real_workers
from chem_endpoints.errors import EndpointError
from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.manifest import Feature, Manifest, Output, answer_columns
from chem_endpoints.wire.options import CONFORMERS_KEY, EXPLAIN_KEY, RequestOptions

if TYPE_CHECKING:
    from chem_endpoints.client.batch.result import BatchResult
    from chem_endpoints.client.jobs.job import Job
    from chem_endpoints.client.local_endpoint import LocalEndpoint
    from chem_endpoints.client.signature import Signature


class Endpoint:
    """A SageMaker endpoint. Every kind of endpoint is called in the same way.

    Args:
        name: SageMaker endpoint name.
        session: boto3 session; default: the usual credentials, profile and region.
        wake_seconds: how long to wait for an endpoint that sleeps and whose first request wakes it.
        clients: the AWS clients to use instead of a session's.
        workers: makes what runs the calls, for a number of threads; a test may give a virtual clock.

    Examples:
        >>> end = Endpoint("logs-v1")                                          # doctest: +SKIP
        >>> out = end.inference(df)    # N rows in, N rows out                 # doctest: +SKIP
    """

    def __init__(
        self,
        name: str,
        *,
        session: boto3.Session | None = None,
        wake_seconds: float = WAKE_SECONDS,
        clients: AwsClients | None = None,
        workers: Callable[[int], Workers] = real_workers,
    ) -> None:
        self.name = name
        self._wake_seconds = wake_seconds
        self._clients = clients or connect(session, connections=MAX_THREADS)
        self._workers = workers
        self._budget = RetryBudget()
        self._pace: Pace | None = None
        self._kept: KeptAnswers | None = None
        self._last: Inferred | None = None

    def __repr__(self) -> str:
        return f"Endpoint({self.name!r})"

    def _repr_html_(self) -> str:
        from chem_endpoints.client.notebook.html import endpoint_html

        return endpoint_html(self.description)

    @classmethod
    def local(cls, bundle: str | PathLike[str], *, workers: int | None = None) -> "LocalEndpoint":
        """Serves a bundle on this machine, in a child process, for notebooks and unit tests: no AWS, same answers.

        The process is the image's own server, and ends with the object. Needs the extras ``server`` and those of the
        model (``chem``, ``deep``).

        Args:
            bundle: ``model.tar.gz``, or the folder of an unpacked one.
            workers: worker processes; default: one per core.

        Raises:
            EndpointError: the bundle is damaged, or the server does not start; in its own words.
        """
        from chem_endpoints.client.local_endpoint import LocalEndpoint
        from chem_endpoints.client.local_server import LocalServer

        return LocalEndpoint(LocalServer(Path(bundle), workers=workers))

    @classmethod
    def job(cls, job_id: str, *, session: boto3.Session | None = None, **options: Any) -> "Job":
        """A job that was submitted, by whatever process.

        Args:
            job_id: what `Job.id` said.
            session: boto3 session; default: the usual one.
            **options: further ones of `Endpoint`.

        Raises:
            JobNotFoundError: there is none.
        """
        from chem_endpoints.client.jobs import endpoint_of, open_job

        return open_job(cls(endpoint_of(job_id), session=session, **options), job_id)

    def submit(self, rows: Any, **options: Any) -> "Job":
        """Hands the rows over as a job, whose answers any process may fetch: `chem_endpoints.client.jobs.submit`."""
        from chem_endpoints.client.jobs import submit

        return submit(self, rows, **options)

    def jobs(self) -> "list[Job]":
        """The endpoint's jobs, newest first."""
        from chem_endpoints.client.jobs import list_jobs

        return list_jobs(self)

    def batch(
        self, source: str | PathLike[str], out: str | PathLike[str] | None = None, **options: Any
    ) -> "BatchResult":
        """Predicts the rows of files that need not fit into memory: `chem_endpoints.client.batch.batch`."""
        from chem_endpoints.client.batch import batch

        return batch(self, source, out, **options)

    @cached_property
    def description(self) -> EndpointDescription:
        """Kind, columns, limits and places, read from AWS once.

        Raises:
            EndpointError: no such endpoint, or not allowed.
        """
        return describe_endpoint(self.name, self._clients)

    @property
    def manifest(self) -> Manifest:
        """The model's manifest.

        Raises:
            ForeignEndpointError: the endpoint was not deployed by Chem Endpoints.
        """
        return self.description.known_manifest

    @property
    def features(self) -> tuple[Feature, ...]:
        """The columns that the model reads."""
        return self.manifest.features

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The columns that `inference` adds."""
        return answer_columns(self.manifest.outputs)

    def signature(self) -> "Signature":
        """Inputs and outputs with types, units and an example; it prints as a table.

        Raises:
            ForeignEndpointError: nobody knows them.
        """
        from chem_endpoints.client.signature import Signature

        return Signature.of(self.manifest)

    def status(self) -> str:
        """SageMaker's status of the endpoint now, such as ``InService`` or ``Updating``."""
        return endpoint_status(self.name, self._clients)

    def model_digest(self) -> str:
        """Digest of the deployed model, read from the endpoint's tag now; empty: a foreign endpoint."""
        return read_digest(self.name, self._clients)

    def card(self) -> ModelCard:
        """The model card: target, unit, columns, training data, errors on compounds held out, versions, digests."""
        return ModelCard.of(self.manifest, self.description.digest)

    def inference(self, rows: Any, **options: Any) -> pd.DataFrame:
        """Predicts each row.

        Args:
            rows: a DataFrame (never changed); one SMILES; a list or Series of SMILES or RDKit molecules; or a file
                (CSV, Parquet, SDF, SMILES).
            **options: those of `infer`.

        Returns:
            The same rows in the same order, with the same index and dtypes, and the model's columns added. A row that
            could not be predicted has empty outputs and the reason in ``prediction_error``.
            ``attrs["report"]`` holds totals; `last_report` tells of each row.

        Raises:
            InvalidInputError: the frame has no column for a feature, or the model does not offer what is asked for.
            EndpointError: the endpoint could not be asked; see `chem_endpoints.errors`. Its ``partial`` holds what was
                answered before, and the same call made again asks only for the rest.
        """
        return self.infer(rows, **options).frame

    def fast_inference(self, rows: Any, threads: int = 8, **options: Any) -> pd.DataFrame:
        """`inference` with more requests under way at once; an async endpoint keeps to its declaration."""
        return self.inference(rows, threads=threads, **options)

    async def ainference(self, rows: Any, **options: Any) -> pd.DataFrame:
        """`inference` for ``await``: it runs in a thread of its own."""
        import asyncio  # not needed by whoever calls from plain code

        return await asyncio.to_thread(self.inference, rows, **options)

    def captures(self, **options: Any) -> pd.DataFrame:
        """Stored requests and answers: `chem_endpoints.client.quality.captures.captures`, with its options."""
        from chem_endpoints.client.quality.captures import captures

        return captures(self, **options)

    def wake(self) -> float:
        """Sends the model's own example row, and waits until it is answered; returns the seconds that this took.

        Raises:
            NoCapacityError: there is no capacity after ``wake_seconds``.
            ForeignEndpointError: nobody knows an example row.
        """
        workers = self._workers(1)
        started = workers.now()
        self.inference(self.signature().example().iloc[:1], progress=False)
        return workers.now() - started

    def last_report(self) -> pd.DataFrame:
        """What became of each row of the last call: `chem_endpoints.client.fates.COLUMNS`.

        Raises:
            EndpointError: nothing was asked yet.
        """
        if self._last is None:
            raise EndpointError("nothing was asked yet: call inference first")
        return self._last.fates

    def infer(
        self,
        rows: Any,
        *,
        smiles: str | None = None,
        columns: Mapping[str, str] | None = None,
        drop_error_rows: bool = False,
        explain: bool = False,
        conformers: bool = False,
        suffix: str | None = None,
        send: Literal["model", "all"] = "model",
        capture: str | None = None,
        captures_folder: str | PathLike[str] | None = None,
        progress: bool | None = None,
        threads: int | None = None,
    ) -> Inferred:
        """`inference`, with what became of each row beside the frame.

        Args:
            rows: see `inference`.
            smiles: your column that holds the SMILES (or RDKit molecules), when it is not called ``smiles``.
            columns: your column → the model's feature, for names that differ.
            drop_error_rows: leave out the rows that have no prediction.
            explain: add the columns that explain each prediction, where the model offers them.
            conformers: add each row's conformers as the text of an SD file, where the model computes them.
            suffix: end of the names of answer columns that the frame has already; default: they replace yours.
            send: ``model``: only the columns that the model reads travel; ``all``: every column does (the answer is
                attached by position either way), and one that the format cannot carry exactly is refused by name.
            capture: store what was sent and answered under this name, below the endpoint's prefix; see `captures`.
            captures_folder: store it in this folder (or ``s3://bucket/prefix/``) instead of below that prefix.
            progress: show a progress line; default: when somebody watches.
            threads: requests under way at once; default: what the declaration says. An async endpoint ignores it.

        Raises:
            EndpointError: see `inference`.
        """
        if capture is not None:
            from chem_endpoints.client.quality.captures import check_capture

            check_capture(self, capture, captures_folder)
        frame = as_frame(rows)
        asked = frozenset(key for key, on in ((EXPLAIN_KEY, explain), (CONFORMERS_KEY, conformers)) if on)
        moving = self._travelling(frame, smiles, columns, asked, send)
        check_suffix(frame, moving.outputs, suffix)
        options = "" if self.description.foreign else RequestOptions(returned="added", asked=asked).to_header()
        places = self._places(threads, len(frame))
        plan = Plan(total=len(frame), pace=self._new_pace(), places=places)
        plan.refuse(moving.reasons)
        key = self._resume(plan, moving, options)
        workers = self._workers(places)
        started = workers.now()
        with Progress(len(frame), self.name, watched() if progress is None else progress) as line:
            run = Run(
                plan=plan,
                rows=moving,
                transport=self._transport,
                attributes=options,
                places=places,
                workers=workers,
                budget=self._budget,
                capacity=CapacityWait(name=self.name, seconds=self._wake_seconds, tell=line.say),
                told=line.advance,
            )
            line.advance(int(plan.fates.ended_rows.sum()), plan.fates.failed)
            try:
                run.go()
            except BaseException as error:
                self._keep(plan, key or run_key(moving.sent, options))
                inferred = self._inferred(frame, plan, moving, suffix, workers.now() - started)
                self._last = inferred
                if isinstance(error, EndpointError | KeyboardInterrupt):
                    error.__dict__["partial"] = inferred.frame
                raise
        if (kept := self._kept) is not None and kept.key == key:
            self._kept = None
        self._last = inferred = self._inferred(frame, plan, moving, suffix, workers.now() - started)
        if capture is not None:
            try:
                self._store(capture, captures_folder, plan, moving, inferred)
            except EndpointError as error:
                error.partial = inferred.frame
                raise
        if drop_error_rows:
            predicted = (plan.fates.errors == "").astype(bool)
            return replace(inferred, frame=inferred.frame.loc[predicted])
        return inferred

    def _travelling(
        self,
        frame: pd.DataFrame,
        smiles: str | None,
        columns: Mapping[str, str] | None,
        asked: frozenset[str],
        send: Literal["model", "all"],
    ) -> Travelling:
        return travelling(frame, self.description, smiles=smiles, columns=columns or {}, asked=asked, send=send)

    def _inferred(
        self, frame: pd.DataFrame, plan: Plan, travelling: Travelling, suffix: str | None, seconds: float
    ) -> Inferred:
        added = travelling.finish(join_answers(plan, travelling.outputs))
        attached = attach_answer(frame, added, suffix=suffix, stacklevel=5)
        report = make_report(
            plan,
            endpoint=self.name,
            digest=self.description.digest,
            replaced=list(attached.replaced),
            seconds=seconds,
        )
        attached.frame.attrs[REPORT_KEY] = report
        return Inferred(frame=attached.frame, fates=plan.fates.frame(), report=report)

    def _store(
        self,
        name: str,
        folder: str | PathLike[str] | None,
        plan: Plan,
        travelling: Travelling,
        inferred: Inferred,
    ) -> None:
        from chem_endpoints.client.quality.captures import store_capture

        names = [ROW_NUMBER, *(feature.name for feature in self.features)]
        answers = join_answers(plan, travelling.outputs)
        store_capture(self, name, inferred, inputs=travelling.sent[names], answers=answers, folder=folder)

    def _resume(self, plan: Plan, travelling: Travelling, options: str) -> str | None:
        """Hands over what an interrupted run over the same rows had answered."""
        if (kept := self._kept) is None:
            return None
        key = run_key(travelling.sent, options)
        if key == kept.key:
            kept.give(plan, digest=self.model_digest())
        return key

    def _keep(self, plan: Plan, key: str | None) -> None:
        if key is not None and plan.answers:
            self._kept = KeptAnswers(key=key, answers=tuple(plan.answers))

    def _places(self, threads: int | None, rows: int) -> int:
        settings = self.description.settings
        wanted = settings.max_in_flight if threads is None or self.description.kind == "async" else threads
        return max(1, min(wanted, MAX_THREADS, rows))

    def _new_pace(self) -> Pace:
        """The pace of the model, which later calls know from the first."""
        if self._pace is None:
            self._pace = pace_of(self.description)
        return self._pace

    @cached_property
    def _transport(self) -> Transport:
        if self.description.kind == "async":
            from chem_endpoints.client.asynchronous import AsyncTransport

            return AsyncTransport(self.description, self._clients)
        return RealtimeTransport(
            self.name,
            self._clients,
            component=self.description.component,
            body_limit=SERVERLESS_BODY_LIMIT if self.description.kind == "serverless" else BODY_LIMIT,
        )
