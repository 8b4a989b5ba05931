"""How well the families predict compounds held out, and how often their 90 % interval holds: any table, any seed.

    .venv/bin/python -m benchmarks.accuracy --data delaney-processed.csv --smiles smiles \\
        --target "measured log solubility in mols per litre" [--family xgboost] [--seeds 10] [--members 1]

For each seed the compounds (duplicates, salts and stereoisomers together, by the first block of the InChIKey) are
shuffled by ``numpy.random.RandomState(seed).permutation`` and cut 80/10/10, at random and by scaffold. The middle tenth
is left unused: hyperparameters are the family's defaults, fixed before. Nothing is tuned, and nothing stops early, on
the last tenth, which the figures come from. Everything goes the way of ``chem-endpoints train`` and of the served
model: the bundle is written, read again, and its script predicts the test rows. The bundle is a lenient one, so that a
descriptor that is undefined for a test compound alone does not take the compound out of the figure.
"""

import importlib
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.figures import Figures
from chem_endpoints.wire.bundle import unpack
from chem_endpoints.wire.columns import INTERVAL_HIGH, INTERVAL_LOW, PREDICTION, SMILES
from model_scripts.__main__ import FAMILIES, family_class
from model_scripts.training.request import TrainingRequest
from model_scripts.training.table import read_table
from model_scripts.training.train import train

SPLITS = ("random", "scaffold")
TEST_SHARE = VALIDATION_SHARE = 0.1
TARGET = "target"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one split showed.

    Attributes:
        rmse, baseline: of the model, and of always answering the training mean.
        covered: test rows inside the 90 % interval, and all of them.
        width: mean width of the interval.
        seconds: processor time.
    """

    rmse: float
    baseline: float
    covered: tuple[int, int]
    width: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What the figures of one split have to be; ``None``: there is no target.

    Attributes:
        rmse: at most.
        coverage: share of test rows inside the interval, least and most.
        width: mean width of the interval, at most.
    """

    rmse: float | None
    coverage: tuple[float, float] | None
    width: float | None


@click.command(help=__doc__.partition("\n")[0] if __doc__ else None)
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), required=True, help="CSV file with a header line."
)
@click.option("--smiles", required=True, help="Column of structures.")
@click.option("--target", required=True, help="Column of measured numbers.")
@click.option("--family", type=click.Choice(list(FAMILIES)), default="xgboost", show_default=True)
@click.option("--descriptors", default=None, help="Default: descriptors_2d; none for chemprop.")
@click.option("--members", default=None, type=int, help="Models whose mean is predicted. Default: 1; 3 for chemprop.")
@click.option("--seeds", default=10, show_default=True, help="How many.")
@click.option("--first-seed", default=0, show_default=True, help="The first of them; the others follow.")
@click.option("--folds", default=5, show_default=True, help="Of the cross-validation inside; 0: no interval.")
@click.option("--split", "splits", type=click.Choice(SPLITS), multiple=True, default=SPLITS, show_default=True)
@click.option("--most-rmse", type=(click.Choice(SPLITS), float), multiple=True, help="A target: split, mean RMSE.")
@click.option("--coverage", type=(float, float), default=None, help="A target: least and most share, random split.")
@click.option("--most-width", type=float, default=None, help="A target: mean width of the interval, random split.")
def main(
    data: Path,
    smiles: str,
    target: str,
    family: str,
    descriptors: str | None,
    members: int | None,
    seeds: int,
    first_seed: int,
    folds: int,
    splits: Sequence[str],
    most_rmse: Sequence[tuple[str, float]],
    coverage: tuple[float, float] | None,
    most_width: float | None,
) -> None:
    """Prints one line per seed and split, and the means."""
    graphs = family == "chemprop"
    request = TrainingRequest(
        data=data,
        targets=(target,),
        smiles=smiles,
        descriptors=descriptors or (None if graphs else "descriptors_2d"),
        refits=members or (3 if graphs else 1),
        folds=folds,
        neighbours=False,
        lenient=True,
    )
    table = read_table(request)
    click.echo(f"{len(table.ids)} rows, {len(set(table.compounds))} compounds, {family}, {request.descriptors}")
    figures = Figures()
    for split in splits:
        groups = table.compounds if split == "random" else table.scaffolds or []
        outcomes = []
        for seed in range(first_seed, first_seed + seeds):
            outcomes.append(_outcome(request, table.frame, table.targets[:, 0], groups, family, seed))
            click.echo(f"  {split} seed {seed}: {_told(outcomes[-1])}")
        click.echo(f"{split}: {_summary(outcomes)}")
        random = split == "random"  # no coverage is promised by scaffold
        targets = Targets(
            rmse=dict(most_rmse).get(split),
            coverage=coverage if random else None,
            width=most_width if random else None,
        )
        _judge(split, outcomes, targets, figures)
    sys.exit(figures.exit_status())


