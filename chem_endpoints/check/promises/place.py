"""That each row, and each column of the caller's, comes back where it was."""

import random

import pandas as pd

from chem_endpoints.check.agreement import require_agreement
from chem_endpoints.check.outcome import BrokenPromiseError, Kept, NotAskedError
from chem_endpoints.check.subject import Subject, require_every_row
from chem_endpoints.wire.codec import encode
from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.content_types import ARROW, CSV
from chem_endpoints.wire.options import RequestOptions

SEED = 7
ROWS = 100

OWN_CELLS = ("007", "NA", "1E5", "", "a,b", 'say "so"', " blanks ", "two\nlines", "naïve µ", "N/A", "true", "-0.0")
"""What a column of a caller's own may hold: each is changed by some reader or writer of CSV."""


def rows_keep_their_order(subject: Subject) -> Kept:
    """Rows sent in another order come back in that order, each with its own number and its own answer."""
    rows = subject.some(ROWS)
    if len(rows) < 2:
        raise NotAskedError("one row has no order: give --rows FILE with more")
    expected = subject.ask(rows)
    places = other_order(len(rows))
    shuffled = rows.iloc[places].reset_index(drop=True)
    if subject.manifest is not None:
        numbers = [str(place) for place in places]
        sent = shuffled.assign(**{ROW_NUMBER: numbers})
        body = subject.post(subject.encoded(sent), options=RequestOptions(returned="added"))
        answer = subject.decoded(body, subject.content_type)
        if ROW_NUMBER not in answer or answer[ROW_NUMBER].tolist() != numbers:
            raise BrokenPromiseError(
                f"the row numbers that were sent as {ROW_NUMBER} came back otherwise", "leave the rows as they are"
            )
    require_agreement(
        expected.iloc[places].reset_index(drop=True),
        subject.ask(shuffled),
        subject.tolerance,
        when="after the rows were shuffled",
        remedy="return the rows of predict_fn in the order in which they came, and sort nothing",
    )
    return Kept(figure=f"{len(rows)} rows shuffled", figures={"rows": len(rows)})


def other_order(count: int) -> list[int]:
    """The places of so many rows, two at least, in an order that is not theirs."""
    places = list(range(count))
    random.Random(SEED).shuffle(places)  # noqa: S311 - an order, no secret
    return places if places != sorted(places) else places[::-1]


def columns_come_back(subject: Subject) -> Kept:
    """Columns that the model does not read come back cell by cell as they were sent, and those it reads too."""
    subject.declared()
    rows = subject.decoded(subject.encoded(subject.some(len(OWN_CELLS))), subject.content_type)
    cells = list(OWN_CELLS[: len(rows)])
    sent = rows.assign(**{"own text": cells, "prediction of theirs": cells[::-1]})
    answer = subject.decoded(subject.post(subject.encoded(sent)), subject.content_type)
    require_every_row(sent, answer)
    back = answer.iloc[:, : sent.shape[1]]
    if list(back.columns) != list(sent.columns):
        absent = [str(name) for name in sent.columns if name not in answer.columns]
        raise BrokenPromiseError(
            f"the caller's columns {absent} did not come back" if absent else "the caller's columns changed places",
            "add columns to the frame that predict_fn gets; drop, rename and sort none",
        )
    for name in sent.columns:
        changed = [row for row, (one, other) in enumerate(zip(sent[name], back[name], strict=True)) if one != other]
        if changed:
            raise BrokenPromiseError(
                f"row {changed[0]}: the caller's column {name!r} came back changed ({len(changed)} rows in all)",
                "change no column of the caller's, neither in predict_fn nor in output_fn",
            )
    return Kept(figure=f"{sent.shape[1]} columns, {len(sent)} rows", figures={"columns": sent.shape[1]})


def no_rows_are_an_answer(subject: Subject) -> Kept:
    """A header line alone, and a typed frame without rows, are answered with the declared columns and no rows."""
    manifest = subject.declared()
    names = [feature.name for feature in manifest.features]
    for kind in (CSV, ARROW):
        nothing = pd.DataFrame({name: pd.Series([], dtype="str") for name in names})
        answer = subject.decoded(subject.post(encode(nothing, kind), content_type=kind), kind)
        if len(answer):
            raise BrokenPromiseError(f"no rows were sent as {kind}, {len(answer)} came back", "answer what was asked")
        subject.restored(answer)
    return Kept(figure="CSV and Arrow")


def columns_are_those_declared(subject: Subject) -> Kept:
    """The answer has the declared columns in their types, the same whatever the rows hold."""
    manifest = subject.declared()
    rows = subject.some(ROWS)
    declared = [output.name for output in manifest.outputs]
    broken_only = rows.head(1).astype(object)
    broken_only.loc[:, :] = None
    for what, sent in (("some rows", rows), ("one row", rows.head(1)), ("a row without values", broken_only)):
        body = subject.post(subject.encoded(sent), options=RequestOptions(returned="added"))
        answer = subject.decoded(body, subject.content_type)
        added = [name for name in answer.columns if name not in sent.columns]
        if added[: len(declared)] != declared or len(added) != len(declared) + 1:
            raise BrokenPromiseError(
                f"{what} came back with {len(added) - 1} outputs, not the {len(declared)} that the manifest declares",
                "declare every output in the manifest, and add each of them whatever the rows hold",
            )
        subject.restored(answer)
    return Kept(figure=f"{len(declared)} output{'s' * (len(declared) != 1)}", figures={"outputs": len(declared)})
