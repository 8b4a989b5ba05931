"""Small requests that wait anyway are predicted together: plain CSV bodies of numbers with the same header line.

Either all of them are answered as they would be alone, or none: what needs isolation is asked again one by one, so
that no caller's rows can do anything to another's.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from chem_endpoints.wire.columns import PREDICTION_ERROR
from chem_endpoints.wire.csv_cells import header_cells
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.options import Return
from container.server.plain_csv import HeaderPlans, own_part, plain_lines, read_numbers, splice
from container.server.prediction import Predictor
from container.server.reason_counts import count_reasons
from container.server.script_error import ScriptError


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The answers of requests that travelled together.

    Attributes:
        bodies: response bodies, in the order of the requests.
        rows: number of rows of each.
        bad_rows: reason → number of rows, of each.
        milliseconds: stage → time, of all together.
    """

    bodies: list[bytes]
    rows: list[int]
    bad_rows: list[dict[str, int]]
    milliseconds: dict[str, float]


def answer_together(
    header: bytes, rows: Sequence[bytes], returned: Return, plans: HeaderPlans, predictor: Predictor
) -> Answered | None:
    """Answers bodies (their rows, without the header that they share), or ``None``: each needs to be asked alone."""
    if not predictor.takes_numbers:
        return None
    try:
        return _answer(header, rows, returned, plans, predictor)
    except (WireError, ScriptError):
        return None
    except Exception:  # noqa: BLE001 - whatever the model raises, it is found out and told when each is asked alone
        return None


def _answer(
    header: bytes, rows: Sequence[bytes], returned: Return, plans: HeaderPlans, predictor: Predictor
) -> Answered | None:
    started = time.perf_counter()
    plan = plans.of(header)
    if plan is None:
        return None
    counts, lines = [], []
    for body in rows:
        own = plain_lines(body)
        if own is None:
            return None
        counts.append(len(own))
        lines += own
    numbers = read_numbers(lines, plan)
    if numbers is None:
        return None
    parsed = time.perf_counter()
    answer = predictor.answer_numbers(numbers.matrix, numbers.reasons)
    reasons = answer.reasons
    done = time.perf_counter()
    own_header, own_lines = own_part(lines, plan, returned)
    cells = answer.cells()
    opening = own_header + header_cells([*answer.columns, PREDICTION_ERROR]) + b"\n"
    bodies, bad_rows, start = [], [], 0
    for count in counts:
        stop = start + count
        own_cells = splice(own_lines[start:stop], cells[start:stop]) if own_header else _alone(cells[start:stop])
        bodies.append(opening + own_cells)
        bad = [reasons[row] for row in range(start, stop) if row in reasons] if reasons else []
        bad_rows.append(count_reasons(bad))
        start = stop
    written = time.perf_counter()
    return Answered(
        bodies=bodies,
        rows=counts,
        bad_rows=bad_rows,
        milliseconds={
            "parse": round((parsed - started) * 1e3, 3),
            "predict": round((done - parsed) * 1e3, 3),
            "serialise": round((written - done) * 1e3, 3),
        },
    )


def _alone(cells: Sequence[bytes]) -> bytes:
    return b"".join([b"%b\n" % cell for cell in cells])