def _judge(split: str, outcomes: Sequence[Outcome], targets: Targets, figures: Figures) -> None:
    errors = np.array([outcome.rmse for outcome in outcomes])
    baselines = np.array([outcome.baseline for outcome in outcomes])
    note = f"± {_spread(errors):.3f} over {len(outcomes)} seeds, training mean {baselines.mean():.2f}"
    name = f"{split} split: RMSE, mean"
    if targets.rmse is None:
        figures.seen(name, errors.mean(), note=note)
    else:
        figures.at_most(name, errors.mean(), targets.rmse, note=note)
    width = float(np.mean([outcome.width for outcome in outcomes]))
    if np.isnan(width):
        return
    covered = sum(outcome.covered[0] for outcome in outcomes) / sum(outcome.covered[1] for outcome in outcomes)
    name = f"{split} split: share of test rows inside the 90 % interval"
    if targets.coverage is None:
        figures.seen(name, covered)
    else:
        low, high = targets.coverage
        figures.at_least(name, covered, low)
        figures.at_most(f"{name}, not too many", covered, high)
    name = f"{split} split: mean width of the interval"
    if targets.width is None:
        figures.seen(name, width)
    else:
        figures.at_most(name, width, targets.width)


def _outcome(
    request: TrainingRequest,
    frame: pd.DataFrame,
    measured: npt.NDArray[np.float64],
    groups: Sequence[str],
    family: str,
    seed: int,
) -> Outcome:
    known, test = split_rows(groups, seed)
    started = time.process_time()
    predicted = _predict(request, frame, measured, known, test, family, seed)
    truth = measured[test]
    low, high = predicted[INTERVAL_LOW].to_numpy(), predicted[INTERVAL_HIGH].to_numpy()
    inside = int(((low <= truth) & (truth <= high)).sum())
    return Outcome(
        rmse=float(np.sqrt(np.mean((predicted[PREDICTION].to_numpy() - truth) ** 2))),
        baseline=float(np.sqrt(np.mean((measured[known].mean() - truth) ** 2))),
        covered=(inside, len(truth)),
        width=float(np.mean(high - low)),
        seconds=time.process_time() - started,
    )


def split_rows(groups: Sequence[str], seed: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Training and test rows: whole groups, shuffled by the seed, fill the training part first, the test part last."""
    names = np.array(sorted(set(groups)))
    members = {name: np.flatnonzero(np.array(groups) == name) for name in names}
    rows = len(groups)
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    for name in names[np.random.RandomState(seed).permutation(len(names))]:
        sizes = [len(part) for part in parts]
        room = [rows * (1 - TEST_SHARE - VALIDATION_SHARE), rows * VALIDATION_SHARE, rows]
        place = next(number for number in range(3) if sizes[number] < room[number])
        parts[place].extend(members[name].tolist())
    return np.sort(np.array(parts[0], dtype=np.intp)), np.sort(np.array(parts[2], dtype=np.intp))


def _predict(
    request: TrainingRequest,
    frame: pd.DataFrame,
    measured: npt.NDArray[np.float64],
    known: npt.NDArray[np.intp],
    test: npt.NDArray[np.intp],
    family: str,
    seed: int,
) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        part, packed = Path(folder) / "train.csv", Path(folder) / "model.tar.gz"
        frame.iloc[known].assign(**{TARGET: measured[known]}).to_csv(part, index=False)
        fields = {**vars(request), "data": part, "targets": (TARGET,), "smiles": SMILES, "seed": seed}
        bundle = train(
            TrainingRequest(**fields), family_class(FAMILIES[family]).from_settings({}), packed, lambda: None
        )
        unpack(packed, Path(folder) / "model")
        script = importlib.import_module(f"model_scripts.{bundle.manifest.script}")
        model = script.model_fn(str(Path(folder) / "model"))
        rows = frame.iloc[test].reset_index(drop=True)
        answer: pd.DataFrame = script.predict_fn(rows, model)
    failed = answer[answer["prediction_error"] != ""]
    if len(failed):
        raise click.ClickException(f"{len(failed)} test rows were not predicted: {failed['prediction_error'].iloc[0]}")
    return answer


def _told(outcome: Outcome) -> str:
    inside, rows = outcome.covered
    held = "no interval" if np.isnan(outcome.width) else f"interval holds {inside} of {rows}, width {outcome.width:.2f}"
    return f"RMSE {outcome.rmse:.3f} (training mean {outcome.baseline:.3f}), {held}, {outcome.seconds:.0f} CPU s"


def _summary(outcomes: Sequence[Outcome]) -> str:
    errors = np.array([outcome.rmse for outcome in outcomes])
    baselines = np.array([outcome.baseline for outcome in outcomes])
    inside = sum(outcome.covered[0] for outcome in outcomes)
    rows = sum(outcome.covered[1] for outcome in outcomes)
    widths = np.array([outcome.width for outcome in outcomes])
    error = (
        f"RMSE {errors.mean():.3f} ± {_spread(errors):.3f}"
        f" (training mean {baselines.mean():.3f} ± {_spread(baselines):.3f})"
    )
    if np.isnan(widths).all():
        return error
    return (
        f"{error}; 90 % interval: coverage {inside / rows:.1%} pooled,"
        f" mean width {widths.mean():.2f} ± {_spread(widths):.2f}"
    )


def _spread(values: npt.NDArray[np.float64]) -> float:
    """Standard deviation over the seeds; 0 for one."""
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
