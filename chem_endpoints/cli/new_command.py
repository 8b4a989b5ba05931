"""``chem-endpoints new``: a model's declaration, training command and test, in one command."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from chem_endpoints.cli.feature_commands import SCRIPTS, SLOW
from chem_endpoints.cli.train_commands import FAMILIES
from chem_endpoints.spec.support_matrix import Kind

if TYPE_CHECKING:
    from chem_endpoints.new import NewModel, TrainingData

OWN_SCRIPT = "script"
"""The family of a model script of one's own."""

CHOICES = (*FAMILIES, *SCRIPTS, OWN_SCRIPT)


@click.command()
@click.argument("name")
@click.option("--family", type=click.Choice(CHOICES), required=True, help="What the model is made by.")
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="Rows to train on; one in ten is held out for the test. Default: the example data.",
)
@click.option("--target", default=None, metavar="COLUMN", help="Column of --data to predict.")
@click.option("--smiles", default=None, metavar="COLUMN", help="Column of structures. Default: found by its name.")
@click.option("--unit", default=None, help="Unit of the target, for example 'log10(mol/L)'; '' for none.")
@click.option(
    "--kind",
    type=click.Choice(get_args(Kind)),
    default=None,
    help=f"Of the endpoint. Default: realtime; async for {', '.join(SLOW)}.",
)
@click.option("--owner", default="unassigned", show_default=True, help="Team that answers for the model.")
@click.option("--force", is_flag=True, help="Overwrite the files of an earlier call.")
def new(
    name: str,
    family: str,
    data: Path | None,
    target: str | None,
    smiles: str | None,
    unit: str | None,
    kind: str | None,
    owner: str,
    force: bool,
) -> None:
    """Begin a model: its draft declaration, training command, test and README, in models/NAME.

    The draft is no part of a deployment until models/NAME/train.sh has made a bundle and moved it to endpoints/.

    \b
    --family is one of
      xgboost, sklearn, torch, chemprop       a trained model (chem-endpoints train --help)
      smiles_to_2d, smiles_to_fingerprints,
      smiles_to_3d, standardize               features (chem-endpoints features --help)
      script                                  your own model_fn and predict_fn, begun with a working example

    \b
    Examples:
      chem-endpoints new logs-v3 --family chemprop
      chem-endpoints new clearance-v1 --family xgboost --data clearance.csv --target clint --unit 'uL/min/mg'
    """
    from chem_endpoints.cli.clone import require_clone
    from chem_endpoints.cli.exit_status import failures_told
    from chem_endpoints.new import DataError, NewModel, NewModelError, next_commands, require_valid, write_model

    if data is None and (target or smiles or unit is not None):
        raise click.UsageError("--target, --smiles and --unit tell of --data: give it too")
    if data is not None and family in SCRIPTS:
        raise click.UsageError(f"{family} computes features and is trained on nothing: leave --data out")
    if data is not None and target is None:
        raise click.UsageError("--data needs --target, the column to predict")
    root = require_clone()

    def model(trained_on: "TrainingData | None") -> "NewModel":
        return NewModel(
            name=name,
            family=family,
            image=FAMILIES.get(family, "base"),
            kind=kind or ("async" if family in SLOW else "realtime"),
            owner=owner,
            data=trained_on,
        )

    with failures_told():
        try:
            require_valid(model(None))  # before anything is asked
            begun = model(_data(root, name, family, data, target, smiles, unit))
            written = write_model(begun, root, force=force)
        except (DataError, NewModelError) as error:
            raise click.ClickException(str(error)) from None
    for line in (*written, "Next:", *(f"  {command}" for command in next_commands(begun))):
        click.echo(line)


def _data(
    root: Path, name: str, family: str, data: Path | None, target: str | None, smiles: str | None, unit: str | None
) -> "TrainingData | None":
    """What the model is trained on; nothing for features."""
    from chem_endpoints.new import DataError, example_data, holds_classes, look_at
    from chem_endpoints.new.drafts import MODELS

    if family in SCRIPTS:
        return None
    if data is None or target is None:
        return example_data(root)
    classes = holds_classes(data, target)
    if classes and family == OWN_SCRIPT:
        raise DataError(f"{data}: {target!r} holds classes, and the script to begin with predicts numbers")
    looked_at = look_at(data, f"{MODELS}/{name}", target=target, smiles=smiles, unit=unit)
    if data.resolve() in {(root / file).resolve() for file in looked_at.written}:
        raise DataError(f"{data} would be overwritten by a part of itself; give the file that it was made of")
    if unit is None and not classes:
        return look_at(data, f"{MODELS}/{name}", target=target, smiles=smiles, unit=_asked_unit(target))
    return looked_at


def _asked_unit(target: str) -> str:
    """The unit, from whoever sits there.

    Raises:
        click.UsageError: nobody does.
    """
    if not sys.stdin.isatty():
        raise click.UsageError(f"give the unit of {target!r}: --unit 'log10(mol/L)', or --unit '' for none")
    unit: str = click.prompt(f"Unit of {target}, for example log10(mol/L); empty: none", default="", show_default=False)
    return unit
