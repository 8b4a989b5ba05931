"""Promise: records are filtered and joined as the developer guide's examples show, or the filter is refused."""

from typing import Any

import pytest

from chem_endpoints.local.transform_filters import FilterError, RecordFilters, RecordPath

RECORD = {"id": 7, "features": [1, 2], "more": {"a": 1, "b": 2}}


@pytest.mark.parametrize(
    ("path", "value", "selected"),
    [
        ("$", RECORD, RECORD),
        ("$.features", RECORD, [1, 2]),
        ("$.more.b", RECORD, 2),
        ("$['id']", RECORD, 7),
        ("$['id','features']", RECORD, {"id": 7, "features": [1, 2]}),
        ("$.more['a', 'b']", RECORD, {"a": 1, "b": 2}),
        ("$.more.['a','b']", RECORD, {"a": 1, "b": 2}),
        ("$.more.*", RECORD, [1, 2]),
        ("$.features[*]", RECORD, [1, 2]),
        ("$[1]", [4, 5, 6], 5),
        ("$[-1]", [4, 5, 6], 6),
        ("$[0,-1]", [4, 5, 6], [4, 6]),
        ("$[1:]", [4, 5, 6], [5, 6]),
        ("$[-2:]", [4, 5, 6], [5, 6]),
        ("$[0,2:]", [4, 5, 6, 7], [4, 6, 7]),
    ],
)
def test_a_path_selects_what_the_guide_says(path: str, value: Any, selected: Any) -> None:
    assert RecordPath.parse(path).of(value) == selected


@pytest.mark.parametrize("path", ["", "features", "$.", "$[1:4]", "$[?(@.a)]", "$..id", "$.a.*.b", "$[", '$["id"]'])
def test_another_path_is_refused(path: str) -> None:
    with pytest.raises(FilterError):
        RecordPath.parse(path)


@pytest.mark.parametrize(("path", "value"), [("$.x", RECORD), ("$[9]", [1]), ("$[0]", RECORD), ("$.x", [1])])
def test_a_record_without_what_is_selected_is_an_error(path: str, value: Any) -> None:
    with pytest.raises(FilterError, match="a record"):
        RecordPath.parse(path).of(value)


def filters(content_type: str = "application/jsonlines", **processing: str) -> RecordFilters:
    return RecordFilters.of(processing, content_type)


def test_json_is_joined_under_the_names_that_sagemaker_reserves() -> None:
    joined = filters(JoinSource="Input")
    assert joined.output(b'{"key":1}', b'{"label":1}') == b'{"key":1,"SageMakerOutput":{"label":1}}'
    assert joined.output(b"[1,2]", b"3") == b'{"SageMakerInput":[1,2],"SageMakerOutput":3}'


def test_csv_is_joined_by_appending_and_stays_csv() -> None:
    joined = filters("text/csv; charset=utf-8", InputFilter="$[1:]", JoinSource="Input", OutputFilter="$[0,-1]")
    assert joined.request(b'id-1,"a,b",2') == b'"a,b",2'
    assert joined.output(b'id-1,"a,b",2', b"0.5") == b"id-1,0.5"


def test_an_id_is_kept_from_the_model_and_comes_back() -> None:
    given = filters(InputFilter="$.features", JoinSource="Input", OutputFilter="$['id','SageMakerOutput']")
    assert given.request(b'{"id":7,"features":[1,2]}') == b"[1,2]"
    assert given.output(b'{"id":7,"features":[1,2]}', b"3") == b'{"id":7,"SageMakerOutput":3}'


def test_without_filters_bytes_are_not_touched() -> None:
    given = filters()
    assert not given.change_anything
    assert given.request(b" { not json ") == b" { not json "


def test_csv_has_no_names() -> None:
    with pytest.raises(FilterError, match="by number"):
        filters("text/csv", InputFilter="$.id")


def test_what_is_no_json_is_an_error() -> None:
    with pytest.raises(FilterError, match="no JSON"):
        filters(InputFilter="$.id").request(b"CCO")
