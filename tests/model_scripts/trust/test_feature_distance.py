"""Promise: distances are those that are documented, bit-equal in any batch; a training row is told of another row."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_scripts.inputs import MatrixColumn
from model_scripts.trust import feature_distance
from model_scripts.trust.feature_distance import TrainingRows

COLUMNS = (
    MatrixColumn(name="logp"),
    MatrixColumn(name="mass"),
    MatrixColumn(name="assay", categories=("a", "b", "c")),
    MatrixColumn(name="constant"),
    MatrixColumn(name="mostly_zero"),
)


def table(rows: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    matrix = np.stack(
        [
            rng.normal(size=rows),
            rng.lognormal(5, 0.4, size=rows),
            rng.integers(0, 3, rows),
            np.full(rows, 0.1),
            rng.integers(0, 10, rows) // 9,
        ],
        axis=1,
    ).astype(np.float32)
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    return matrix


TRAINING = table(60, seed=0)
QUERIES = np.concatenate([table(25, seed=1), TRAINING[:5]])
IDS = [str(row) for row in range(60)]
VALUES = np.arange(60) / 10


@pytest.fixture(scope="module")
def training() -> TrainingRows:
    return TrainingRows.build(TRAINING, COLUMNS, IDS, VALUES)


def scale(column: np.ndarray) -> float:
    known = np.sort(column[~np.isnan(column)].astype(float))
    if known[0] == known[-1]:
        return math.inf
    low, high = np.percentile(known, [25, 75])
    return float(high - low) or float(np.std(known))


def centre(column: np.ndarray) -> float:
    return float(np.median(column[~np.isnan(column)].astype(float)))


def by_definition(row: np.ndarray, other: np.ndarray) -> float:
    total = 0.0
    for column, one, two in zip(range(5), row.tolist(), other.tolist(), strict=True):
        total += math.isnan(one) != math.isnan(two)
        if COLUMNS[column].categories:
            total += one != two and not math.isnan(one) and not math.isnan(two)
            continue
        one, two = (centre(TRAINING[:, column]) if math.isnan(value) else value for value in (one, two))
        total += ((one - two) / scale(TRAINING[:, column])) ** 2
    return math.sqrt(total)


def test_distances_are_those_of_the_definition(training: TrainingRows) -> None:
    found = training.nearest(QUERIES)
    assert found.values is not None
    for row, query in enumerate(QUERIES):
        others = [other for other in range(60) if not np.array_equal(TRAINING[other], query, equal_nan=True)]
        distances = {other: by_definition(query, TRAINING[other]) for other in others}
        assert found.scores[row] == pytest.approx(np.mean(sorted(distances.values())[:5]), rel=1e-5)
        assert distances[int(found.ids[row])] == pytest.approx(min(distances.values()), rel=1e-5)
        assert found.values[row] == VALUES[int(found.ids[row])]
    assert found.in_training.tolist() == [False] * 25 + [True] * 5
    assert (found.scores > 0).all()


def test_the_threshold_is_the_higher_95th_percentile_of_the_rows_own_distances(training: TrainingRows) -> None:
    own = np.sort(training.nearest(TRAINING).scores)
    assert training.threshold == own[math.ceil(0.95 * 59)]
    found = training.nearest(QUERIES)
    assert found.in_domain.tolist() == (found.scores <= training.threshold).tolist()
    assert np.isnan(TRAINING[:, 0]).sum() >= 5  # rows that lack the number are no neighbours of one far away
    far = np.nan_to_num(TRAINING[:1]) + np.array([[50, 0, 0, 0, 0]], dtype=np.float32)
    assert not training.nearest(far).in_domain[0]


@given(st.lists(st.sampled_from(range(len(QUERIES))), min_size=1, max_size=20), st.integers(1, 19))
def test_a_rows_distance_is_the_same_bits_in_any_batch(training: TrainingRows, asked: list[int], cut: int) -> None:
    matrix = QUERIES[asked]
    whole, parts = training.nearest(matrix), [training.nearest(matrix[:cut]), training.nearest(matrix[cut:])]
    assert whole.scores.tobytes() == np.concatenate([part.scores for part in parts]).tobytes()
    for name in ("ids", "in_training", "in_domain"):
        assert getattr(whole, name).tolist() == np.concatenate([getattr(part, name) for part in parts]).tolist()


def test_ties_go_to_the_smallest_id() -> None:
    matrix = np.array([[0.0], [2.0], [10.0], [10.0]], dtype=np.float32)
    tied = TrainingRows.build(matrix, COLUMNS[:1], ["10", "9", "8", "7"], None)
    assert tied.nearest(np.array([[1.0], [10.0]], dtype=np.float32)).ids.tolist() == ["9", "9"]
    assert tied.nearest(np.array([[9.0]], dtype=np.float32)).ids.tolist() == ["7"]


def test_equal_rows_have_no_other_and_no_domain() -> None:
    same = TrainingRows.build(np.zeros((4, 1), dtype=np.float32), COLUMNS[:1], list("abcd"), np.zeros(4))
    found = same.nearest(np.array([[-0.0], [1.0]], dtype=np.float32))
    assert found.ids.tolist() == [None, "a"]
    assert found.in_training.tolist() == [True, False]
    assert found.in_domain.tolist() == [False, False]
    assert found.values is not None
    assert np.isnan(found.values).tolist() == [True, False]


def test_numbers_at_the_end_of_the_range_are_far_and_nothing_worse(training: TrainingRows) -> None:
    largest = np.full((1, 5), np.finfo(np.float32).max, dtype=np.float32)
    found = training.nearest(np.concatenate([largest, -largest]))
    assert np.isfinite(found.scores).all()
    assert not found.in_domain.any()


def test_of_many_rows_a_sample_is_kept_and_every_one_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_distance, "MOST_ROWS", 20)
    one, two = (TrainingRows.build(TRAINING, COLUMNS, IDS, VALUES) for _ in range(2))
    assert len(one.ids) == 20
    assert one.to_bytes() == two.to_bytes()
    assert one.nearest(TRAINING).in_training.all()


def test_it_survives_its_file_and_does_not_know_the_order_of_training(training: TrainingRows) -> None:
    data = training.to_bytes()
    back = TrainingRows.from_bytes(data)
    assert back.to_bytes() == data
    assert back.nearest(QUERIES).scores.tobytes() == training.nearest(QUERIES).scores.tobytes()
    order = np.random.default_rng(1).permutation(60)
    assert TrainingRows.build(TRAINING[order], COLUMNS, [IDS[row] for row in order], VALUES[order]).to_bytes() == data


def test_without_values_none_are_told() -> None:
    several = TrainingRows.build(TRAINING, COLUMNS, IDS, None)
    assert TrainingRows.from_bytes(several.to_bytes()).nearest(QUERIES).values is None
