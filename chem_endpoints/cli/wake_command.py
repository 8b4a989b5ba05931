"""``chem-endpoints wake``: start what sleeps, before the rows are there."""

import click

from chem_endpoints.cli.exit_status import failures_told
from chem_endpoints.cli.finite_float import FiniteFloat
from chem_endpoints.cli.json_output import echo_json, json_option


@click.command()
@click.argument("endpoint")
@click.option("--seconds", type=FiniteFloat(min=0), default=1200.0, show_default=True, help="Longest wait for a copy.")
@json_option
def wake(endpoint: str, seconds: float, as_json: bool) -> None:
    """Send ENDPOINT one example row and wait until it is answered, so that the next caller need not wait.

    \b
    Example:
      chem-endpoints wake logs-async-v1
    """
    with failures_told():
        from chem_endpoints.client.endpoint import Endpoint

        took = Endpoint(endpoint, wake_seconds=seconds).wake()
    if as_json:
        echo_json({"endpoint": endpoint, "awake": True, "seconds": round(took, 3)})
    else:
        click.echo(f"{endpoint}: awake, answered within {took:.1f} s")
