"""``chem-endpoints pack``: the bundle of an own model script."""

from pathlib import Path

import click

from chem_endpoints.cli.bundle_writing import declaration_options, tell_and_declare


@click.command()
@click.argument("bundle_yaml", metavar="BUNDLE_YAML", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--image",
    type=click.Choice(["base", "deep", "deep-gpu"]),
    default="base",
    show_default=True,
    help="Image of a new declaration: deep for torch.",
)
@declaration_options
def pack(bundle_yaml: Path, image: str, out: Path, declare: Path | None, kind: str, owner: str) -> None:
    """Pack your own model script into a bundle (model.tar.gz).

    BUNDLE_YAML says what the script reads and adds; the folder bundle/ beside it holds code/inference.py and the files
    that it loads. The script answers the golden rows once, in the image's own server, and the answers go into the
    bundle. `chem-endpoints new NAME --family script` writes a working example.

    \b
    Example:
      chem-endpoints pack models/logs-v3/bundle.yaml --out models/logs-v3/model.tar.gz
    """
    from chem_endpoints.packing import PackingError, pack_bundle

    try:
        digest = pack_bundle(bundle_yaml, out)
    except (PackingError, OSError) as error:
        raise click.ClickException(str(error)) from None
    tell_and_declare(out, digest, declare, kind=kind, owner=owner, image=image)
