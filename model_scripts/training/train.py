"""Training, the same for every family: judge by cross-validation, refit on all rows, write the bundle."""

import importlib
import importlib.metadata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from chem_endpoints.wire.bundle import write_bundle
from chem_endpoints.wire.bundle_contents import digests, version_of
from chem_endpoints.wire.manifest import Coverage, Ensemble, Manifest, Metrics, Training
from model_scripts.member import Member
from model_scripts.served_model import CALIBRATION_FILE, TRAINING_ROWS_FILE, TRAINING_SET_FILE
from model_scripts.training.cross_validation import CrossValidation, Split, cross_validate
from model_scripts.training.declaration import declared
from model_scripts.training.evaluation import metrics
from model_scripts.training.family import Family
from model_scripts.training.golden_rows import UNKNOWN, golden_rows
from model_scripts.training.request import TrainingRequest
from model_scripts.training.table import Reading, TrainingError, TrainingTable, read_table, unwatched
from model_scripts.trust.calibration import Calibration
from model_scripts.trust.coverage import oof_coverage

GOLDEN_ROWS = 5
LENIENT = (
    "Lenient: values that cannot be used count as missing. Where training held none missing in that column, trees take"
    " the branch of their default, scikit-learn pipelines the column's median, networks its mean."
)


@dataclass(frozen=True, kw_only=True)
class TrainedBundle:
    """What was written."""

    digest: str
    manifest: Manifest
    skipped: dict[int, str]


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """What the cross-validation taught.

    Attributes:
        random, scaffold: by each way of splitting; ``None``: not done.
        notes: what the card must say about it.
    """

    random: CrossValidation | None
    scaffold: CrossValidation | None
    notes: tuple[str, ...]


def fits(request: TrainingRequest) -> int:
    """Models that are fitted, for the progress bar."""
    ways = 0 if not request.folds else 2 if request.smiles else 1
    return request.folds * ways + request.refits


def train(
    request: TrainingRequest,
    family: Family,
    out: Path,
    progress: Callable[[], object],
    reading: Reading = unwatched,
) -> TrainedBundle:
    """Judges the family by cross-validation, fits the members that are shipped on all rows, and writes the bundle.

    Args:
        request: what to train on.
        family: what to train.
        out: bundle to write.
        progress: called when a model has been fitted; see `fits`.
        reading: see `read_table`.

    Raises:
        TrainingError: the table cannot be trained on, see `read_table`; or a feature bears an output's name.
    """
    _check_numbers(request)
    table = read_table(request, reading)
    judged = _judge(request, family, table, progress)
    refits = []
    for number in range(request.refits):
        refits.append(family.fit(table.inputs, table.targets, table.task, seed=request.seed + number))
        progress()
    files = _files(request, family, table, judged, refits)
    draft = _manifest(request, family, table, judged, files)
    golden = golden_rows(draft, files, _spread_rows(table), family.relative_tolerance)
    manifest = draft.model_copy(update={"golden": golden})
    return TrainedBundle(digest=write_bundle(out, manifest, files), manifest=manifest, skipped=table.skipped)


def _check_numbers(request: TrainingRequest) -> None:
    if request.folds == 1 or request.folds < 0:
        raise TrainingError("folds must be 0 (no cross-validation) or at least 2")
    if request.refits < 1:
        raise TrainingError("at least one model must be trained on all rows")


def _judge(request: TrainingRequest, family: Family, table: TrainingTable, progress: Callable[[], object]) -> _Judged:
    if not request.folds:
        return _Judged(
            random=None, scaffold=None, notes=("No cross-validation was asked for: the errors are unknown.",)
        )
    if len(set(table.compounds)) < request.folds:
        raise TrainingError(f"{len(set(table.compounds))} distinct compounds, at least {request.folds} are needed")

    def validated(split: Split, groups: Sequence[str]) -> CrossValidation:
        return cross_validate(
            family,
            table.inputs,
            table.targets,
            table.task,
            groups,
            split=split,
            folds=request.folds,
            seed=request.seed,
            progress=progress,
        )

    notes = [
        "The figures come from out-of-fold predictions: each row is predicted by the one model of the cross-validation"
        " that saw neither it nor another form of its compound. The served predictions are those of"
        f" {'a model' if request.refits == 1 else f'{request.refits} models'} fitted again on all rows."
    ]
    random = validated("random", table.compounds)
    if table.scaffolds is None:
        return _Judged(random=random, scaffold=None, notes=tuple(notes))
    if len(set(table.scaffolds)) < request.folds:
        notes.append(f"There is no scaffold split: the compounds have fewer than {request.folds} scaffolds.")
        return _Judged(random=random, scaffold=None, notes=tuple(notes))
    return _Judged(random=random, scaffold=validated("scaffold", table.scaffolds), notes=tuple(notes))


