"""Asks the endpoints of a meta endpoint: each as soon as what it reads is there, branches beside each other."""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from chem_endpoints.client.meta.answers import Answers, Promise
from chem_endpoints.client.meta.combination import combine
from chem_endpoints.client.meta.definition import CombinationNode, Definition, EndpointNode
from chem_endpoints.client.meta.node_rows import Sent, rows_to_send
from chem_endpoints.client.run import Inferred
from chem_endpoints.errors import EndpointError, NodeFailedError
from chem_endpoints.wire.columns import PREDICTION_ERROR, Reason
from chem_endpoints.wire.manifest import Manifest


class Asked(Protocol):
    """What a meta endpoint needs of an `Endpoint`."""

    name: str

    @property
    def manifest(self) -> Manifest:
        """The model's manifest."""
        ...

    def infer(self, rows: Any, *, progress: bool | None = None, threads: int | None = None) -> Inferred:
        """Predicts each row."""
        ...


@dataclass(frozen=True, kw_only=True)
class MetaRun:
    """One inference of a meta endpoint.

    Attributes:
        definition: the graph.
        endpoints: node → its endpoint.
        promises: node → what it will answer.
        frame: the caller's rows, their columns under the models' names.
        threads: requests under way at once at each endpoint; ``None``: what its declaration says.
        told: called when an endpoint has answered, with the rows and how many of them failed.
        answers: node → what it answered; filled by `go`.
        reports: node → the report of its inference, or the error; filled by `go`.
    """

    definition: Definition
    endpoints: Mapping[str, Asked]
    promises: Mapping[str, Promise]
    frame: pd.DataFrame
    threads: int | None = None
    told: Callable[[int, int], None] = field(default=lambda rows, failed: None)
    answers: dict[str, Answers] = field(default_factory=dict)
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)

    def go(self) -> Answers:
        """Asks every node; returns the answers of the last one.

        Raises:
            NodeFailedError: an endpoint that must not fail could not be asked. Nobody waits for the others then.
        """
        pool = ThreadPoolExecutor(max_workers=max(1, len(self.endpoints)), thread_name_prefix="chem-endpoints-meta")
        under_way: dict[Future[Inferred], tuple[str, Sent]] = {}
        try:
            self._start(pool, under_way)
            while under_way:
                for ended in wait(under_way, return_when=FIRST_COMPLETED).done:
                    name, sent = under_way.pop(ended)
                    self._take(name, sent, ended)
                self._start(pool, under_way)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return self.answers[self.definition.last]

    def _start(self, pool: ThreadPoolExecutor, under_way: "dict[Future[Inferred], tuple[str, Sent]]") -> None:
        """Begins whatever has all that it reads; in the order of the graph, so that one pass suffices."""
        begun = {name for name, _ in under_way.values()}
        for name in self.definition.order:
            node = self.definition.nodes[name]
            if name in self.answers or name in begun or not all(other in self.answers for other in node.inputs):
                continue
            inputs = {other: self.answers[other] for other in node.inputs}
            if isinstance(node, CombinationNode):
                promised = {other: self.promises[other] for other in node.inputs}
                self.answers[name] = combine(node, self.promises[name], promised, inputs)
                continue
            sent = rows_to_send(name, self.endpoints[name].manifest.features, self.frame, inputs)
            if len(sent.rows):
                ask = pool.submit(self.endpoints[name].infer, sent.frame, progress=False, threads=self.threads)
                under_way[ask] = (name, sent)
            else:  # an endpoint is not woken for nothing
                self._answered(name, Answers.none(self.promises[name], sent.errors), {})

    def _take(self, name: str, sent: Sent, ended: "Future[Inferred]") -> None:
        node = self.definition.nodes[name]
        assert isinstance(node, EndpointNode)
        try:
            inferred = ended.result()
        except EndpointError as error:
            if node.on_failure == "fail":
                raise NodeFailedError(
                    f"node {name!r} (endpoint {node.endpoint!r}) could not be asked: {error}", node=name
                ) from error
            told = {"error": f"{type(error).__name__}: {error}"}
            self._answered(name, self._unasked(name, node, sent, error), told)
            return
        self._answered(name, _scattered(self.promises[name], sent, inferred.frame), dict(inferred.report))

    def _unasked(self, name: str, node: EndpointNode, sent: Sent, error: EndpointError) -> Answers:
        reason = Reason.PREDICTION_FAILED.because(f"node {name!r} could not be asked ({type(error).__name__})")
        errors = [before or reason for before in sent.errors]
        return Answers.none(self.promises[name], errors, skipped=node.on_failure == "skip")

    def _answered(self, name: str, answers: Answers, report: dict[str, Any]) -> None:
        self.answers[name] = answers
        self.reports[name] = report
        self.told(len(answers.errors), sum(bool(error) for error in answers.errors))


def _scattered(promise: Promise, sent: Sent, frame: pd.DataFrame) -> Answers:
    """The answers at their rows' places, those that were not sent empty."""
    errors = list(sent.errors)
    for row, error in zip(sent.rows.tolist(), frame[PREDICTION_ERROR].tolist(), strict=True):
        errors[row] = error
    columns = frame[list(promise.names)].set_axis(pd.Index(sent.rows), axis="index")
    if len(sent.rows) < len(errors):
        columns = columns.reindex(range(len(errors)))
    return Answers(columns=columns.set_axis(pd.RangeIndex(len(errors)), axis="index"), errors=errors)
