"""The pages of the documentation, and what stands fenced in them: commands, code, and what these print."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
RUN: Final = frozenset({"bash", "python"})
"""Languages of fences that a reader runs; each such fence is marked `local` or `aws`."""
OTHER_SHELLS: Final = frozenset({"sh", "shell", "console", "zsh", "py", "pycon", "ipython"})
"""Other names of the same languages: refused, so that no fence escapes by its name."""
OUTPUT: Final = ("text", "output")
_OPENING = re.compile(r"^(?P<indent> *)```(?P<language>[\w.+-]*) *(?P<mark>[^`\n]*)$")


@dataclass(frozen=True, kw_only=True)
class Fence:
    """A fenced block of a page."""

    page: str
    """Path of the page below the root."""
    line: int
    """The line of the page, from 1, that opens it."""
    language: str
    mark: str
    body: str

    @property
    def place(self) -> str:
        """``PAGE:LINE``."""
        return f"{self.page}:{self.line}"

    @property
    def is_output(self) -> bool:
        """Whether it is what the fence before it prints."""
        return (self.language, self.mark) == OUTPUT


@dataclass(frozen=True, kw_only=True)
class Step:
    """A fence to run, and what it is said to print."""

    fence: Fence
    outputs: tuple[Fence, ...]
    """The output fences that follow; none: the page does not say. Of several each shows a part, in their order."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of the documentation."""

    name: str
    text: str

    @cached_property
    def fences(self) -> tuple[Fence, ...]:
        """All fenced blocks, in their order."""
        return tuple(_fences(self.name, self.text))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The fences that are run here, each with the outputs that follow it."""
        steps: list[Step] = []
        for number, fence in enumerate(self.fences):
            if fence.language in RUN and fence.mark == "local":
                after = takewhile(lambda one: one.is_output, self.fences[number + 1 :])
                steps.append(Step(fence=fence, outputs=tuple(after)))
        return tuple(steps)

    @property
    def needs(self) -> frozenset[str]:
        """What must be there before the page is followed: the words of its comment ``<!-- needs: … -->``."""
        found = re.search(r"^<!-- needs: ([a-z, ]+) -->$", self.text, re.MULTILINE)
        return frozenset(found[1].replace(",", " ").split()) if found else frozenset()

    @property
    def run_by(self) -> str | None:
        """The test that runs its fences in another way, from a comment ``<!-- run by: tests/… -->``; else None."""
        found = re.search(r"^<!-- run by: (tests/\S+\.py) -->$", self.text, re.MULTILINE)
        return found[1] if found else None

    @property
    def takes_minutes(self) -> bool:
        """Whether the page says, in a comment ``<!-- takes: minutes -->``, that following it takes long."""
        return "<!-- takes: minutes -->" in self.text or "demo" in self.needs


def _fences(page: str, text: str) -> list[Fence]:
    found: list[Fence] = []
    opening: re.Match[str] | None = None
    began, body = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if opening is None:
            opening, began, body = _OPENING.match(line), number, []
        elif line.strip() == "```":
            language, mark = opening["language"], opening["mark"].strip()
            found.append(Fence(page=page, line=began, language=language, mark=mark, body="".join(body)))
            opening = None
        else:
            body.append(f"{line.removeprefix(opening['indent'])}\n")
    if opening is not None:
        raise ValueError(f"{page}:{began}: the fence is never closed")
    return found


def page(name: str) -> Page:
    """The page at that path below the root."""
    return Page(name=name, text=(ROOT / name).read_text(encoding="utf-8"))


def pages() -> list[Page]:
    """README.md, the pages of docs/, and the README.md of each example that git does not ignore."""
    git = shutil.which("git")
    assert git is not None
    command = [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z", "README.md", "docs", "examples"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    names = sorted(
        {name for name in listed if name.endswith("README.md") or (name.startswith("docs/") and name.endswith(".md"))}
    )
    return [page(name) for name in names if (ROOT / name).is_file()]
