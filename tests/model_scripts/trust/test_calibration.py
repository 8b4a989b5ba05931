"""Promise: a calibration survives its file bit for bit, the file is plain, and the card is told what is missing."""

import io

import numpy as np
import pytest

from model_scripts.trust.arrays import array_to_texts, pack, texts_to_array, unpack
from model_scripts.trust.calibration import NOT_GUARANTEED, Calibration

RNG = np.random.default_rng(4)
MEASURED = RNG.normal(size=(3_000, 2))
MEASURED[12:, 1] = np.nan
PREDICTED = MEASURED + RNG.normal(size=(3_000, 2))
FOLDS = np.arange(3_000) % 5
CALIBRATION = Calibration.of(MEASURED, PREDICTED, FOLDS)


def test_it_survives_its_file_and_the_file_is_the_same_every_time() -> None:
    data = CALIBRATION.to_bytes()
    back = Calibration.from_bytes(data)
    assert back.to_bytes() == data == Calibration.of(MEASURED, PREDICTED, FOLDS).to_bytes()
    assert back.variances == CALIBRATION.variances
    for ours, theirs in zip(CALIBRATION.residuals, back.residuals, strict=True):
        assert (theirs.rows, theirs.step) == (ours.rows, ours.step)
        assert theirs.errors.tobytes() == ours.errors.tobytes()
        assert theirs.folds.tobytes() == ours.folds.tobytes()


def test_more_than_ten_targets_keep_their_order() -> None:
    measured = RNG.normal(size=(40, 12)) * np.arange(1, 13)
    many = Calibration.of(measured, np.zeros((40, 12)), np.arange(40) % 4)
    back = Calibration.from_bytes(many.to_bytes())
    assert [one.errors.max() for one in back.residuals] == [one.errors.max() for one in many.residuals]


def test_the_file_stays_small_however_many_rows_there_are() -> None:
    assert len(CALIBRATION.to_bytes()) < 12_000


def test_variances_are_of_the_measured_rows() -> None:
    assert CALIBRATION.variances == pytest.approx((MEASURED[:, 0].var(), MEASURED[:12, 1].var()))


def test_the_card_names_each_interval_that_is_missing_and_what_none_promises() -> None:
    assert CALIBRATION.notes(("log_s", "log_p")) == (
        "log_p: the 95% interval is missing: it needs 19 measured rows, and there are 12",
        NOT_GUARANTEED,
    )


def test_a_target_that_was_never_measured_has_no_interval_and_no_variance() -> None:
    none = Calibration.of(np.full((30, 1), np.nan), np.zeros((30, 1)), np.arange(30) % 3)
    assert np.isnan(none.variances[0])
    assert len(none.notes(("log_s",))) == 5
    assert Calibration.from_bytes(none.to_bytes()).residuals[0].rows == 0


def test_files_hold_no_pickle() -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        pack({"objects": np.array([{}], dtype=object)})
    pickled = io.BytesIO()
    np.savez(pickled, objects=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        unpack(pickled.getvalue())


def test_texts_survive_with_every_character() -> None:
    texts = ("", "7", "a\0", "naïve\n", "β")
    assert array_to_texts(texts_to_array(texts)) == texts
