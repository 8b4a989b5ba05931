"""Answers one question: from the store what it has, from the endpoint the rest, which is then kept."""

import warnings
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from chem_endpoints.client.cache.answers import AnswerSchema, Entries, pack, unpack
from chem_endpoints.client.cache.gathered import Gathered, Positions
from chem_endpoints.client.cache.keys import label_keys
from chem_endpoints.client.cache.pieces import pieces
from chem_endpoints.client.cache.question import Question
from chem_endpoints.client.cache.storable import storable
from chem_endpoints.client.cache.store import Store
from chem_endpoints.client.description import EndpointDescription
from chem_endpoints.client.report import Report
from chem_endpoints.client.run import Inferred
from chem_endpoints.errors import EndpointError
from chem_endpoints.wire.columns import PREDICTION_ERROR


class Inferring(Protocol):
    """What a cache needs of an endpoint; `chem_endpoints.Endpoint` is one."""

    name: str

    @property
    def description(self) -> EndpointDescription:
        """Kind and columns."""
        ...

    def model_digest(self) -> str:
        """Digest of the model that is deployed now; empty: unknown."""
        ...

    def infer(self, *rows: Any, **options: Any) -> Inferred:
        """Asks, and tells what became of each row."""
        ...

    def last_report(self) -> pd.DataFrame:
        """What became of each row of the last call."""
        ...


@dataclass(kw_only=True)
class Asking:
    """One question on its way.

    Attributes:
        question: what is asked.
        endpoint: whom.
        store: where answers are kept.
        output_key: output that must repeat the caller's key, for an answer to be kept; ``None``: none must.
        options: further options of `Endpoint.infer`.
        gathered: the answers.
        reports: the endpoint's report on each piece.
        stored: answers that are kept now and were not before.
    """

    question: Question
    endpoint: Inferring
    store: Store
    output_key: str | None
    options: dict[str, Any]
    reports: list[Report] = field(default_factory=list, init=False)
    stored: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.gathered = Gathered(rows=self.question.rows)
        self._names = [*(output.name for output in self.question.outputs), PREDICTION_ERROR]

    def run(self, model: str) -> None:
        """Gathers an answer to each row.

        Args:
            model: digest of the model that is deployed.

        Raises:
            EndpointError: the endpoint could not be asked; what it had answered is kept.
        """
        self.store.refresh()
        self._find(model)
        self._ask()
        models = self.gathered.asked_models()
        if models and model not in models and self.gathered.kept_rows:
            # The model was replaced since its digest was read: kept answers of the old one would stand beside new ones.
            self.gathered.forget_found()
            self._find(max(models))
            self._ask()

    def _find(self, model: str) -> None:
        schema = self._schema(model)
        numbers = self.gathered.open_rows
        found = self.store.find(schema, self.question.keys_of(numbers))
        places = sorted(found)
        answers = unpack([found[place] for place in places], schema)
        answers[PREDICTION_ERROR] = pd.Series([""] * len(answers), dtype="str")
        self.gathered.found(numbers[places], answers, model=model)

    def _ask(self) -> None:
        numbers = self.gathered.open_rows
        if not len(numbers):
            return
        cut = pieces(numbers, at_once=self.endpoint.description.kind == "async")
        piece = next(cut)
        try:
            while True:
                piece = cut.send(self._infer(piece))
        except StopIteration:
            return

    def _infer(self, numbers: Positions) -> float:
        """Asks for some distinct rows and keeps what may be kept; returns the seconds that it took."""
        try:
            inferred = self.endpoint.infer(self.question.part(numbers), **self.options)
        except (EndpointError, KeyboardInterrupt) as error:
            partial = getattr(error, "partial", None)
            if partial is not None:
                self._take(numbers, partial, self.endpoint.last_report())
            raise
        self.reports.append(inferred.report)
        self._take(numbers, inferred.frame, inferred.fates)
        return inferred.report["seconds"]

    def _take(self, numbers: Positions, frame: pd.DataFrame, fates: pd.DataFrame) -> None:
        answers = frame[self._names].reset_index(drop=True)
        self.gathered.answered(numbers, answers, fates)
        self._keep(numbers, answers, fates)

    def _keep(self, numbers: Positions, answers: pd.DataFrame, fates: pd.DataFrame) -> None:
        keep = storable(answers) & (fates["model_sha256"] != "").to_numpy(dtype=bool)
        if self.output_key is not None:
            repeated = label_keys(answers[self.output_key])
            pairs = zip(self.question.labels_of(numbers), repeated, strict=True)
            keep = keep & np.array([mine == theirs for mine, theirs in pairs], dtype=bool)
        for model in sorted(set(fates["model_sha256"][keep])):
            chosen = keep & (fates["model_sha256"] == model).to_numpy(dtype=bool)
            schema = self._schema(model)
            entries = Entries(
                rows=self.question.keys_of(numbers[chosen]),
                labels=self.question.labels_of(numbers[chosen]),
                answers=pack(answers.loc[chosen], schema),
            )
            try:
                self.store.add(schema, entries)
            except EndpointError as error:  # the answers are worth more than the cache
                warnings.warn(f"{len(entries)} answers are returned but not kept: {error}", UserWarning, stacklevel=8)
            else:
                self.stored += len(entries)

    def _schema(self, model: str) -> AnswerSchema:
        return AnswerSchema.of(self.question.outputs, model=model, asked=self.question.asked)
