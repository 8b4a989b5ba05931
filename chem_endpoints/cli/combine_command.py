"""``chem-endpoints combine``: several bundles in one, served as one endpoint."""

import math
from pathlib import Path

import click

from chem_endpoints.cli.bundle_writing import declaration_options, tell_and_declare, write_bundle
from chem_endpoints.wire.bundle import BundleError, verify_archive

HOW = ("concat", "mean", "weighted", "vote")

DEEP_LIBRARY = "torch"
"""A part that needs it makes the combination one for the image ``deep``."""


@click.command()
@click.option(
    "--part", "parts", multiple=True, required=True, metavar="NAME=BUNDLE", help="A bundle; give at least two."
)
@click.option("--how", type=click.Choice(HOW), default="concat", show_default=True)
@click.option("--weight", "weights", multiple=True, metavar="NAME=NUMBER", help="Of a part, for weighted. Default: 1.")
@click.option("--require-all", is_flag=True, help="Fail a row that one part cannot take; else the others' values stay.")
@declaration_options
def combine(
    parts: tuple[str, ...],
    how: str,
    weights: tuple[str, ...],
    require_all: bool,
    out: Path,
    declare: Path | None,
    kind: str,
    owner: str,
) -> None:
    """Combine bundles into one (model.tar.gz); structures are standardised and described once for all.

    \b
    --how is one of
      concat    every column of every part, as NAME_column
      mean      mean and spread of regressions of one unit
      weighted  the same by --weight
      vote      the class that most classifiers say

    \b
    Example:
      chem-endpoints combine --part logs=bundles/logs-v2.tar.gz --part tox=bundles/tox-v1.tar.gz \\
        --how concat --out bundles/panel-v1.tar.gz --declare endpoints/panel-v1.yaml
    """
    bundles = {name: Path(path) for name, path in _pairs("--part", parts, "NAME=BUNDLE").items()}
    if len(bundles) < 2:
        raise click.UsageError("give --part at least twice: a combination has at least two parts")
    weighed = {name: _weight(name, text) for name, text in _pairs("--weight", weights, "NAME=NUMBER").items()}
    if unknown := sorted(set(weighed) - set(bundles)):
        raise click.UsageError(f"--weight {unknown[0]}: no --part is called so")
    image = image_for(list(bundles.values()))
    request = {
        "parts": [{"name": name, "bundle": str(path), "weight": weighed.get(name)} for name, path in bundles.items()],
        "require_all": require_all,
        "out": str(out),
    }
    digest = write_bundle("combine", how, request)
    tell_and_declare(out, digest, declare, kind=kind, owner=owner, image=image)


def _pairs(option: str, pairs: tuple[str, ...], form: str) -> dict[str, str]:
    named: dict[str, str] = {}
    for pair in pairs:
        name, _, value = (text.strip() for text in pair.partition("="))
        if not (name and value):
            raise click.UsageError(f"{option} {pair}: write {form}")
        if name in named:
            raise click.UsageError(f"{option} {name}: given twice")
        named[name] = value
    return named


def _weight(name: str, text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise click.UsageError(f"--weight {name}={text}: write a number above 0")
    return weight


def image_for(bundles: list[Path]) -> str:
    """The image that can serve all of these bundles.

    Raises:
        click.ClickException: one is no sound bundle.
    """
    try:
        needed = {library for bundle in bundles for library in verify_archive(bundle).manifest.libraries}
    except BundleError as error:
        raise click.ClickException(str(error)) from None
    return "deep" if DEEP_LIBRARY in needed else "base"
