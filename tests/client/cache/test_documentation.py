"""Promise: the code of docs/cache.md runs as it is written, and its figures and names are those of the code."""

import re
from typing import Any

import pandas as pd
import pytest

import chem_endpoints
from cached_endpoints import FIRST_MODEL, SECOND_MODEL, StandInEndpoint
from chem_endpoints.client.cache import s3_store
from chem_endpoints.client.cache.cache import InferenceCache
from chem_endpoints.client.cache.pieces import KEPT_EVERY_SECONDS
from chem_endpoints.client.cache.storable import PASSING_STATUSES
from chem_endpoints.client.user_folders import CACHE_VARIABLE


@pytest.fixture
def page(root: Any) -> str:
    return str((root / "docs" / "cache.md").read_text(encoding="utf-8"))


def test_the_code_runs(page: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    endpoint = StandInEndpoint()
    monkeypatch.setattr(chem_endpoints, "Endpoint", lambda name: endpoint, raising=False)
    monkeypatch.setattr(chem_endpoints, "InferenceCache", InferenceCache, raising=False)
    names: dict[str, Any] = {
        "df": pd.DataFrame({"smiles": ["CCO", "CCN", "CCCC"], "temperature": 20.0}),
        "old_model": FIRST_MODEL,
        "new_model": SECOND_MODEL[:10],
    }
    first, second, third = re.findall(r"^```python (?:local|aws)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    exec(first, names)
    assert capsys.readouterr().out == "3 cached, 0 asked\n"
    endpoint.model = SECOND_MODEL
    names["cached"].inference(names["df"])
    exec(third, names)
    assert capsys.readouterr().out.count("\n") == 4
    exec(second, names)
    assert capsys.readouterr().out.startswith("6 answers of 2 model(s), in ")
    assert names["cached"].info().rows == 0


def test_the_figures_and_names_are_the_codes(page: str) -> None:
    assert f"when there are {s3_store.PARTS_BEFORE_COMPACTION}" in page
    assert KEPT_EVERY_SECONDS == 300
    assert "about every five minutes" in " ".join(page.split())
    assert CACHE_VARIABLE in page
    for output, statuses in PASSING_STATUSES.items():
        assert all(f"`{output}` is `{status}`" in page for status in statuses)
