"""That a row which cannot be used costs itself only."""

import pandas as pd

from chem_endpoints.check.agreement import require_agreement
from chem_endpoints.check.outcome import BrokenPromiseError, Kept, NotAskedError
from chem_endpoints.check.sample import structure_feature
from chem_endpoints.check.subject import Subject
from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.manifest import Feature, Manifest

GOOD_ROWS = 4
BROKEN = "no structure CANARY"
"""A text that is neither a structure nor a number."""

HOSTILE = {
    "an unclosed ring": "C1CC",
    "unclosed brackets": "C" + "(C" * 300,
    "an impossible valence": "C(C)(C)(C)(C)C",
    "a chain of 20,000 atoms": "C" * 20_000,
    "a chain of 400 rings": "C1CC1" * 400,
    "a cage of 60 atoms": (
        "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5c1c1c6c6c%11c2c2c7c3c3c8"
        "c4c4c9c5c1c1c6c2c3c41"
    ),
    "an organometallic compound": "[Fe+2].c1cc[cH-]c1.c1cc[cH-]c1",
    "a wildcard": "*C(=O)N*",
}
"""Texts that make models of structures hang, crash or fill the memory. What a model makes of each is its own affair:
a prediction or a reason."""


def bad_rows_stay_alone(subject: Subject) -> Kept:
    """Missing and broken values give a reason and no outputs, and leave the rows beside them as they were."""
    manifest = subject.declared()
    good = subject.decoded(subject.encoded(subject.some(GOOD_ROWS)), subject.content_type)
    expected = subject.ask(good)
    bad = _bad_cells(manifest)
    if not bad:
        raise NotAskedError("every feature may be missing, and any text may stand in it")
    for feature, cell in bad:
        row = good.head(1).assign(**{feature: cell})
        mixed = pd.concat([good.head(1), row, good.iloc[1:], row], ignore_index=True)
        answer = subject.ask(mixed)
        what = f"a row whose {feature!r} is {'empty' if not cell else 'broken'}"
        for place in (1, len(mixed) - 1):
            if not answer[PREDICTION_ERROR][place]:
                raise BrokenPromiseError(
                    f"{what} came back as if it were predicted, without a reason",
                    "write 'reason: what to do' into prediction_error for a row that cannot be predicted",
                )
        require_agreement(
            expected,
            answer.drop(index=[1, len(mixed) - 1]).reset_index(drop=True),
            subject.tolerance,
            when=f"beside {what}",
            remedy="predict each row from itself alone; fit, scale and fill nothing over the rows of a request",
        )
    return Kept(figure=f"{len(bad)} kinds of bad cells", figures={"bad_cells": len(bad)})


def reasons_quote_nothing(subject: Subject) -> Kept:
    """What a failed row is told does not repeat what the row holds: structures are confidential."""
    manifest = subject.declared()
    good = subject.decoded(subject.encoded(subject.some(1)), subject.content_type)
    told = 0
    for feature in manifest.features:
        if feature.dtype != "text" or structure_feature(manifest) == feature:
            answer = subject.ask(good.assign(**{feature.name: BROKEN}))
            reason = str(answer[PREDICTION_ERROR][0])
            told += bool(reason)
            if "CANARY" in reason:
                raise BrokenPromiseError(
                    f"the reason of a row with a broken {feature.name!r} repeats the cell",
                    "say in prediction_error what is wrong and what to do; leave out the value",
                )
    if not told:
        raise NotAskedError("no text that was tried makes a row fail")
    return Kept(figure=f"{told} reason{'s' * (told != 1)}", figures={"reasons": told})


def hostile_structures_cost_themselves(subject: Subject) -> Kept:
    """Structures that hang, crash or fill the memory get an answer, and the rows beside them theirs."""
    structure = structure_feature(subject.declared())
    if structure is None:
        raise NotAskedError("the model reads no structures")
    good = subject.decoded(subject.encoded(subject.some(2)), subject.content_type)
    expected = subject.ask(good)
    predicted = 0
    for name, text in HOSTILE.items():
        row = good.head(1).assign(**{structure.name: text})
        answer = subject.ask(pd.concat([good.head(1), row, good.iloc[1:]], ignore_index=True))
        predicted += not answer[PREDICTION_ERROR][1]
        require_agreement(
            expected,
            answer.drop(index=1).reset_index(drop=True),
            subject.tolerance,
            when=f"beside {name}",
            remedy="wrap the loop over rows in chem_endpoints.wire.rows.each_row, so that the server knows which row"
            " is at fault, and refuse what is too large",
        )
    return Kept(
        figure=f"{predicted} predicted, {len(HOSTILE) - predicted} with a reason",
        figures={"predicted": predicted, "refused": len(HOSTILE) - predicted},
    )


def _bad_cells(manifest: Manifest) -> list[tuple[str, str]]:
    """Feature and text of cells that a row must be refused for."""
    empty = [(feature.name, "") for feature in manifest.features if feature.missing == "error"]
    return empty + [(feature.name, BROKEN) for feature in manifest.features if _refuses_text(feature, manifest)]


def _refuses_text(feature: Feature, manifest: Manifest) -> bool:
    if structure_feature(manifest) == feature:
        return True
    return feature.unusable == "error" and (feature.dtype != "text" or feature.categories is not None)
