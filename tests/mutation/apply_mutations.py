"""Applies mutations to a copy of the repository, one at a time, and runs the test that must notice each.

    python apply_mutations.py COPY < mutations.json > outcomes.json

A mutation is ``{"file", "find", "replace", "test"}``; ``find`` empty: nothing is changed. An outcome is ``passed``,
``failed`` (the test itself said so), or a sentence on why the test could not judge. All run in this one process,
because starting the JavaScript engine of CDK takes longer than most of the tests.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


class Outcome:
    """What the one test did."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Each phase of the test."""
        self.reports.append((report.when or "", report.outcome, report.longreprtext))

    @property
    def verdict(self) -> str:
        """passed, failed, or why there is none."""
        calls = [outcome for phase, outcome, _ in self.reports if phase == "call"]
        if len(calls) == 1:
            return calls[0]
        broken = [text.splitlines()[-1] for _, outcome, text in self.reports if outcome == "failed"]
        return f"ran {len(calls)} tests: {'; '.join(broken)}"


@contextlib.contextmanager
def mutated(path: Path, find: str, replace: str) -> Iterator[None]:
    """The file with the one change in it."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(find, replace), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(text, encoding="utf-8")


def forget_modules_of(copy: Path) -> None:
    """Makes the next import read the files again."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(f"{copy}{os.sep}"):
            del sys.modules[name]


def run(copy: Path, test: str) -> str:
    """Verdict of one test on the copy as it is."""
    forget_modules_of(copy)
    outcome = Outcome()
    with contextlib.redirect_stdout(sys.stderr):
        pytest.main(["-q", "--tb=line", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov", test], [outcome])
    loaded = sys.modules.get("constructs_lib")
    if loaded is None or not str(loaded.__file__).startswith(str(copy)):
        return "the test did not load the copy"
    return outcome.verdict


def main(copy: Path) -> None:
    """Reads mutations, writes verdicts."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(copy))
    os.chdir(copy)
    verdicts = []
    for mutation in json.load(sys.stdin):
        with mutated(copy / mutation["file"], mutation["find"], mutation["replace"]):
            verdicts.append(run(copy, mutation["test"]))
    json.dump(verdicts, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
