"""Promise: a caller gets the format it asks for, or is told which there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chem_endpoints.wire.content_types import ARROW, CSV, JSON, answer_type, request_type
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
    ],
)
def test_answer_types(accept: str | None, name: str) -> None:
    assert answer_type(accept, request=ARROW) == name


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "text/csv;q=x"])
def test_nothing_acceptable_is_said(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match=CSV):
        answer_type(accept, request=CSV)


def test_an_unknown_request_type_is_said() -> None:
    with pytest.raises(UnsupportedContentTypeError, match="'application/x-npy' is not read here"):
        request_type("application/x-npy")


def test_options_survive_their_header_and_unknown_ones_are_ignored() -> None:
    options = RequestOptions(returned="added", request_id="r-1")
    assert parse_options(options.to_header()) == options
    assert parse_options("return=everything;x;y=1") == RequestOptions()
    assert parse_options(None) == RequestOptions()


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,20}", fullmatch=True), st.integers(0, 10**9), max_size=5))
def test_client_settings_survive_their_tag(settings: dict[str, int]) -> None:
    assert parse_settings(format_settings(settings)) == settings
