"""Follows a page as a reader does: its local fences in their order, in a fresh clone; compares what they print.

As a command it shows what each fence printed and how long it took; ``--write`` puts that into the page's outputs:

    python tests/support/page_run.py docs/local.md [--write]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from awake_endpoint import awaken
from chem_endpoints.local.address import FOLDER_VARIABLE, state_file
from chem_endpoints.local.server_process import free_port
from output_masks import difference
from page_fences import ROOT, Page, Step, page, pages
from page_session import Printed, Session
from reader_clone import ReaderClone, demonstrated, make_clone, reader_environment

BARE = ("README.md", "docs/tutorials/")
"""Pages that begin with a clone whose `.venv` is not active; the others' readers have activated it."""
URL = "http://localhost:5066"
"""The local AWS as pages write it. It gets the port of the run, and that is all that is changed in a page."""
COMMON_NAMES = {"df": 'import pandas; df = pandas.read_csv("examples/data/solubility_unseen.csv")'}
"""Words of ``needs`` that stand for a name which the page's Python has; else ``demo`` alone is known."""
RUN_BY_ITSELF = {
    "make test": "this is part of it",
}
"""Fences that are not run here, by their body, with the reason."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A fence that was run."""

    step: Step
    printed: Printed
    seconds: float

    @property
    def complaint(self) -> str | None:
        """What is wrong with it, for the reader of a test's report; None: nothing."""
        if self.printed.failed is not None:
            return f"{self.step.fence.page}:{self.printed.failed}: failed. It printed:\n{self.printed.text}"
        if not self.step.outputs:
            return None
        differs = difference("".join(output.body for output in self.step.outputs), self.printed.text)
        return differs and f"{self.step.outputs[0].place}: the page shows something else than was printed:\n{differs}"


@dataclass(frozen=True, kw_only=True)
class PageRun:
    """A page that was followed to its end, or to its first failure."""

    page: Page
    ran: list[Ran] = field(default_factory=list)
    clone: Path
    """What the page made lies there."""

    @property
    def complaints(self) -> list[str]:
        """All that is wrong."""
        return [told for one in self.ran if (told := one.complaint)]

    @property
    def seconds(self) -> float:
        """Seconds that the fences took."""
        return sum(one.seconds for one in self.ran)

    def printed(self, words: str) -> str:
        """What the one fence printed that contains these words."""
        (found,) = [one.printed.text for one in self.ran if words in one.step.fence.body]
        return found


def follow(followed: Page, folder: Path, demo: Callable[[], ReaderClone]) -> PageRun:
    """Runs the page's local fences until one fails.

    Args:
        followed: the page.
        folder: an empty one, for the clone and everything that the page makes.
        demo: gives the demonstration, if the page needs it.
    """
    root = make_clone(folder)
    ready = not followed.name.startswith(BARE)
    port = free_port()
    variables = reader_environment(folder, root, port, ready=ready)
    if "demo" in followed.needs:
        shown = demo()
        port = shown.port
        awaken("logs-async-v1", f"http://localhost:{port}")  # The page before may have let it fall asleep.
        variables |= {name: shown.variables[name] for name in shown.variables.keys() - variables.keys()}
        variables[FOLDER_VARIABLE] = str(state_file(shown.root).parent)
    clone = ReaderClone(root=root, port=port, variables=variables)
    run = PageRun(page=followed, clone=root)
    try:
        with Session(folder=folder / "steps", clone=root, variables=variables) as session:
            for word in sorted(followed.needs & COMMON_NAMES.keys()):
                session.python("needs", COMMON_NAMES[word], 0)
            for step in followed.steps:
                if step.fence.body.strip() in RUN_BY_ITSELF:
                    continue
                run.ran.append(_run(session, step, port))
                if run.ran[-1].printed.failed is not None:
                    break
    finally:
        clone.local_down()
    return run


def _run(session: Session, step: Step, port: int) -> Ran:
    fence = step.fence
    code = fence.body.replace(URL, f"http://localhost:{port}")
    started = time.perf_counter()
    if fence.language == "bash":
        printed = session.bash(code, fence.line)
    else:
        printed = session.python(fence.page, code, fence.line)
    return Ran(step=step, printed=printed, seconds=time.perf_counter() - started)


def _write(run: PageRun) -> None:
    if page(run.page.name) != run.page:
        raise SystemExit(f"{run.page.name}: changed while it was followed; nothing is written. Run it again")
    lines = run.page.text.splitlines()
    for one in reversed(run.ran):
        if len(one.step.outputs) == 1 and one.complaint and one.printed.failed is None:
            (output,) = one.step.outputs
            told = one.printed.text.rstrip("\n").splitlines()
            lines[output.line : output.line + len(output.body.splitlines())] = [line.rstrip() for line in told]
    (ROOT / run.page.name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> int:
    """Follows the pages that are named; all without names. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="paths below the root; default: all")
    parser.add_argument("--write", action="store_true", help="put what was printed where the page shows something else")
    asked = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder, ExitStack() as until_the_end:

        @cache
        def demo() -> ReaderClone:
            return until_the_end.enter_context(demonstrated(Path(tempfile.mkdtemp(dir=folder))))

        for followed in [page(name) for name in asked.names] or pages():
            run = follow(followed, Path(tempfile.mkdtemp(dir=folder)), demo)
            for one in run.ran:
                print(f"--- {one.step.fence.place} ({one.seconds:.1f} s)\n{one.printed.text.rstrip()}")
            if asked.write:
                _write(run)
            failed = failed or bool(run.complaints)
            print(*run.complaints, f"=== {followed.name}: {len(run.ran)} fences, {run.seconds:.1f} s", sep="\n\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
