"""Links from pages to files beside docs/: such files become pages of the site, so that each link works in both places.

A page in docs/ links as the repository needs it, ``../examples/kubernetes/README.md``. On the site that file is the
page ``repository/examples/kubernetes/README.md``, and links in it go back the same way."""

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

DOCS: Final = "docs"
REPOSITORY: Final = "repository"
"""Where the site has files of the repository that are not in docs/."""
LANGUAGES: Final = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".sh": "bash", ".toml": "toml"}
_LINK = re.compile(r"(?P<before>\]\()(?P<target>[^)\s#]*)(?P<after>(?:#[^)\s]*)?\))")
_ELSEWHERE = re.compile(r"^(?:[a-z]+:|/|$)")


def site_page(path: str) -> str:
    """Where the site has this file of the repository, as a path below docs/."""
    inside = posixpath.relpath(path, DOCS)
    if not inside.startswith(".."):
        return inside
    # A file that is no page becomes one; so does a folder.
    return f"{REPOSITORY}/{path}" if path.endswith(".md") else f"{REPOSITORY}/{path.rstrip('/')}.md"


def linked(text: str, path: str) -> Iterator[str]:
    """Files of the repository that the Markdown file at ``path`` links to."""
    for line in _prose(text):
        for found in _LINK.finditer(line):
            if not _ELSEWHERE.match(found["target"]):
                yield posixpath.normpath(posixpath.join(posixpath.dirname(path), found["target"]))


def for_the_site(text: str, path: str) -> str:
    """The Markdown file at ``path`` with its links as the site needs them."""
    here = posixpath.dirname(site_page(path))

    def moved(found: re.Match[str]) -> str:
        if _ELSEWHERE.match(found["target"]):
            return found[0]
        target = site_page(posixpath.normpath(posixpath.join(posixpath.dirname(path), found["target"])))
        return f"{found['before']}{posixpath.relpath(target, here)}{found['after']}"

    return _map_prose(text, lambda line: _LINK.sub(moved, line))


def outside_files(root: Path, pages: list[str]) -> list[str]:
    """Files beside docs/ that these pages link to, and that these files link to in turn.

    Args:
        root: of the repository.
        pages: paths below the root.
    """
    found: list[str] = []
    to_read = list(pages)
    while to_read:
        path = to_read.pop()
        for target in linked((root / path).read_text(encoding="utf-8"), path):
            if target.startswith((f"{DOCS}/", "..")) or target in found or not (root / target).exists():
                continue
            found.append(target)
            if target.endswith(".md"):
                to_read.append(target)
    return sorted(found)


def as_page(root: Path, path: str) -> str:
    """The page that shows a file, or a folder's files, of the repository."""
    file = root / path
    if path.endswith(".md"):
        return for_the_site(file.read_text(encoding="utf-8"), path)
    if file.is_dir():
        names = sorted(f"- `{one.name}`" for one in file.iterdir() if not one.name.startswith((".", "__")))
        return "\n".join([f"# `{path}/`", "", *names, ""])
    language = LANGUAGES.get(file.suffix, "text")
    return f"# `{path}`\n\n~~~~{language}\n{file.read_text(encoding='utf-8')}~~~~\n"


def _prose(text: str) -> Iterator[str]:
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield line


def _map_prose(text: str, changed: Callable[[str], str]) -> str:
    fenced, lines = False, []
    for line in text.splitlines():
        marks = line.lstrip().startswith("```")
        fenced = fenced != marks
        lines.append(line if fenced or marks else changed(line))
    return "\n".join(lines) + "\n"
