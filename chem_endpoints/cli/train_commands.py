"""``chem-endpoints train``: from a CSV file to a bundle and its declaration."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click


@click.group()
def train() -> None:
    """Train a model family and write its bundle (model.tar.gz)."""


@train.command("xgboost")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="CSV file with a header line.")
@click.option("--target", required=True, help="Column to predict.")
@click.option("--smiles", default=None, help="Column of SMILES; RDKit 2D descriptors are computed from it.")
@click.option("--features", default=None, help="Instead of --smiles: numeric columns, separated by commas.")
@click.option("--unit", default=None, help="Unit of the target, for example 'log10(mol/L)'.")
@click.option("--description", default=None, help="What was measured and how; goes onto the model card.")
@click.option("--seed", default=7, show_default=True, help="Seed of splits and trees.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Bundle to write, *.tar.gz.")
@click.option(
    "--declare", type=click.Path(path_type=Path), default=None, help="Declaration to write or update, *.yaml."
)
@click.option("--kind", type=click.Choice(["realtime", "async"]), default="realtime", show_default=True)
@click.option("--owner", default="unassigned", show_default=True, help="Team that answers for the model.")
def xgboost(
    data: Path,
    target: str,
    smiles: str | None,
    features: str | None,
    unit: str | None,
    description: str | None,
    seed: int,
    out: Path,
    declare: Path | None,
    kind: str,
    owner: str,
) -> None:
    """Train an XGBoost regressor, with out-of-fold errors and a 90 % interval.

    \b
    Example:
      chem-endpoints train xgboost --data examples/data/solubility.csv --target log_s --smiles smiles \\
        --out bundles/logs-v2.tar.gz --declare endpoints/logs-v2.yaml
    """
    if (smiles is None) == (features is None):
        raise click.UsageError("give either --smiles COLUMN or --features COLUMN,COLUMN,…")
    options = {"--target": target, "--smiles": smiles, "--features": features, "--unit": unit}
    options |= {"--description": description, "--seed": str(seed), "--data": str(data), "--out": str(out)}
    given = [text for name, value in options.items() if value is not None for text in (name, value)]
    digest = run_training("xgboost", given)
    click.echo(f"{out}: model digest {digest}")
    if declare is not None:
        _declare(declare, kind=kind, owner=owner, bundle=out, digest=digest)


def run_training(family: str, options: Sequence[str]) -> str:
    """Runs ``python -m model_scripts train`` and returns the model digest; its messages go to the terminal.

    Raises:
        SystemExit: the training failed and has said why.
    """
    command = [sys.executable, "-m", "model_scripts", "train", family, *options]
    trained = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if trained.returncode:
        raise SystemExit(trained.returncode)
    return str(json.loads(trained.stdout)["digest"])


def _declare(path: Path, *, kind: str, owner: str, bundle: Path, digest: str) -> None:
    from chem_endpoints.cli.clone import require_clone
    from chem_endpoints.cli.declaration import Declared, artifact_path, write_declaration

    artifact = artifact_path(bundle, require_clone())
    write_declaration(path, Declared(kind=kind, owner=owner, artifact=artifact, sha256=digest))
    click.echo(f"{path}: declares it")
