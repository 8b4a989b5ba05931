"""How often the 90 % interval holds values that its models had not seen, for the card."""

import numpy as np
import numpy.typing as npt

from chem_endpoints.wire.manifest import Coverage
from model_scripts.member import Floats
from model_scripts.trust.intervals import needed_rank

COVERAGE = 0.9


def oof_coverage(
    target: str,
    measured: Floats,
    predicted: Floats,
    folds: npt.NDArray[np.int64],
    *,
    similarity: Floats | None = None,
    scaffold_predicted: Floats | None = None,
) -> tuple[Coverage, ...]:
    """Coverage and mean width of the 90 % interval among rows held out.

    The interval of a row is its out-of-fold prediction ± the conformal quantile of the errors in the *other* folds, so
    that neither its prediction nor its width knows of the row or its fold. Theory bounds the figure over all rows of
    the random split from below (see `model_scripts.trust.intervals`); it says nothing of a third of them, nor of
    scaffolds that the models never saw, whose predictions are given the random split's errors, as they would be in
    service.

    Args:
        target: name, for the entries.
        measured: float64 ``[rows]``, NaN where not measured.
        predicted: float64 ``[rows]``, out-of-fold predictions of the random split.
        folds: int64 ``[rows]``, its folds.
        similarity: float64 ``[rows]``, to the nearest row of the other folds
            (`model_scripts.trust.neighbours.similarity_outside_fold`); ``None``: no thirds.
        scaffold_predicted: float64 ``[rows]``, out-of-fold predictions of the scaffold split; ``None``: no such entry.

    Returns:
        Entries for the random split, its thirds from the least similar on, and the scaffold split; without those
        whose rows are too few for an interval.
    """
    errors = np.abs(measured - predicted)
    widths = _half_widths(errors, folds)
    entries = [_entry(target, "random split", errors, widths, guaranteed=True)]
    if similarity is not None:
        for name, rows in _thirds(similarity).items():
            entries.append(_entry(target, name, errors[rows], widths[rows], guaranteed=False))
    if scaffold_predicted is not None:
        width = np.full(len(measured), _quantile(errors))
        entries.append(_entry(target, "scaffold split", np.abs(measured - scaffold_predicted), width, guaranteed=False))
    return tuple(entry for entry in entries if entry is not None)


def _half_widths(errors: Floats, folds: npt.NDArray[np.int64]) -> Floats:
    widths = np.full(len(errors), np.nan)
    for fold in np.unique(folds):
        widths[folds == fold] = _quantile(errors[folds != fold])
    return widths


def _quantile(errors: Floats) -> float:
    """The conformal quantile of the known errors; NaN where they are too few."""
    known = np.sort(errors[~np.isnan(errors)])
    rank = needed_rank(len(known), COVERAGE)
    return float(known[rank - 1]) if rank <= len(known) else float("nan")


def _entry(target: str, among: str, errors: Floats, widths: Floats, *, guaranteed: bool) -> Coverage | None:
    known = ~np.isnan(errors) & ~np.isnan(widths)
    if not known.any():
        return None
    return Coverage(
        target=target,
        among=among,
        rows=int(known.sum()),
        covered=round(float((errors[known] <= widths[known]).mean()), 4),
        mean_width=round(float(2 * widths[known].mean()), 4),
        guaranteed=guaranteed,
    )


def _thirds(similarity: Floats) -> dict[str, npt.NDArray[np.intp]]:
    """Rows of each third by similarity to the training rows, named with its range; rows without one are in none."""
    known = np.flatnonzero(~np.isnan(similarity))
    thirds = np.array_split(known[np.argsort(similarity[known], kind="stable")], 3)
    names = ("least similar third", "middle third", "most similar third")
    return {
        f"{name}, nn_similarity {similarity[rows[0]]:.2f} to {similarity[rows[-1]]:.2f}": rows
        for name, rows in zip(names, thirds, strict=True)
        if len(rows)
    }
