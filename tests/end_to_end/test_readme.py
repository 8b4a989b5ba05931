"""Promise: the commands and the code in the README do what they say, in the order in which they stand there."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

pytestmark = [pytest.mark.end_to_end, pytest.mark.thorough]
RUN_BY_OTHERS = {"make demo", "make test"}
"""The demonstration's own tests run the first one's command; this is the second."""


def blocks(root: Path, language: str) -> list[str]:
    text = (root / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language} local\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def copy_of_the_clone(root: Path, tmp_path: Path) -> Iterator[Path]:
    """The files that git knows, with the set-up of this clone: commands may write here."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        target = tmp_path / "clone" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, target)
    for folder in (".venv", "node_modules"):
        (tmp_path / "clone" / folder).symlink_to(root / folder)
    yield tmp_path / "clone"
    subprocess.run([".venv/bin/chem-endpoints", "local", "down"], cwd=tmp_path / "clone", check=True)


def test_the_way_by_hand(root: Path, copy_of_the_clone: Path) -> None:
    commands = [block.strip() for block in blocks(root, "bash")]
    assert set(commands) >= RUN_BY_OTHERS
    (by_hand,) = [block for block in commands if block not in RUN_BY_OTHERS]
    by_hand = by_hand.replace("local up --detach", "local up --detach --port 0")  # another one may be up
    told = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", by_hand], cwd=copy_of_the_clone, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "14 of 14 rows predicted" in told.stdout
    predicted = pd.read_csv(copy_of_the_clone / "predicted.csv")
    assert predicted["prediction"].notna().all()
