"""Promise: what nobody has set follows the container's own limits."""

from pathlib import Path

import pytest

from container.server import settings

GIGABYTE = 10**9


@pytest.mark.parametrize("version", [1, 2])
def test_workers_share_what_the_container_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    files = {2: tmp_path / "memory.max", 1: tmp_path / "memory.limit_in_bytes"}
    monkeypatch.setattr(settings, "_MEMORY_LIMITS", tuple(files.values()))
    files[version].write_text(f"{GIGABYTE}\n")
    read = settings.read_settings({"CHEM_ENDPOINTS_WORKERS": "2"})
    assert read.row_memory_bytes == 300 * 10**6


def test_no_limit_is_that_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    monkeypatch.setattr(settings, "_MEMORY_LIMITS", (tmp_path / "memory.max", tmp_path / "not-there"))
    unlimited = settings.read_settings({}).row_memory_bytes
    monkeypatch.setattr(settings, "_MEMORY_LIMITS", ())
    assert settings.read_settings({}).row_memory_bytes == unlimited
