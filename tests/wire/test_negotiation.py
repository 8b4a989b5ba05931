"""Promise: a caller gets the format it asks for, or is told which there are."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.wire.content_types import (
    ARROW,
    CSV,
    JSON,
    JSON_LINES,
    PARQUET,
    answer_type,
    is_streaming,
    request_type,
)
from chem_endpoints.wire.errors import NotAcceptableError, UnsupportedContentTypeError
from chem_endpoints.wire.options import RequestOptions, parse_options
from chem_endpoints.wire.tags import format_settings, parse_settings


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (None, CSV),
        ("", CSV),
        ("text/csv; charset=utf-8", CSV),
        ("Application/JSON", JSON),
        ("*/*", CSV),
        (ARROW, ARROW),
        (" ; charset=utf-8", CSV),
        ("application/octet-stream", CSV),
        ("application/x-ndjson", JSON_LINES),
        ("application/ndjson; charset=utf-8", JSON_LINES),
        ("application/jsonl", JSON_LINES),
        ("application/x-jsonlines", JSON_LINES),
        ("application/json-lines", JSON_LINES),
        ("application/x-parquet", PARQUET),
        ("application/parquet", PARQUET),
        (PARQUET, PARQUET),
    ],
)
def test_request_types(header: str | None, name: str) -> None:
    assert request_type(header) == name


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, ARROW),
        ("*/*", ARROW),
        ("text/csv", CSV),
        ("text/*", CSV),
        ("application/json;q=0.9, text/csv;q=0.2", JSON),
        ("text/csv;q=0, application/json", JSON),
        ("text/csv, application/json", CSV),  # what the SageMaker SDK sends
        ("application/*", ARROW),
        ("image/png, */*;q=0.1", ARROW),
        ("text/csv;q=0, */*", ARROW),
        ("*/*, text/csv;q=0", ARROW),
        ("application/vnd.apache.arrow.stream;q=0, */*", CSV),
        ("text/*;q=0, */*", ARROW),
        ("application/*;q=0, */*", CSV),
        ("text/csv;q=0.4, */*;q=0.5", ARROW),
        ("text/*, application/json", JSON),  # named before covered
        ("text/csv;q=0.5, text/*;q=0.1, application/json;q=0.3", CSV),
        ("text/csv;q=0.5, application/json;q=nan, application/jsonlines;q=9", CSV),
        ("application/x-ndjson", JSON_LINES),
        ("application/jsonl;q=0.9, application/json;q=0.8", JSON_LINES),
        ("application/parquet", PARQUET),
        ("TEXT/CSV;Q=1.000", CSV),
        ("text/csv;header=present;q=0.1, application/json;q=.2", JSON),
        ("text/csv;q=0, text/csv", CSV),
        (",,text/csv,", CSV),
    ],
)
def test_answer_types(accept: str | None, name: str) -> None:
    assert answer_type(accept, request=ARROW) == name


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "text/csv;q=0",
        "text/csv;q=x",
        "*/*;q=0",
        "*/*;q=0, text/csv;q=0.0",
        "application/vnd.apache.arrow.file",
        ",",
    ],
)
def test_nothing_acceptable_is_said(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match=CSV):
        answer_type(accept, request=CSV)


@pytest.mark.parametrize(
    ("accept", "streams"),
    [
        (None, False),
        ("*/*", False),
        ("application/*", False),
        ("text/csv", False),
        ("application/jsonlines;q=0", False),
        ("application/jsonlines", True),
        ("application/x-ndjson", True),
        ("text/csv;q=0.1, Application/JSONLines;q=0.5", True),
    ],
)
def test_only_who_names_json_lines_gets_rows_as_they_finish(accept: str | None, streams: bool) -> None:
    assert is_streaming(accept) is streams


@given(st.text(max_size=40) | st.lists(st.sampled_from(["text/csv", "*/*", ";q=", "0.5", ",", "text/*"])).map("".join))
def test_no_header_raises_anything_else(header: str) -> None:
    with contextlib.suppress(NotAcceptableError):
        assert answer_type(header, request=CSV)
    with contextlib.suppress(UnsupportedContentTypeError):
        assert request_type(header)
    assert is_streaming(header) in (True, False)


def test_an_unknown_request_type_is_said() -> None:
    with pytest.raises(UnsupportedContentTypeError, match="'application/x-npy' is not read here"):
        request_type("application/x-npy")
    with pytest.raises(UnsupportedContentTypeError, match=PARQUET):
        request_type("application/vnd.apache.arrow.file")


def test_options_survive_their_header_and_unknown_ones_are_ignored() -> None:
    options = RequestOptions(returned="added", request_id="r-1")
    assert parse_options(options.to_header()) == options
    assert parse_options("return=everything;x;y=1") == RequestOptions()
    assert parse_options(None) == RequestOptions()


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,20}", fullmatch=True), st.integers(0, 10**9), max_size=5))
def test_client_settings_survive_their_tag(settings: dict[str, int]) -> None:
    assert parse_settings(format_settings(settings)) == settings
