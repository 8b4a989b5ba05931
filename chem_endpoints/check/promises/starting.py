"""That the server starts with the bundle, and that what it answers is what training saw."""

import time

import pandas as pd

from chem_endpoints.check.agreement import require_agreement
from chem_endpoints.check.outcome import BrokenPromiseError, Kept, NotAskedError
from chem_endpoints.check.process_memory import group_bytes
from chem_endpoints.check.subject import Subject
from chem_endpoints.client.signature import Signature
from chem_endpoints.errors import EndpointError

FIRST_ROWS = 3
FIRST_TIMES = 3
"""The first question, and how often it is asked: it tells how long a row takes."""


def server_starts(subject: Subject) -> Kept:
    """The image's server loads the model, replays the golden rows and answers."""
    try:
        seconds = subject.start()
    except EndpointError as error:
        raise BrokenPromiseError(
            str(error), "mend what the server names; it refuses the bundle in the same words when it is deployed"
        ) from None
    assert subject.server is not None
    idle = group_bytes(subject.server.pid)
    if len(subject.rows):
        subject.ask(subject.rows.head(1))  # the first answer of a process waits for imports
        first = subject.rows.head(FIRST_ROWS)
        # The quickest: a machine that is busy with something else makes no slow model.
        subject.seconds_per_row = min(_seconds(subject, first) for _ in range(FIRST_TIMES)) / len(first)
    return Kept(
        figure=f"ready after {seconds:.1f} s, {idle / 1e6:.0f} MB",
        figures={"start_seconds": round(seconds, 3), "idle_bytes": idle},
    )


def _seconds(subject: Subject, rows: pd.DataFrame) -> float:
    began = time.perf_counter()
    subject.ask(rows)
    return time.perf_counter() - began


def golden_rows_agree(subject: Subject) -> Kept:
    """Asked over HTTP, the golden rows give the answers that the manifest holds."""
    manifest = subject.declared()
    rows = Signature.of(manifest).example()
    if rows.empty:
        raise NotAskedError(
            "the manifest holds no golden rows: nothing would notice a library that computes differently"
        )
    answer = subject.ask(rows)
    # Nothing is promised of a column of which the manifest holds no answers.
    stored = {str(name): manifest.golden.output.get(str(name), answer[name].tolist()) for name in answer.columns}
    tolerance = manifest.golden.relative_tolerance
    require_agreement(
        subject.restored(pd.DataFrame(stored)),
        answer,
        tolerance,
        when="of the golden rows",
        remedy="write the bundle again with the libraries that the image has; training and serving must agree",
    )
    return Kept(
        figure=f"{len(rows)} rows, within {tolerance:g}",
        figures={"golden_rows": len(rows), "relative_tolerance": tolerance},
    )