def _files(
    request: TrainingRequest, family: Family, table: TrainingTable, judged: _Judged, refits: Sequence[Member]
) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for number, member in enumerate(refits):
        files |= family.files(f"refit_{number}", member)
    for number, member in enumerate(judged.random.members if judged.random is not None else ()):
        files |= family.files(f"fold_{number}", member)
    calibration = _calibration(table, judged)
    if calibration is not None:
        files[CALIBRATION_FILE] = calibration.to_bytes()
    if request.neighbours:
        files |= _neighbours(table)
    return files


def _calibration(table: TrainingTable, judged: _Judged) -> Calibration | None:
    if judged.random is None or table.task.kind != "regression":
        return None
    return Calibration.of(table.targets, judged.random.predicted, judged.random.fold_of)


def _neighbours(table: TrainingTable) -> dict[str, bytes]:
    """What finds the nearest training row."""
    values = table.targets[:, 0] if not table.task.several else None
    if table.inputs.molecules is not None:
        from model_scripts.trust.neighbours import TrainingSet

        known = TrainingSet.build(table.inputs.molecules, table.ids, values, table.compounds)
        return {TRAINING_SET_FILE: known.to_bytes()}
    from model_scripts.trust.feature_distance import TrainingRows

    rows = TrainingRows.build(table.inputs.matrix, table.inputs.columns, table.ids, values)
    return {TRAINING_ROWS_FILE: rows.to_bytes()}


def _manifest(
    request: TrainingRequest, family: Family, table: TrainingTable, judged: _Judged, files: dict[str, bytes]
) -> Manifest:
    made_by, *_ = family.libraries
    calibration = _calibration(table, judged)
    script = importlib.import_module(f"model_scripts.{family.script}")
    columns = declared(request, table, script)
    return Manifest(
        script=family.script,
        framework=f"{made_by} {version_of(made_by)}",
        task=table.task.kind,
        targets=columns.targets,
        classes=table.task.classes,
        features=table.features,
        outputs=columns.outputs,
        on_request=columns.on_request,
        descriptors=columns.descriptors,
        standardisation=request.standardisation if request.smiles else None,
        ensemble=Ensemble(refits=request.refits, folds=request.folds),
        libraries={name: version_of(name) for name in _libraries(request, family)},
        files=digests(files),
        training=Training(
            rows=len(table.targets),
            data_sha256=table.sha256,
            seed=request.seed,
            settings=family.settings,
            metrics=_metrics(table, judged),
            coverage=_coverage(table, judged),
            notes=(
                *judged.notes,
                *((LENIENT,) if request.lenient else ()),
                *(calibration.notes(table.task.targets) if calibration is not None else ()),
            ),
        ),
        golden=UNKNOWN,
    )


def _libraries(request: TrainingRequest, family: Family) -> list[str]:
    return sorted({*family.libraries, "numpy", *(["rdkit"] if request.smiles else [])})


def _metrics(table: TrainingTable, judged: _Judged) -> tuple[Metrics, ...]:
    done = [held_out for held_out in (judged.random, judged.scaffold) if held_out is not None]
    return tuple(figures for held_out in done for figures in metrics(held_out, table.targets, table.task))


def _coverage(table: TrainingTable, judged: _Judged) -> tuple[Coverage, ...]:
    random, scaffold = judged.random, judged.scaffold
    if random is None or table.task.kind != "regression":
        return ()
    similarity = None
    if table.inputs.molecules is not None:
        from model_scripts.trust.neighbours import similarity_outside_fold

        similarity = similarity_outside_fold(table.inputs.molecules, random.fold_of)
    return tuple(
        entry
        for number, target in enumerate(table.task.targets)
        for entry in oof_coverage(
            target,
            table.targets[:, number],
            random.predicted[:, number],
            random.fold_of,
            similarity=similarity,
            scaffold_predicted=scaffold.predicted[:, number] if scaffold is not None else None,
        )
    )


def _spread_rows(table: TrainingTable) -> pd.DataFrame:
    """Some training rows, from the lowest to the highest first target."""
    spread = np.linspace(0, len(table.targets) - 1, GOLDEN_ROWS).round().astype(int)
    rows = np.argsort(table.targets[:, 0], kind="stable")[spread]
    spread_rows: pd.DataFrame = table.frame.iloc[rows].reset_index(drop=True)
    return spread_rows
