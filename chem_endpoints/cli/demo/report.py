"""What the demonstration prints: its predictions beside the measurements, and how far to trust them."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Predictions of compounds that the model never saw.

    Attributes:
        table: ``name``, ``measured``, ``predicted``, ``error``, ``low``, ``high`` in log mol/L; the same with
            ``_mg_ml``; ``inside``: whether the interval holds the measured value.
        esol_rmse: error of the fixed equation on the training compounds.
    """

    table: pd.DataFrame
    esol_rmse: float


def compare(root: Path, training: str, unseen: str, answer: pd.DataFrame) -> Comparison:
    """Sets predictions beside measurements.

    Raises:
        click.ClickException: a compound called unseen is among the training compounds.
    """
    command = [sys.executable, "-m", "model_scripts", "solubility-reference", training, unseen]
    reference = json.loads(subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE).stdout)
    if reference["shared"]:
        raise click.ClickException(f"{', '.join(reference['shared'])}: the model has seen these in training")
    measured, predicted = answer["log_s"], answer["prediction"]
    weights = pd.Series(reference["weights"], index=answer.index)
    table = pd.DataFrame(
        {
            "name": answer["name"],
            "measured": measured,
            "predicted": predicted,
            "error": predicted - measured,
            "low": answer["q_05"],
            "high": answer["q_95"],
            "measured_mg_ml": 10**measured * weights,  # mol/L · g/mol = g/L = mg/mL
            "predicted_mg_ml": 10**predicted * weights,
            "factor": 10 ** (predicted - measured).abs(),
            "low_mg_ml": 10 ** answer["q_05"] * weights,
            "high_mg_ml": 10 ** answer["q_95"] * weights,
            "inside": (answer["q_05"] <= measured) & (measured <= answer["q_95"]),
        }
    )
    return Comparison(table=table, esol_rmse=reference["esol_rmse"])


def tell_comparison(comparison: Comparison) -> None:
    """Prints the table in both units."""
    click.echo("   Compounds absent from training   measured  predicted   error   90 % interval")
    click.echo("   log10(mol/L)")
    for row in comparison.table.itertuples():
        mark = "" if row.inside else "  outside"
        click.echo(
            f"     {row.name:<28} {row.measured:>10.2f} {row.predicted:>10.2f} {row.error:>+7.2f}"
            f"   {row.low:.2f} to {row.high:.2f}{mark}"
        )
    click.echo("   mg/mL (error: a factor)")
    for row in comparison.table.itertuples():
        click.echo(
            f"     {row.name:<28} {row.measured_mg_ml:>10.3g} {row.predicted_mg_ml:>10.3g}"
            f" {row.factor:>6.1f}x   {row.low_mg_ml:.2g} to {row.high_mg_ml:.2g}"
        )
    inside, total = int(comparison.table["inside"].sum()), len(comparison.table)
    click.echo(f"   {inside} of {total} measured values lie inside the 90 % interval.\n")


def tell_errors(card: dict[str, Any], comparison: Comparison) -> None:
    """Prints the cross-validated errors and what they mean."""
    metrics = {metrics["split"]: metrics["figures"] for metrics in card["training"]["metrics"]}
    random = metrics["random"]
    click.echo(f"   Cross-validated RMSE on the {card['training']['rows']} training compounds, log10 units:")
    click.echo(f"     this model, random split     {random['rmse']:.2f}")
    click.echo(f"     this model, scaffold split   {metrics['scaffold']['rmse']:.2f}")
    click.echo(f"     training mean                {random['mean_baseline_rmse']:.2f}")
    click.echo(f"     fixed ESOL equation          {comparison.esol_rmse:.2f}  (Delaney 2004, published coefficients)")
    click.echo(
        f"   {card['training']['rows']} compounds give a typical error of about a factor of {10 ** random['rmse']:.0f}."
        " This is a demonstration, not a model to decide with.\n"
    )


def tell_next_steps(url: str, *, keep_running: bool, seconds: float) -> None:
    """Prints what to try next."""
    click.echo(f"Done in {seconds:.0f} s.")
    if not keep_running:
        return
    body = "smiles\\nCCO\\nnot a molecule\\n"
    click.echo(
        f"""The local AWS stays up on {url} until it has been idle for 30 minutes. Its console, in a browser: {url}/
Try:
  source .venv/bin/activate
  chem-endpoints local run -- chem-endpoints predict logs-v1 examples/data/solubility_unseen.csv --out .demo/out.csv
  chem-endpoints local run -- aws sagemaker describe-endpoint --endpoint-name logs-async-v1
  printf '{body}' | curl -s -H 'Content-Type: text/csv' --data-binary @- {url}/endpoints/logs-v1/invocations
  chem-endpoints local down"""
    )
