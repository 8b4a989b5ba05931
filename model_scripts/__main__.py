"""``python -m model_scripts``: writes bundles, as a process of its own; requests come as JSON on standard input."""

import importlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import click
from pydantic import TypeAdapter, ValidationError
from tqdm import tqdm

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.manifest import FIGURES, Metrics, Standardisation
from model_scripts.training.request import TrainingRequest
from model_scripts.training.table import TrainingError

T = TypeVar("T")

FAMILIES: dict[str, str] = {
    "xgboost": "model_scripts.training.xgboost_family:XGBoostFamily",
    "sklearn": "model_scripts.training.sklearn_family:SklearnFamily",
    "torch": "model_scripts.training.torch_family:TorchFamily",
    "chemprop": "model_scripts.training.chemprop_family:ChempropFamily",
}
"""Family → where its class is; imported when it is wanted, as some bring a gigabyte with them."""


@dataclass(frozen=True, kw_only=True)
class _Training(TrainingRequest):
    out: Path
    settings: dict[str, float | int | str | bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Features:
    out: Path
    policy: Standardisation
    settings: dict[str, float | int | str | bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Part:
    name: str
    bundle: Path
    weight: float | None = None


@dataclass(frozen=True, kw_only=True)
class _Combination:
    out: Path
    parts: tuple[_Part, ...]
    require_all: bool = False


@click.group()
def main() -> None:
    """Model scripts of Chem Endpoints."""


@main.command("train")
@click.argument("family", type=click.Choice(list(FAMILIES)))
def train_family(family: str) -> None:
    """Train a model; prints one JSON object about the bundle."""
    from model_scripts.training.train import fits, train

    request = _read_request(_Training)
    try:
        trained_family = family_class(FAMILIES[family]).from_settings(request.settings)
        with (
            tqdm(desc="reading", unit="row", leave=False, disable=None) as rows,
            tqdm(total=fits(request), desc="fitting", unit="model", leave=False, disable=None) as models,
        ):

            def read(done: int, total: int) -> None:
                rows.total = total
                rows.update(done - rows.n)

            bundle = train(request, trained_family, request.out, models.update, read)
    except (TrainingError, BundleError, OSError) as error:
        raise click.ClickException(str(error)) from None
    for line, reason in bundle.skipped.items():
        click.echo(f"line {line} is not used: {reason}", err=True)
    if bundle.manifest.training is not None:
        for figures in bundle.manifest.training.metrics:
            click.echo(_metrics_line(figures, request.unit or "", several=len(request.targets) > 1), err=True)
        for note in bundle.manifest.training.notes:
            click.echo(note, err=True)
    click.echo(json.dumps({"digest": bundle.digest, "out": str(request.out)}))


def family_class(place: str) -> Any:
    """The class that ``module:name`` says."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def _metrics_line(figures: Metrics, unit: str, *, several: bool) -> str:
    what = f"{figures.target}, {figures.split} split" if several else f"{figures.split + ' split':<15}"
    told = ", ".join(f"{FIGURES[name]} {value:.2f}" for name, value in figures.figures.items())
    return f"{what} {figures.folds} folds, {figures.rows} rows: {told} {unit}".rstrip()


@main.command("features")
@click.argument("script")
def features(script: str) -> None:
    """Write the bundle of a feature endpoint; prints one JSON object about it."""
    from model_scripts.feature_bundle import SCRIPTS, write_feature_bundle

    if script not in SCRIPTS:
        raise click.ClickException(f"{script!r} computes no features; {', '.join(SCRIPTS)} do")
    request = _read_request(_Features)
    try:
        digest = write_feature_bundle(script, request.settings, request.policy, request.out)
    except (BundleError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(json.dumps({"digest": digest, "out": str(request.out)}))


@main.command("combine")
@click.argument("how", type=click.Choice(["concat", "mean", "weighted", "vote"]))
def combine(how: Literal["concat", "mean", "weighted", "vote"]) -> None:
    """Write the bundle that serves several as one; prints one JSON object about it."""
    from model_scripts.combination_bundle import RequestedPart, write_combination

    request = _read_request(_Combination)
    parts = [RequestedPart(name=part.name, bundle=part.bundle, weight=part.weight) for part in request.parts]
    try:
        digest = write_combination(how, parts, request.out, require_all=request.require_all)
    except (BundleError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(json.dumps({"digest": digest, "out": str(request.out)}))


def _read_request(kind: type[T]) -> T:
    try:
        return TypeAdapter(kind).validate_json(sys.stdin.buffer.read())
    except ValidationError as error:
        problems: list[Any] = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise click.ClickException(f"the request is malformed: {'; '.join(problems)}") from None


@main.command("solubility-reference")
@click.argument("training", type=click.Path(path_type=Path, exists=True))
@click.argument("unseen", type=click.Path(path_type=Path, exists=True))
def reference(training: Path, unseen: Path) -> None:
    """Figures beside which the demonstration prints its own, as one JSON object."""
    from model_scripts.chemistry.smiles import SmilesError
    from model_scripts.training.solubility_reference import solubility_reference

    try:
        click.echo(json.dumps(solubility_reference(training, unseen)))
    except SmilesError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main(prog_name="python -m model_scripts")
