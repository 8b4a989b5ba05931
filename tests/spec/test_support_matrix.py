"""The table has a source in each cell and an alternative where it refuses what a declaration can ask for."""

from dataclasses import fields

import pytest

from chem_endpoints.spec.support_matrix import SUPPORT, Cell, Kind


def cells(kind: Kind) -> dict[str, Cell[object]]:
    return {field.name: getattr(SUPPORT[kind], field.name) for field in fields(SUPPORT[kind])}


@pytest.mark.parametrize("kind", SUPPORT)
def test_each_cell_names_its_source(kind: Kind) -> None:
    assert all(cell.source for cell in cells(kind).values())


def test_what_separates_the_kinds() -> None:
    realtime, asynchronous = SUPPORT["realtime"], SUPPORT["async"]
    assert (realtime.data_capture.value, asynchronous.data_capture.value) == (True, False)
    assert (realtime.scale_to_zero.value, asynchronous.scale_to_zero.value) == (False, True)
    assert (realtime.response_seconds.value, asynchronous.response_seconds.value) == (60, 3600)
    assert (realtime.queue_seconds.value, asynchronous.queue_seconds.value) == (0, 6 * 3600)
    assert (realtime.request_bytes.value, asynchronous.request_bytes.value) == (25 * 1024**2, 1024**3)
    assert (realtime.inline_request_bytes.value, asynchronous.inline_request_bytes.value) == (25 * 1024**2, 128_000)


def test_refusals_name_an_alternative() -> None:
    refused = (SUPPORT["async"].data_capture, SUPPORT["realtime"].retained_objects, SUPPORT["realtime"].scale_to_zero)
    assert all(cell.instead for cell in refused)
