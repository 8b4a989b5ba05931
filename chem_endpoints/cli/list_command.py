"""``chem-endpoints list``: the endpoints of the account that Chem Endpoints deployed."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from chem_endpoints.cli.exit_status import failures_told
from chem_endpoints.cli.json_output import echo_json, json_option
from chem_endpoints.cli.text_table import DIGEST_SIGNS, NOTHING, aligned, shown

if TYPE_CHECKING:
    from chem_endpoints.client.listing import ListedEndpoint


@click.command(name="list")
@json_option
def list_endpoints(as_json: bool) -> None:
    """List the endpoints of this account and region that Chem Endpoints deployed.

    \b
    Example:
      chem-endpoints list
    """
    with failures_told():
        from chem_endpoints.client import listing

        found = listing.list_endpoints()
    if as_json:
        echo_json([asdict(endpoint) for endpoint in found])
        return
    if not found:
        click.echo("No endpoint of Chem Endpoints is deployed in this account and region.", err=True)
        return
    for line in aligned(("name", "kind", "status", "model", "target"), [_cells(endpoint) for endpoint in found]):
        click.echo(line)


def _cells(endpoint: "ListedEndpoint") -> tuple[str, ...]:
    target = ", ".join(endpoint.targets) or endpoint.task or NOTHING
    model = endpoint.model_sha256[:DIGEST_SIGNS] or NOTHING
    return (endpoint.name, endpoint.kind or NOTHING, endpoint.status, model, shown(target))
