"""What ``--json`` prints: one indented document, with keys that do not change."""

import json
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="JSON on standard output, for programs.")


def echo_json(value: Any) -> None:
    """Prints a value as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
