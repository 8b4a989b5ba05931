"""Pages that are followed as a reader does, each once in a session, and the demonstration that some need."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from page_fences import ROOT, page
from page_run import PageRun, follow
from reader_clone import ReaderClone, demonstrated


@pytest.fixture(scope="session")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], PageRun]]:
    """``followed("docs/local.md")``: the page's local fences, run; skipped where the CDK CLI is not installed."""
    if not (ROOT / "node_modules/.bin/cdk").exists():
        pytest.skip("the CDK CLI is not installed: run ./setup.sh")
    folders: list[Path] = []

    def folder(name: str) -> Path:
        folders.append(tmp_path_factory.mktemp(name))
        return folders[-1]

    with ExitStack() as until_the_end:

        @cache
        def demo() -> ReaderClone:
            return until_the_end.enter_context(demonstrated(folder("demo")))

        @cache
        def run(name: str) -> PageRun:
            return follow(page(name), folder("page"), demo)

        yield run
    for each in folders:
        shutil.rmtree(each)
