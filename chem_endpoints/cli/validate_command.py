"""``chem-endpoints validate`` and ``schema``: what declarations may say."""

import json
from pathlib import Path

import click


@click.command()
@click.option("--endpoints", default="endpoints", show_default=True, help="Folder of declarations, from the clone.")
def validate(endpoints: str) -> None:
    """Check all declarations and their bundles; says everything that is wrong at once.

    \b
    Example:
      chem-endpoints validate
    """
    from chem_endpoints.cli.clone import require_clone
    from chem_endpoints.spec.loading import load_endpoints
    from chem_endpoints.spec.violation import DeclarationError

    root = require_clone()
    try:
        specs = load_endpoints(root / endpoints, root)
    except DeclarationError as error:
        raise click.ClickException(str(error)) from None
    for spec in specs:
        click.echo(f"{spec.name}: {spec.serving.kind} on {spec.serving.instance_type}, model {spec.model.sha256[:12]}")


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
