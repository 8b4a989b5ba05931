"""``chem-endpoints train``: from a CSV file to a bundle and its declaration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from chem_endpoints.cli.bundle_writing import (
    declaration_options,
    names_of,
    settings_of,
    standardisation_options,
    tell_and_declare,
    write_bundle,
)

FAMILIES: dict[str, str] = {"xgboost": "base", "sklearn": "base", "torch": "deep", "chemprop": "deep"}
"""Model family → image that serves it."""

DESCRIPTORS = ("rdkit_2d", "descriptors_2d", "morgan_counts", "none")


def run_training(family: str, request: Mapping[str, Any]) -> str:
    """Trains and returns the model digest; see `write_bundle`.

    Args:
        family: of `FAMILIES`.
        request: fields of `model_scripts.training.request.TrainingRequest`, and ``settings`` and ``out``.
    """
    return write_bundle("train", family, request)


@click.command()
@click.argument("family", type=click.Choice(list(FAMILIES)))
@click.option("--data", type=click.Path(path_type=Path), required=True, help="CSV file with a header line.")
@click.option("--target", "targets", required=True, help="Column to predict; several: separated by commas.")
@click.option("--smiles", default=None, help="Column of structures (SMILES).")
@click.option("--features", default=None, help="Columns of numbers that the model reads, separated by commas.")
@click.option("--categories", default=None, help="Columns of categories that the model reads, separated by commas.")
@click.option("--id", "identifier", default=None, help="Column that names the rows, for nn_id; else line numbers.")
@click.option(
    "--task", type=click.Choice(["regression", "classification"]), default=None, help="Default: as the target."
)
@click.option(
    "--descriptors",
    type=click.Choice(DESCRIPTORS),
    default=None,
    help="What is computed from structures. Default: rdkit_2d; none for chemprop.",
)
@click.option("--unit", default=None, help="Unit of the target, for example 'log10(mol/L)'.")
@click.option("--description", default="", help="What was measured and how; goes onto the model card.")
@standardisation_options
@click.option("--members", default=1, show_default=True, help="Models trained on all rows; their mean is predicted.")
@click.option("--folds", default=5, show_default=True, help="Of the cross-validation; 0: no errors and no intervals.")
@click.option(
    "--neighbours/--no-neighbours",
    default=True,
    show_default=True,
    help="Keep what finds the nearest training compound; leave out for confidential training sets.",
)
@click.option("--lenient", is_flag=True, help="Let unusable values reach the model as missing ones.")
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A hyperparameter of the family.")
@click.option("--seed", default=7, show_default=True, help="Of the splits and of the fits.")
@declaration_options
def train(
    family: str,
    targets: str,
    features: str | None,
    categories: str | None,
    descriptors: str | None,
    standardise: str,
    tautomer: bool,
    members: int,
    pairs: tuple[str, ...],
    out: Path,
    declare: Path | None,
    kind: str,
    owner: str,
    data: Path,
    smiles: str | None,
    **request: Any,
) -> None:
    """Train a model and write its bundle (model.tar.gz), with errors on compounds held out.

    \b
    FAMILY is one of
      xgboost   boosted trees on descriptors, numbers and categories
      sklearn   any scikit-learn pipeline (--set estimator=random_forest, ...)
      torch     a multilayer perceptron
      chemprop  a message-passing network on the structure itself

    \b
    Examples:
      chem-endpoints train xgboost --data examples/data/solubility.csv --target log_s --smiles smiles \\
        --out bundles/logs-v2.tar.gz --declare endpoints/logs-v2.yaml
      chem-endpoints train chemprop --data toxicity.csv --target nr_ar,nr_er --smiles smiles --members 3 \\
        --set epochs=80 --out bundles/tox-v1.tar.gz
    """
    numbers, named = names_of(features), names_of(categories)
    if smiles is None and not numbers and not named:
        raise click.UsageError("give --smiles COLUMN, --features COLUMN,… or --categories COLUMN,…")
    if smiles is None and descriptors not in (None, "none"):
        raise click.UsageError("--descriptors are computed from structures: give --smiles COLUMN too")
    chosen = descriptors or ("none" if family == "chemprop" else "rdkit_2d")
    digest = run_training(
        family,
        {
            "data": str(data),
            "targets": names_of(targets),
            "smiles": smiles,
            "numbers": numbers,
            "categories": named,
            "descriptors": chosen if smiles is not None and chosen != "none" else None,
            "standardisation": {"policy": standardise, "tautomer": tautomer},
            "refits": members,
            "settings": settings_of(pairs),
            "out": str(out),
            **request,
        },
    )
    tell_and_declare(out, digest, declare, kind=kind, owner=owner, image=FAMILIES[family])
