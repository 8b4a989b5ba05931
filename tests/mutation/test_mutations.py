"""Promise: for each sharp edge, the one-line change that would cut somebody makes a named test fail.

`make test` looks whether the lines are still there; `make test-infrastructure` applies all of them.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pytest

from mutations import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[2]
APPLY = Path(__file__).with_name("apply_mutations.py")
NEEDED = ("constructs_lib", "stacks", "tests/support", "tests/stacks", "tests/constructs_lib")
NEEDED_FILES = ("tests/conftest.py", "pyproject.toml", "cdk.json", "app.py", "docs/runbook.md", ".dockerignore")
UNCHANGED = "unchanged"


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], str]:
    """What each test said, by mutation (or `UNCHANGED`) and test."""
    copy = tmp_path_factory.mktemp("copy").resolve()
    for name in NEEDED:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "__snapshots__"))
    for name in NEEDED_FILES:
        (copy / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    plain = [{"file": each.file, "find": "", "replace": "", "test": each.test} for each in _one_per_test(MUTATIONS)]
    done = subprocess.run(
        [sys.executable, str(APPLY), str(copy)],
        input=json.dumps([*plain, *map(asdict, MUTATIONS)]),
        env={key: value for key, value in os.environ.items() if not key.startswith(("COV", "PYTEST_"))},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    keys = [(UNCHANGED, each["test"]) for each in plain] + [(each.name, each.test) for each in MUTATIONS]
    return dict(zip(keys, said, strict=True))


def _one_per_test(mutations: tuple[Mutation, ...]) -> list[Mutation]:
    return list({each.test: each for each in mutations}.values())


@pytest.mark.thorough
@pytest.mark.parametrize("applied", MUTATIONS, ids=lambda each: each.name)
def test_the_named_test_notices(verdicts: Mapping[tuple[str, str], str], applied: Mutation) -> None:
    assert verdicts[UNCHANGED, applied.test] == "passed"
    assert verdicts[applied.name, applied.test] == "failed"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_the_line_is_there_exactly_once(mutation: Mutation) -> None:
    assert (ROOT / mutation.file).read_text(encoding="utf-8").count(mutation.find) == 1
    assert mutation.find != mutation.replace


def test_names_tell_mutations_apart() -> None:
    assert len({each.name for each in MUTATIONS}) == len(MUTATIONS)
