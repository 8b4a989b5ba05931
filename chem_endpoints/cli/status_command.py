"""``chem-endpoints status``: what an endpoint is at the moment."""

from dataclasses import asdict

import click

from chem_endpoints.cli.exit_status import failures_told
from chem_endpoints.cli.json_output import echo_json, json_option

STATUS_KEYS = ("name", "status", "kind", "running", "model_sha256", "task", "targets", "problem")
"""What is told, in this order; the keys of ``--json``."""


@click.command()
@click.argument("endpoint")
@json_option
def status(endpoint: str, as_json: bool) -> None:
    """Tell whether ENDPOINT answers, what kind it is, how many copies run and which model.

    A sleeping endpoint (0 running) answers all the same, once its first request has woken it.

    \b
    Example:
      chem-endpoints status logs-v1
    """
    with failures_told():
        from chem_endpoints.client.listing import look_up

        found = asdict(look_up(endpoint))
    told = {key: found[key] for key in STATUS_KEYS}
    if as_json:
        echo_json(told)
        return
    told["targets"] = ", ".join(told["targets"])
    width = max(map(len, STATUS_KEYS))
    for key, value in told.items():
        if value not in (None, ""):
            click.echo(f"{key.ljust(width)}  {value}")
