"""``chem-endpoints features``: bundles of endpoints that compute descriptors, fingerprints or conformers."""

from pathlib import Path

import click

from chem_endpoints.cli.bundle_writing import (
    declaration_options,
    settings_of,
    standardisation_options,
    tell_and_declare,
    write_bundle,
)

SLOW = ("smiles_to_3d",)
"""Scripts whose rows take seconds to minutes: declared as async endpoints unless another kind is asked for."""

SCRIPTS = ("smiles_to_2d", "smiles_to_fingerprints", "smiles_to_3d", "standardize")


@click.command()
@click.argument("script", type=click.Choice(SCRIPTS))
@standardisation_options
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A setting of the script.")
@declaration_options
def features(
    script: str,
    standardise: str,
    tautomer: bool,
    pairs: tuple[str, ...],
    out: Path,
    declare: Path | None,
    kind: str,
    owner: str,
) -> None:
    """Write the bundle of a feature endpoint (model.tar.gz); nothing is trained.

    \b
    SCRIPT is one of
      smiles_to_2d            313 descriptors of RDKit and Mordred
      smiles_to_fingerprints  Morgan counts and other fingerprints
      smiles_to_3d            Boltzmann-weighted descriptors of conformers
      standardize             parent structure, counterions, InChIKey

    \b
    Examples:
      chem-endpoints features smiles_to_2d --out bundles/smiles-to-2d-v1.tar.gz --declare endpoints/smiles-to-2d-v1.yaml
      chem-endpoints features smiles_to_3d --set energy=gfn2-xtb --out bundles/smiles-to-3d-v1.tar.gz
    """
    source = click.get_current_context().get_parameter_source("kind")
    if script in SLOW and source is click.core.ParameterSource.DEFAULT:
        kind = "async"
    request = {
        "policy": {"policy": standardise, "tautomer": tautomer},
        "settings": settings_of(pairs),
        "out": str(out),
    }
    digest = write_bundle("features", script, request)
    tell_and_declare(out, digest, declare, kind=kind, owner=owner, image="base")
