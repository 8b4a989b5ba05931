"""Promise: strict JSON names the rows of the request, also of a body that is read in groups."""

import io
from functools import partial
from typing import Any

import pytest

from chem_endpoints.wire.content_types import JSON_LINES
from chem_endpoints.wire.manifest import Feature
from container.server import body_source
from container.server.asking import Ask
from container.server.body_source import BodyReader, BodySource
from container.server.field_check import FieldsError
from container.server.plain_csv import HeaderPlans
from manifests import small_manifest

ASK = Ask(content_type=JSON_LINES, accept=JSON_LINES, returned="all", limit=10**9, strict=True)


@pytest.mark.parametrize("bad", [0, 999, 1000, 2500])
def test_a_row_is_counted_from_the_start_of_the_body(bad: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole: Any = body_source.read_row_groups
    by_thousands: Any = partial(whole, group_rows=1000)
    monkeypatch.setattr(body_source, "read_row_groups", by_thousands)
    manifest = small_manifest({}, features=(Feature(name="smiles", dtype="text"),))
    lines = [b'{"smiles": null}' if row == bad else b'{"smiles": "CCO"}' for row in range(2600)]
    body = b"\n".join(lines)
    with pytest.raises(FieldsError, match=f"^row {bad}, field 'smiles'") as told:
        for _ in BodyReader(manifest, HeaderPlans(manifest)).groups(
            BodySource(file=io.BytesIO(body), size=len(body)), ASK
        ):
            pass
    assert [error["row"] for error in told.value.details["errors"]] == [bad]
