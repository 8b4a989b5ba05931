"""`MetaEndpoint`: several deployed endpoints, asked as one."""

import asyncio
import html
import time
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pandas as pd

from chem_endpoints.client.attach import attach_answer
from chem_endpoints.client.endpoint import Endpoint
from chem_endpoints.client.inputs import as_frame, with_smiles
from chem_endpoints.client.meta.answers import Answers, Promise
from chem_endpoints.client.meta.combination import promise_combination
from chem_endpoints.client.meta.definition import (
    CombinationNode,
    Definition,
    EndpointNode,
    Node,
    read_definition,
)
from chem_endpoints.client.meta.node_rows import check_features
from chem_endpoints.client.meta.run import Asked, MetaRun
from chem_endpoints.client.progress import Progress, watched
from chem_endpoints.client.report import REPORT_KEY
from chem_endpoints.errors import EndpointError, InvalidInputError
from chem_endpoints.wire.columns import PREDICTION_ERROR, SMILES
from chem_endpoints.wire.manifest import Feature, Output, answer_columns


class MetaEndpoint:
    """A graph of deployed endpoints, called like one `Endpoint`: N rows in, N rows out.

    Endpoints that do not read each other's answers are asked at the same time. Answers are joined by the position of
    their row, so that no row is lost. The models are asked where they are deployed; to put several models into *one*
    endpoint, use ``chem-endpoints combine``.

    Args:
        nodes: name → what it is, as the JSON form has it or as `EndpointNode` and `CombinationNode`. A node's columns
            are called by its name where several nodes' columns stand side by side.
        output: the node whose answers come back; default: the only one that no other node reads.
        name: what reports and the progress line call it.
        session: boto3 session for the endpoints; default: the usual credentials, profile and region.
        endpoints: endpoints that exist already, by their name, such as local ones; others are made by name.

    Raises:
        InvalidInputError: the graph has mistakes; all of them are named.

    Examples:
        >>> both = MetaEndpoint(                                               # doctest: +SKIP
        ...     {
        ...         "trees": {"endpoint": "logs-v1"},
        ...         "network": {"endpoint": "logs-dmpnn-v1", "on_failure": "skip"},
        ...         "logs": {"combine": "mean", "inputs": ["trees", "network"]},
        ...     }
        ... )
        >>> out = both.inference(df)                                           # doctest: +SKIP
    """

    def __init__(
        self,
        nodes: Mapping[str, Node | Mapping[str, Any]],
        *,
        output: str | None = None,
        name: str = "meta",
        session: boto3.Session | None = None,
        endpoints: Mapping[str, Asked] | None = None,
    ) -> None:
        written = {key: node if isinstance(node, Mapping) else node.model_dump() for key, node in nodes.items()}
        self.definition = read_definition({"name": name, "nodes": written, "output": output})
        self.name = name
        self._session = session
        self._given = dict(endpoints or {})

    @classmethod
    def from_dict(cls, document: Mapping[str, Any], **options: Any) -> "MetaEndpoint":
        """What `to_dict` gave.

        Args:
            document: keys ``nodes``, and optionally ``output``, ``name`` and ``format`` (1).
            **options: ``session`` and ``endpoints`` of the constructor.

        Raises:
            InvalidInputError: it has mistakes; all of them are named.
        """
        definition = read_definition(document)
        return cls(definition.nodes, output=definition.output, name=definition.name, **options)

    @classmethod
    def from_file(cls, path: str | Path, **options: Any) -> "MetaEndpoint":
        """A definition in a YAML or JSON file.

        Raises:
            InvalidInputError: the file cannot be read, or has mistakes.
        """
        import yaml

        try:
            document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeError, yaml.YAMLError) as error:
            raise InvalidInputError(f"{path}: this definition cannot be read ({type(error).__name__})") from error
        if not isinstance(document, Mapping):
            raise InvalidInputError(f"{path}: a definition is a mapping with the key nodes")
        return cls.from_dict(document, **options)

    def to_dict(self) -> dict[str, Any]:
        """The definition, for JSON or YAML; `from_dict` reads it."""
        return self.definition.model_dump(mode="json", exclude_none=True)

    def __repr__(self) -> str:
        lines = [f"MetaEndpoint({self.name!r})"]
        for name in self.definition.order:
            lines.append(f"  {name}: {_what(self.definition.nodes[name])}")
        return "\n".join([*lines, f"  output: {self.definition.last}"])

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"

    @cached_property
    def endpoints(self) -> dict[str, Asked]:
        """Node → its endpoint."""
        found: dict[str, Asked] = {}
        for name, node in self.definition.nodes.items():
            if isinstance(node, EndpointNode):
                given = self._given.get(node.endpoint)
                found[name] = given if given is not None else Endpoint(node.endpoint, session=self._session)
        return found

    @cached_property
    def promises(self) -> dict[str, Promise]:
        """Node → the columns that it answers, from the models' manifests.

        Raises:
            EndpointError: an endpoint is not there, or not ours.
            InvalidInputError: answers cannot be combined as asked; every such node is named.
        """
        promises: dict[str, Promise] = {}
        mistakes: list[str] = []
        for name in self.definition.order:
            node = self.definition.nodes[name]
            if isinstance(node, EndpointNode):
                promises[name] = Promise.of(self.endpoints[name].manifest)
                continue
            if any(other not in promises for other in node.inputs):
                continue  # what it reads has a mistake, which is told
            try:
                promises[name] = promise_combination(node, {other: promises[other] for other in node.inputs})
            except InvalidInputError as error:
                mistakes.append(f"node {name!r}: {error}")
        if mistakes:
            raise InvalidInputError("; ".join(mistakes))
        return promises

    @property
    def features(self) -> tuple[Feature, ...]:
        """The columns that the caller's frame needs: features of the endpoints that no node before them answers."""
        found: dict[str, Feature] = {}
        for name, endpoint in self.endpoints.items():
            inputs = self.definition.nodes[name].inputs
            answered = {column.casefold() for other in inputs for column in self.promises[other].names}
            for feature in endpoint.manifest.features:
                if feature.name.casefold() not in answered:
                    found.setdefault(feature.name.casefold(), feature)
        return tuple(found.values())

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The columns that `inference` adds."""
        return answer_columns(self.promises[self.definition.last].outputs)

    def inference(
        self,
        rows: Any,
        *,
        smiles: str | None = None,
        columns: Mapping[str, str] | None = None,
        drop_error_rows: bool = False,
        suffix: str | None = None,
        progress: bool | None = None,
        threads: int | None = None,
    ) -> pd.DataFrame:
        """Predicts each row.

        Args:
            rows: a DataFrame (never changed), SMILES, or a file, as for `Endpoint.inference`.
            smiles: your column that holds the SMILES (or RDKit molecules), when it is not called ``smiles``.
            columns: your column → the models' feature, for names that differ.
            drop_error_rows: leave out the rows that have no answer.
            suffix: end of the names of answer columns that the frame has already; default: they replace yours.
            progress: show a progress line (it counts each row once per endpoint); default: when somebody watches.
            threads: requests under way at once at each endpoint; default: what its declaration says.

        Returns:
            The same rows in the same order, with the same index and dtypes, and the columns of the output node added. A
            row that has no answer has the reason in ``prediction_error``. ``attrs["report"]`` holds totals, and each
            node's own report.

        Raises:
            InvalidInputError: the frame has no column for a feature; every endpoint's are told.
            NodeFailedError: an endpoint with ``on_failure: fail`` could not be asked.
            EndpointError: an endpoint is not there, or not ours.
        """
        started = time.perf_counter()
        frame = as_frame(rows)
        source = self._named(frame, smiles, columns)
        self._check(source)
        show = watched() if progress is None else progress
        with Progress(len(frame) * len(self.endpoints), self.name, show) as line:
            run = MetaRun(
                definition=self.definition,
                endpoints=self.endpoints,
                promises=self.promises,
                frame=source,
                threads=threads,
                told=line.advance,
            )
            answers = run.go() if len(frame) else Answers.none(self.promises[self.definition.last], [])
        out = attach_answer(frame, answers.with_errors(), suffix=suffix).frame
        out.attrs[REPORT_KEY] = self._report(answers, run.reports, time.perf_counter() - started)
        return out.loc[~_failed(answers)] if drop_error_rows else out

    def fast_inference(self, rows: Any, threads: int = 8, **options: Any) -> pd.DataFrame:
        """`inference` with more requests under way at once."""
        return self.inference(rows, threads=threads, **options)

    async def ainference(self, rows: Any, **options: Any) -> pd.DataFrame:
        """`inference` for ``await``: it runs in threads of its own."""
        return await asyncio.to_thread(self.inference, rows, **options)

    def _named(self, frame: pd.DataFrame, smiles: str | None, columns: Mapping[str, str] | None) -> pd.DataFrame:
        """The caller's columns under the models' names."""
        source, named = frame, smiles
        if any(feature.name == SMILES for feature in self.features):
            source, named = with_smiles(frame, smiles)
        renamed = {**({named: SMILES} if named is not None else {}), **(columns or {})}
        absent = [name for name in renamed if name not in source.columns]
        if absent:
            raise InvalidInputError(f"the frame has no column {', '.join(map(repr, absent))}, which was named")
        taken = set(renamed.values())
        labels = [renamed.get(name, "" if name in taken else name) for name in source.columns]
        return source.set_axis(pd.Index(labels, dtype=object), axis="columns")

    def _check(self, frame: pd.DataFrame) -> None:
        mistakes = []
        for name, endpoint in self.endpoints.items():
            inputs = {other: self.promises[other] for other in self.definition.nodes[name].inputs}
            try:
                check_features(name, endpoint.manifest.features, list(frame.columns), inputs)
            except InvalidInputError as error:
                mistakes.append(str(error))
        if mistakes:
            raise InvalidInputError("; ".join(mistakes))

    def _report(self, answers: Answers, reports: Mapping[str, dict[str, Any]], seconds: float) -> dict[str, Any]:
        failed = Counter(error.partition(":")[0] for error in answers.errors if error)
        return {
            "endpoint": self.name,
            "rows": len(answers.errors),
            "predicted": len(answers.errors) - failed.total(),
            "failed": dict(sorted(failed.items())),
            "seconds": round(seconds, 3),
            "nodes": {name: reports.get(name, {}) for name in self.endpoints},
        }


def _failed(answers: Answers) -> Any:
    return (answers.with_errors()[PREDICTION_ERROR] != "").to_numpy(dtype=bool)


def _what(node: Node) -> str:
    if isinstance(node, CombinationNode):
        weights = f" {node.weights}" if node.weights else ""
        return f"{node.combine}({', '.join(node.inputs)}){weights}{' of all' if node.require_all else ''}"
    read = f" after {', '.join(node.inputs)}" if node.inputs else ""
    return f"endpoint {node.endpoint!r}{read}, on failure: {node.on_failure}"


__all__ = ["CombinationNode", "Definition", "EndpointError", "EndpointNode", "MetaEndpoint"]
