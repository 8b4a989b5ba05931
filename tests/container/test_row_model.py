"""Promise: an error by field is raised exactly where a row's reason would be, and never shows what the cell holds."""

import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.wire.csv_cells import MISSING_NUMBER, MISSING_OTHER
from chem_endpoints.wire.features import read_features
from chem_endpoints.wire.manifest import Feature
from container.server.row_model import MAX_FIELD_ERRORS, UNIT_KEY, Row, field_errors, row_model
from manifests import small_manifest

DTYPES = ("float64", "int64", "boolean", "text")


def model_of(*features: Feature) -> type[Row]:
    return row_model(small_manifest(features=features))


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(2**63 - 2, 2**63 + 2),
    st.floats(),
    st.text(),
    st.text("0123456789.eE+- _", max_size=8),
    st.sampled_from(["", MISSING_NUMBER, MISSING_OTHER, "true", "FALSE", "nan", "inf", "1_000", "\ud800", "1e400"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)
FEATURES = st.lists(
    st.builds(
        Feature,
        name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6),
        dtype=st.sampled_from(DTYPES),
        missing=st.sampled_from(["error", "allow"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda feature: feature.name.casefold(),
).filter(lambda features: all(feature.name != "prediction" for feature in features))


@given(FEATURES, st.data())
def test_the_rows_with_errors_are_those_that_would_get_a_reason(features: list[Feature], data: st.DataObject) -> None:
    cells = st.fixed_dictionaries({feature.name: CELLS for feature in features})
    records = data.draw(st.lists(cells, max_size=MAX_FIELD_ERRORS // len(features)))
    frame = pd.DataFrame({f.name: pd.Series([r[f.name] for r in records], dtype=object) for f in features})
    reasons = read_features(frame, features).reasons
    errors = field_errors(records, model_of(*features))
    assert {error["row"] for error in errors} == set(reasons)
    for row, told in reasons.items():
        first = next(error for error in errors if error["row"] == row)
        assert first["type"] == told.partition(":")[0]
        assert repr(first["field"]) in told


@given(CELLS, st.sampled_from(DTYPES), st.sampled_from(["error", "allow"]))
def test_the_model_itself_refuses_the_same_cells(cell: Any, dtype: Any, missing: Any) -> None:
    feature = Feature(name="a", dtype=dtype, missing=missing)
    told = read_features(pd.DataFrame({"a": pd.Series([cell], dtype=object)}), [feature]).reasons
    try:
        model_of(feature).model_validate({"a": cell})
    except ValueError:
        assert told
    else:
        assert not told


def test_an_error_names_row_field_kind_and_what_to_send_but_not_the_cell() -> None:
    model = model_of(Feature(name="smiles", dtype="text"), Feature(name="dose", dtype="float64"))
    records = [{"smiles": "CANARY", "dose": 1}, {"smiles": "", "dose": "CANARY"}, {"smiles": "CANARY"}]
    errors = field_errors(records, model)
    assert errors == [
        {"row": 1, "field": "smiles", "type": "missing_value", "message": "must not be empty"},
        {"row": 1, "field": "dose", "type": "invalid_value", "message": "must hold a number"},
        {"row": 2, "field": "dose", "type": "missing_value", "message": "the row lacks this column"},
    ]
    assert "CANARY" not in json.dumps(errors)


def test_pydantics_own_error_text_does_not_show_the_cell_either() -> None:
    with pytest.raises(ValueError, match="must hold a number") as error:
        model_of(Feature(name="dose", dtype="float64")).model_validate({"dose": "CANARY"})
    assert "CANARY" not in str(error.value)


def test_columns_match_whatever_their_case_and_unknown_ones_are_let_through() -> None:
    model = model_of(Feature(name="Smiles", dtype="text"))
    assert field_errors([{"SMILES": "CCO", "note": [1, {}]}], model) == []


def test_an_absent_column_is_missing_in_every_row_unless_the_model_copes() -> None:
    features = (Feature(name="a", dtype="float64"), Feature(name="b", dtype="int64", missing="allow"))
    errors = field_errors([{"x": 1}, {"x": 2}], model_of(*features))
    assert [(error["row"], error["field"]) for error in errors] == [(0, "a"), (1, "a")]


@pytest.mark.parametrize("cell", [None, "CANARY"])
def test_a_large_request_gives_a_short_list(cell: Any) -> None:
    model = model_of(*(Feature(name=f"f{number}", dtype="float64") for number in range(7)))
    records = [{f"f{number}": cell for number in range(7)}] * 5_000
    errors = field_errors(records, model)
    assert [error["row"] for error in errors] == [place // 7 for place in range(MAX_FIELD_ERRORS)]


def test_names_can_be_any_text() -> None:
    names = ["model_config", "class", "a b", "__init__", "π", "x.y", "0", "features"]
    model = model_of(*(Feature(name=name, dtype="float64") for name in names))
    assert field_errors([dict.fromkeys(names, 1.5)], model) == []
    assert list(model.model_json_schema(by_alias=True)["properties"]) == names


def test_the_schema_tells_types_units_and_what_is_required() -> None:
    dose = Feature(name="dose", dtype="float64", unit="mg/L", description="Dose.", missing="allow")
    schema = model_of(dose, Feature(name="smiles", dtype="text")).model_json_schema(by_alias=True)
    assert schema["required"] == ["smiles"]
    assert schema["properties"]["dose"]["description"] == "Dose. [mg/L]"
    assert schema["properties"]["dose"][UNIT_KEY] == "mg/L"
    assert {kind["type"] for kind in schema["properties"]["dose"]["anyOf"]} == {"number", "string", "null"}
    assert {kind["type"] for kind in schema["properties"]["smiles"]["anyOf"]} == {"string"}
