"""That a row has one answer: when asked again, after a restart, beside whatever rows, in whatever format."""

from collections.abc import Iterator

import pandas as pd

from chem_endpoints.check.agreement import require_agreement
from chem_endpoints.check.outcome import BrokenPromiseError, Kept
from chem_endpoints.check.subject import Subject, require_every_row
from chem_endpoints.errors import EndpointError
from chem_endpoints.wire.codec import encode
from chem_endpoints.wire.content_types import ARROW, CSV, JSON, JSON_LINES, PARQUET
from chem_endpoints.wire.options import RequestOptions

ROWS = 100
TIMES = 3
ALONE = 12
"""Rows that are asked one by one."""

FORMATS = {CSV: "CSV", JSON: "JSON", JSON_LINES: "JSON Lines", PARQUET: "Parquet", ARROW: "Arrow"}

RANDOM = "take every random number from a generator with a fixed seed, made anew for each row; or use none"


def answers_repeat(subject: Subject) -> Kept:
    """The same rows get the same answers each time."""
    rows = subject.some(ROWS)
    expected = subject.ask(rows)
    for _ in range(TIMES):
        require_agreement(
            expected, subject.ask(rows), subject.tolerance, when="when the same rows were asked again", remedy=RANDOM
        )
    return Kept(figure=f"{len(rows)} rows, {TIMES + 1} times", figures={"rows": len(rows)})


def answers_outlive_a_restart(subject: Subject) -> Kept:
    """A new process gives the same answers, so that every copy of an endpoint does."""
    rows = subject.some(ROWS)
    expected = subject.ask(rows)
    try:
        seconds = subject.start()
    except EndpointError as error:
        raise BrokenPromiseError(f"it did not start again: {error}", "write nothing into the model's folder") from None
    remedy = f"compute what model_fn makes from the artifacts alone; {RANDOM}"
    require_agreement(expected, subject.ask(rows), subject.tolerance, when="after a restart", remedy=remedy)
    return Kept(figure=f"{len(rows)} rows, ready again after {seconds:.1f} s", figures={"rows": len(rows)})


def neighbours_change_nothing(subject: Subject) -> Kept:
    """No number of a row depends on the rows beside it: alone, in pairs, in sevens, in hundreds, twice in a request."""
    rows = subject.some(ROWS)
    expected = subject.ask(rows)
    asked = 0
    for how, start, part in _parts(rows):
        answer = subject.ask(part)
        asked += 1
        require_agreement(
            expected.iloc[[(start + place) % len(rows) for place in range(len(part))]].reset_index(drop=True),
            answer,
            subject.tolerance,
            when=f"when rows {start} to {(start + len(part) - 1) % len(rows)} were asked {how}",
            remedy="predict each row from itself alone: no mean, rank, scale or padding over the rows of a request",
        )
    within = "bit for bit" if not subject.tolerance else f"within {subject.tolerance:g}"
    return Kept(figure=f"{len(rows)} rows in {asked} other requests, {within}", figures={"requests": asked})


def _parts(rows: pd.DataFrame) -> Iterator[tuple[str, int, pd.DataFrame]]:
    """How a part is asked, its first row, and the part."""
    for row in range(min(ALONE, len(rows))):
        yield "alone", row, rows.iloc[row : row + 1].reset_index(drop=True)
    for size, how in ((2, "in pairs"), (7, "in sevens")):
        for start in range(0, min(len(rows), ALONE * size), size):
            yield how, start, rows.iloc[start : start + size].reset_index(drop=True)
    yield "twice in a request", 0, pd.concat([rows, rows], ignore_index=True)


def formats_agree(subject: Subject) -> Kept:
    """CSV, JSON, JSON Lines, Parquet and Arrow give the same answers."""
    subject.declared()
    rows = subject.some(ROWS)
    expected = subject.ask(rows)
    for kind, name in FORMATS.items():
        body = subject.post(encode(rows, kind), content_type=kind, options=RequestOptions(returned="added"))
        answer = subject.restored(subject.decoded(body, kind))
        require_every_row(rows, answer)
        require_agreement(
            expected,
            answer,
            subject.tolerance,
            when=f"when the rows were sent as {name}",
            remedy="leave reading and writing to the server: drop input_fn and output_fn, or read every format alike",
        )
    return Kept(figure=", ".join(FORMATS.values()))
