"""The class that most of several classifiers say, of the parts that could take a row."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.columns import CONFIDENCE, PREDICTION
from chem_endpoints.wire.manifest import Output
from model_scripts.combining.joining import (
    COMBINED_OUTPUT,
    PARTS_COMBINED,
    Manifests,
    combined,
    prediction_columns,
    prediction_outputs,
    structure_columns,
    structure_outputs,
)
from model_scripts.combining.parts import PartAnswer
from model_scripts.trust.confidence import classification_confidence

VOTE_SHARE = "vote_share"


def voted_classes(parts: Manifests) -> tuple[str, ...]:
    """The classes among which is chosen, in the first part's order.

    Raises:
        BundleError: a part does not choose a class of one target, or chooses among others than the first one.
    """
    for name, part in parts.items():
        if part.task != "classification" or not part.classes:
            raise BundleError(f"part {name!r} does not choose a class of one target: it has no vote. Use concat")
    first, *others = parts
    for name in others:
        if set(parts[name].classes) != set(parts[first].classes):
            raise BundleError(
                f"part {first!r} chooses among {', '.join(parts[first].classes)}, part {name!r} among"
                f" {', '.join(parts[name].classes)}: a vote needs the same classes"
            )
    return parts[first].classes


def vote_outputs(parts: Manifests) -> tuple[Output, ...]:
    """Declarations of the columns of `vote_columns`."""
    classes = voted_classes(parts)
    target = next(iter(parts.values())).targets[0]
    chances = (
        Output(name=_chance(label), dtype="float64", description=f"mean chance of the class {label}, 0 to 1")
        for label in classes
    )
    return (
        Output(name=PREDICTION, dtype="text", description=f"class of {target.name} that most parts say"),
        Output(
            name=CONFIDENCE,
            dtype="float64",
            description="1 - entropy of the mean chances / log(number of classes), 0 to 1",
        ),
        *chances,
        Output(name=VOTE_SHARE, dtype="float64", description="share of the parts that say this class, 0 to 1"),
        COMBINED_OUTPUT,
        *structure_outputs(parts),
        *prediction_outputs(parts),
    )


def vote_columns(parts: Manifests, answers: Sequence[PartAnswer]) -> pd.DataFrame:
    """The class with most votes of the parts that took the row, and what each says.

    Of classes with as many votes the one with the highest summed chance wins, then the first one.
    """
    classes = voted_classes(parts)
    votes = np.zeros((len(answers[0].columns), len(classes)))
    chances = np.zeros_like(votes)
    for answer in answers:
        said = answer.columns[PREDICTION].to_numpy(dtype=object)
        votes += np.column_stack([said == label for label in classes])
        own = np.column_stack([answer.columns[_chance(label)].to_numpy(dtype=np.float64) for label in classes])
        chances += np.where(answer.answered[:, np.newaxis], own, 0)
    taken = np.sum([answer.answered for answer in answers], axis=0).astype(np.float64)
    taken[taken == 0] = np.nan
    mean = chances / taken[:, np.newaxis]
    winners = np.where(votes == votes.max(axis=1, keepdims=True), chances, -1.0).argmax(axis=1)
    predicted = [None if np.isnan(parts) else classes[winner] for parts, winner in zip(taken, winners, strict=True)]
    columns = {
        PREDICTION: pd.Series(predicted, dtype="str"),
        CONFIDENCE: classification_confidence(mean),
        **{_chance(label): mean[:, position] for position, label in enumerate(classes)},
        VOTE_SHARE: np.take_along_axis(votes, winners[:, np.newaxis], axis=1)[:, 0] / taken,
        PARTS_COMBINED: combined(answers),
    }
    described = structure_columns(structure_outputs(parts), answers)
    return pd.DataFrame({**columns, **described, **prediction_columns(answers)}, index=answers[0].columns.index)


def _chance(label: str) -> str:
    return f"{label}_proba"
