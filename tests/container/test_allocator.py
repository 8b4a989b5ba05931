"""Promise: workers keep the memory that requests need again, unless the operator says otherwise."""

import pytest

from container.server.allocator import KEPT, keep_memory


def test_the_operator_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = KEPT
    monkeypatch.setenv(mine, "1000")
    monkeypatch.delenv(other, raising=False)
    keep_memory()
    import os

    assert os.environ[mine] == "1000"
    assert os.environ[other] == KEPT[other]
    monkeypatch.delenv(other)
