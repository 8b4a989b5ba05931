"""``chem-endpoints validate`` and ``schema``: what declarations may say."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from chem_endpoints.spec.endpoint_spec import EndpointSpec


@click.command()
@click.option("--endpoints", default="endpoints", show_default=True, help="Folder of declarations, from the clone.")
@click.option("--names", is_flag=True, help="Print the endpoints' names alone, one per line, for scripts.")
def validate(endpoints: str, names: bool) -> None:
    """Check all declarations and their bundles; says everything that is wrong at once.

    \b
    Example:
      chem-endpoints validate
    """
    from chem_endpoints.cli.clone import require_clone
    from chem_endpoints.new.drafts import untrained
    from chem_endpoints.spec.loading import load_endpoints
    from chem_endpoints.spec.violation import DeclarationError

    root = require_clone()
    try:
        specs = load_endpoints(root / endpoints, root)
    except DeclarationError as error:
        raise click.ClickException(str(error)) from None
    for line in untrained(root):
        click.echo(line, err=True)
    for spec in specs:
        click.echo(
            spec.name
            if names
            else f"{spec.name}: {spec.serving.kind} on {_machine(spec)}, model {spec.model.sha256[:12]}"
        )


def _machine(spec: "EndpointSpec") -> str:
    from chem_endpoints.spec.endpoint_spec import ServerlessSpec

    return f"{spec.serving.memory_mb} MB" if isinstance(spec, ServerlessSpec) else spec.serving.instance_type


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=None, help="File to write; default: the terminal.")
def schema(out: Path | None) -> None:
    """Print the JSON Schema of a declaration, for editors.

    \b
    Example:
      chem-endpoints schema --out endpoint.schema.json
    """
    from chem_endpoints.spec.schema import endpoint_schema

    text = json.dumps(endpoint_schema(), indent=2) + "\n"
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text)
