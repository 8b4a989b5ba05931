"""``python -m model_scripts``: training, and the reference figures of the demonstration, as processes of their own."""

import json
from pathlib import Path

import click
from tqdm import tqdm

from chem_endpoints.wire.manifest import Metrics
from model_scripts.chemistry.smiles import SmilesError
from model_scripts.training.evaluation import FOLDS
from model_scripts.training.solubility_reference import solubility_reference
from model_scripts.training.table import TrainingError
from model_scripts.training.train_xgboost import TrainedBundle, XGBoostTraining, train


@click.group()
def main() -> None:
    """Model scripts of Chem Endpoints."""


@main.group("train")
def train_group() -> None:
    """Train a model family."""


@train_group.command("xgboost")
@click.option("--data", type=click.Path(path_type=Path), required=True)
@click.option("--target", required=True)
@click.option("--smiles", default=None)
@click.option("--features", default=None, help="Comma-separated numeric columns.")
@click.option("--unit", default=None)
@click.option("--description", default="")
@click.option("--seed", default=7, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def train_xgboost(
    data: Path,
    target: str,
    smiles: str | None,
    features: str | None,
    unit: str | None,
    description: str,
    seed: int,
    out: Path,
) -> None:
    """Train an XGBoost regressor; prints one JSON object about the bundle."""
    columns = tuple(name.strip() for name in (features or "").split(",") if name.strip())
    if (smiles is None) == (not columns):
        raise click.UsageError("give either --smiles COLUMN or --features COLUMN,COLUMN,…")
    training = XGBoostTraining(
        data=data, target=target, smiles=smiles, features=columns, unit=unit, description=description, seed=seed
    )
    fits = FOLDS * (2 if smiles else 1) + 1
    try:
        with tqdm(total=fits, desc="training", unit="fit", leave=False, disable=None) as bar:
            bundle = train(training, out, bar.update)
    except (TrainingError, OSError) as error:
        raise click.ClickException(str(error)) from None
    _tell(bundle)
    click.echo(json.dumps({"digest": bundle.digest, "out": str(out)}))


def _tell(bundle: TrainedBundle) -> None:
    unit = bundle.manifest.target.unit or ""
    for line, reason in bundle.skipped.items():
        click.echo(f"line {line} is not used: {reason}", err=True)
    for figures in bundle.manifest.training.metrics:
        click.echo(_metrics_line(figures, unit), err=True)


def _metrics_line(figures: Metrics, unit: str) -> str:
    return (
        f"{figures.split + ' split':<15} {figures.folds} folds, {figures.rows} rows: RMSE {figures.rmse:.2f},"
        f" MAE {figures.mae:.2f}, R² {figures.r2:.2f} (training mean: RMSE {figures.mean_baseline_rmse:.2f}) {unit}"
    )


@main.command("solubility-reference")
@click.argument("training", type=click.Path(path_type=Path, exists=True))
@click.argument("unseen", type=click.Path(path_type=Path, exists=True))
def reference(training: Path, unseen: Path) -> None:
    """Figures beside which the demonstration prints its own, as one JSON object."""
    try:
        click.echo(json.dumps(solubility_reference(training, unseen)))
    except SmilesError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main(prog_name="python -m model_scripts")
