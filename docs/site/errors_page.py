"""The page on what can go wrong: reasons of rows, codes of the server, errors of the client, exit statuses."""

import inspect

from page_parts import code, generated_page, prose, table

from chem_endpoints import errors
from chem_endpoints.cli.exit_status import MEANINGS
from chem_endpoints.client.fates import UNSENT
from chem_endpoints.wire.columns import PREDICTION_ERROR, Reason
from container.server.refusal import CODES

INTRODUCTION = f"""\
A row's own trouble is never an error of the request: the row comes back in its place and says why in
`{PREDICTION_ERROR}`. What fails a whole request has a stable code, what the client raises a class of its own, and
every message says what to do. What to do about a row: [why is my row empty](../how-to/why-is-my-row-empty.md)."""


def errors_page() -> str:
    """The page."""
    parts = [
        f"## Reasons of a row\n\nThe first word of `{PREDICTION_ERROR}`; stable, so that you can group by it.",
        ", ".join(code(str(reason)) for reason in Reason)
        + f". {code(UNSENT.partition(':')[0])} is the client's own: the run ended before it came to the row; the same "
        "call made again asks for it.",
        "## Codes of the server\n\nThe body is JSON: `code`, `message`, and more where that helps. 5xx is the server's "
        "own fault.",
        table(["status", "code", "meaning"], [(status, code(name), text) for name, (status, text) in CODES.items()]),
        "## Errors of the client\n\nAll are in `chem_endpoints.errors`; `except EndpointError` catches them all. "
        "`error.partial` holds the rows that were answered before.",
        table(["error", "also a", "when"], _errors()),
        "## Exit statuses\n\nOf the commands that ask endpoints. [`plan`](../plan.md) and [`doctor`](../doctor.md) "
        "tell theirs.",
        table(["status", "meaning"], MEANINGS.items()),
    ]
    return generated_page("Errors", INTRODUCTION, parts)


def _errors() -> list[tuple[str, str, str]]:
    rows = []
    for name, kind in vars(errors).items():
        if inspect.isclass(kind) and issubclass(kind, Exception):
            bases = ", ".join(code(base.__name__) for base in kind.__bases__ if base is not Exception)
            rows.append((code(name), bases, prose(inspect.getdoc(kind) or "").partition(" Attributes:")[0]))
    return rows
