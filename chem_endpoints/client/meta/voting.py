"""The class that most of several classifiers say, of those that could take a row."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from chem_endpoints.client.meta.answers import Answers, Promise, texts
from chem_endpoints.client.meta.averaging import (
    COMBINED_OUTPUT,
    PARTS_COMBINED,
    Floats,
    said_columns,
    said_outputs,
)
from chem_endpoints.client.meta.concatenation import structure_columns, structure_outputs
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.columns import CONFIDENCE, PREDICTION
from chem_endpoints.wire.manifest import Output

VOTE_SHARE = "vote_share"


def promise_vote(inputs: Mapping[str, Promise]) -> Promise:
    """``prediction`` (the class), ``confidence``, ``<class>_proba`` (mean chances), ``vote_share``, and each vote.

    Raises:
        InvalidInputError: an input chooses no class of one target, or among other classes than the first one.
    """
    classes = _common_classes(inputs)
    first = next(iter(inputs.values()))
    target = first.target.name if first.target else "the target"
    return Promise(
        outputs=(
            Output(name=PREDICTION, dtype="text", description=f"class of {target} that most inputs say"),
            Output(
                name=CONFIDENCE,
                dtype="float64",
                description="1 - entropy of the mean chances / log(number of classes), 0 to 1",
            ),
            *(
                Output(name=_chance(label), dtype="float64", description=f"mean chance of the class {label}, 0 to 1")
                for label in classes
            ),
            Output(name=VOTE_SHARE, dtype="float64", description="share of the inputs that say this class, 0 to 1"),
            COMBINED_OUTPUT,
            *structure_outputs(inputs),
            *said_outputs(inputs),
        ),
        task="classification",
        target=first.target,
        classes=classes,
        standardisations=frozenset(policy for promise in inputs.values() for policy in promise.standardisations),
    )


def vote_columns(inputs: Mapping[str, Promise], answers: Mapping[str, Answers]) -> pd.DataFrame:
    """The columns of `promise_vote`. Of classes with as many votes the one with the higher summed chance wins."""
    classes = _common_classes(inputs)
    rows = len(next(iter(answers.values())).errors)
    votes, chances = np.zeros((rows, len(classes))), np.zeros((rows, len(classes)))
    for answer in answers.values():
        said = answer.columns[PREDICTION].to_numpy(dtype=object)
        took = answer.answered[:, np.newaxis]
        votes += np.column_stack([said == label for label in classes]) & took
        own = [answer.columns[_chance(label)].to_numpy(dtype=np.float64, na_value=np.nan) for label in classes]
        chances += np.where(took, np.column_stack(own), 0)
    taken = np.sum([answer.answered for answer in answers.values()], axis=0).astype(np.float64)
    counted = np.where(taken == 0, np.nan, taken)
    mean = chances / counted[:, np.newaxis]
    winners = np.where(votes == votes.max(axis=1, keepdims=True), chances, -1.0).argmax(axis=1)
    said_class = [classes[winner] if count else None for count, winner in zip(taken, winners, strict=True)]
    columns = {
        PREDICTION: texts(said_class),
        CONFIDENCE: _confidence(mean),
        **{_chance(label): mean[:, place] for place, label in enumerate(classes)},
        VOTE_SHARE: np.take_along_axis(votes, winners[:, np.newaxis], axis=1)[:, 0] / counted,
        PARTS_COMBINED: pd.Series(taken.astype(np.int64), dtype="Int64"),
    }
    parts = [
        pd.DataFrame(columns, index=pd.RangeIndex(rows)),
        structure_columns(structure_outputs(inputs), answers),
        said_columns(answers),
    ]
    return pd.concat(parts, axis="columns")


def _common_classes(inputs: Mapping[str, Promise]) -> tuple[str, ...]:
    first = next(iter(inputs.values())).classes
    mistakes = []
    for name, promise in inputs.items():
        if promise.task != "classification" or not promise.classes:
            mistakes.append(f"{name!r} does not choose a class of one target; use concat or a mean")
        elif set(promise.classes) != set(first):
            mistakes.append(f"{name!r} chooses among {', '.join(promise.classes)}, not {', '.join(first)}")
    if mistakes:
        raise InvalidInputError("vote cannot combine its inputs: " + "; ".join(mistakes))
    return first


def _confidence(chances: Floats) -> Floats:
    """Float64 ``[rows]`` from ``[rows, classes]``."""
    logs = np.log(chances, out=np.zeros_like(chances), where=chances > 0)
    entropy = -np.sum(chances * logs, axis=1)
    confidence: Floats = np.clip(1 - entropy / np.log(chances.shape[1]), 0.0, 1.0)
    return confidence


def _chance(label: str) -> str:
    return f"{label}_proba"
