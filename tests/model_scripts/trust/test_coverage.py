"""Promise: the card's coverage is counted on rows held out, by widths that know neither the row nor its fold."""

import numpy as np
import pytest

from model_scripts.trust.coverage import oof_coverage

RNG = np.random.default_rng(3)
ROWS = 600
FOLDS = RNG.integers(0, 5, ROWS)
MEASURED = RNG.normal(size=ROWS)
PREDICTED = MEASURED + RNG.normal(size=ROWS)
SIMILARITY = RNG.random(ROWS)


def test_the_share_and_the_width_are_those_of_the_other_folds_errors() -> None:
    (entry,) = oof_coverage("log_s", MEASURED, PREDICTED, FOLDS)
    errors, held, widths = np.abs(MEASURED - PREDICTED), [], []
    for row, fold in enumerate(FOLDS):
        others = sorted(errors[fold != FOLDS])
        width = others[-(-9 * (len(others) + 1) // 10) - 1]
        held.append(errors[row] <= width)
        widths.append(2 * width)
    assert (entry.target, entry.among, entry.rows, entry.guaranteed) == ("log_s", "random split", ROWS, True)
    assert entry.covered == pytest.approx(np.mean(held), abs=1e-4)
    assert entry.mean_width == pytest.approx(np.mean(widths), abs=1e-4)
    assert entry.covered == pytest.approx(0.9, abs=0.03)


def test_a_row_does_not_set_its_own_width() -> None:
    wild = PREDICTED.copy()
    wild[FOLDS == 0] += 100
    entry, *_ = oof_coverage("log_s", MEASURED, wild, FOLDS)
    own = (FOLDS == 0).mean()
    assert entry.covered < 1 - own + 0.01  # none of that fold is covered, however wild the fold is


def test_thirds_run_from_the_least_to_the_most_similar_and_promise_nothing() -> None:
    predicted = MEASURED + (PREDICTED - MEASURED) * np.where(SIMILARITY < 0.3, 3, 1)
    entries = oof_coverage("log_s", MEASURED, predicted, FOLDS, similarity=SIMILARITY)[1:]
    assert [entry.among.split(",")[0] for entry in entries] == [
        "least similar third", "middle third", "most similar third",
    ]  # fmt: skip
    assert [entry.rows for entry in entries] == [200, 200, 200]
    assert entries[0].covered < entries[2].covered
    assert not any(entry.guaranteed for entry in entries)


def test_scaffolds_are_given_the_random_splits_errors() -> None:
    scaffold = MEASURED + 2 * (PREDICTED - MEASURED)
    random, scaffolds = oof_coverage("log_s", MEASURED, PREDICTED, FOLDS, scaffold_predicted=scaffold)
    assert (scaffolds.among, scaffolds.guaranteed) == ("scaffold split", False)
    assert scaffolds.mean_width == pytest.approx(random.mean_width, rel=0.05)
    assert scaffolds.covered < random.covered - 0.1


def test_rows_that_were_not_measured_and_rows_without_neighbour_do_not_count() -> None:
    measured, similarity = MEASURED.copy(), SIMILARITY.copy()
    measured[:100], similarity[100:160] = np.nan, np.nan
    whole, *thirds = oof_coverage("log_s", measured, PREDICTED, FOLDS, similarity=similarity)
    assert whole.rows == 500
    assert sum(third.rows for third in thirds) == 440


def test_too_few_rows_give_no_entry() -> None:
    few = slice(0, 10)
    assert oof_coverage("log_s", MEASURED[few], PREDICTED[few], np.arange(10) % 5, similarity=SIMILARITY[few]) == ()
