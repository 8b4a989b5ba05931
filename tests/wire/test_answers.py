"""Promise: an answer of hundreds of columns is put together at once, each row with its outputs or its reason."""

import pandas as pd

from chem_endpoints.wire.answers import assemble_answer, empty_answer, restore_answer
from chem_endpoints.wire.manifest import Output

WIDE = (
    *(Output(name=f"d{number}", dtype="float64") for number in range(300)),
    Output(name="note", dtype="text"),
    Output(name="count", dtype="int64"),
    Output(name="flag", dtype="boolean"),
)


def predicted() -> pd.DataFrame:
    numbers = {output.name: [1.5, 2.5] for output in WIDE[:300]}
    return pd.DataFrame({**numbers, "note": ["a", "b"], "count": [1, 2], "flag": [True, False]}, index=[0, 2])


def test_wide_answers_are_assembled_without_a_warning_and_rows_with_a_reason_are_empty() -> None:
    answer = assemble_answer(predicted(), WIDE, rows=3, reasons={1: "too_large: x", 2: "timeout: y"})
    assert list(answer.columns) == [*(output.name for output in WIDE), "prediction_error"]
    assert answer["d299"].isna().tolist() == [False, True, True]
    assert answer["note"].isna().tolist() == [False, True, True]
    assert answer["count"].astype(object).tolist()[0] == 1
    assert answer["flag"].isna().tolist() == [False, True, True]
    assert answer["prediction_error"].tolist() == ["", "too_large: x", "timeout: y"]
    assert answer.dtypes.astype(str).to_dict() == empty_answer(WIDE, 3).dtypes.astype(str).to_dict()


def test_what_travelled_is_restored_as_it_was() -> None:
    answer = assemble_answer(predicted(), WIDE, rows=3, reasons={1: "too_large: x"})
    restored = restore_answer(answer, WIDE)
    assert restored.dtypes.equals(answer.dtypes)
    # Under pandas 2 texts are objects, whose missing cells may be None or NaN.
    pd.testing.assert_frame_equal(restored.astype({"note": "string"}), answer.astype({"note": "string"}))
