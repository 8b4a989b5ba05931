"""What ``--json`` prints: one indented document, with keys that do not change."""

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import pandas as pd

json_option = click.option("--json", "as_json", is_flag=True, help="JSON on standard output, for programs.")


def echo_json(value: Any) -> None:
    """Prints a value as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def echo_lines(answer: "pd.DataFrame") -> None:
    """Prints rows as JSON Lines."""
    from chem_endpoints.wire.jsonlines_format import write_jsonlines

    click.echo(write_jsonlines(answer), nl=False)


def rehearse_lines(rows: "pd.DataFrame") -> None:
    """Refuses rows that JSON cannot carry before they are sent: answers that cannot be written down are lost.

    Raises:
        WireError: which cells it cannot.
    """
    from chem_endpoints.wire.jsonlines_format import write_jsonlines

    write_jsonlines(rows)
