"""Promise: a missing value is marked where training allows one and NaN where it does not; it is never made up."""

import numpy as np
import pytest

from model_scripts.mpnn.encoding import EncodedColumn, encode

NAN = np.nan


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        (EncodedColumn(), [1.5, NAN], [[1.5], [NAN]]),
        (EncodedColumn(gaps=True, fill=7.0), [1.5, NAN], [[1.5, 0], [7.0, 1]]),
        (EncodedColumn(categories=3), [0, 2, NAN], [[1, 0, 0], [0, 0, 1], [NAN, NAN, NAN]]),
        (EncodedColumn(categories=2, gaps=True), [1, NAN], [[0, 1, 0], [0, 0, 1]]),
    ],
)
def test_each_kind_of_column(column: EncodedColumn, values: list[float], expected: list[list[float]]) -> None:
    encoded = column.encode(np.array(values, dtype=np.float32))
    assert encoded.dtype == np.float32
    assert encoded.shape == (len(values), column.width)
    np.testing.assert_array_equal(encoded, np.array(expected, dtype=np.float32))


def test_columns_stand_side_by_side() -> None:
    columns = (EncodedColumn(categories=2), EncodedColumn(), EncodedColumn(gaps=True))
    encoded = encode(columns, np.array([[1, 3.0, NAN]], dtype=np.float32))
    np.testing.assert_array_equal(encoded, [[0, 1, 3.0, 0.0, 1]])
    assert encode((), np.empty((4, 0), dtype=np.float32)).shape == (4, 0)


def test_another_number_of_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="1 descriptor columns, the model reads 2"):
        encode((EncodedColumn(), EncodedColumn()), np.zeros((1, 1), dtype=np.float32))
