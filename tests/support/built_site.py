"""The documentation site as `make docs` builds it."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from page_fences import ROOT


def build_site(folder: Path) -> Path:
    """Builds the site into the folder and returns it; a warning fails, and without MkDocs the test is skipped."""
    if find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed: pip install -e '.[docs]'")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder
