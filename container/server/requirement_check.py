"""``requirements.txt`` of a bundle: compared with what is installed, never installed."""

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

_COMMENT = re.compile(r"(^|\s)#.*")
_PER_REQUIREMENT_OPTION = re.compile(r"\s--?[a-zA-Z].*")
_UNREADABLE_OPTIONS = re.compile(r"(-r|-c|-e|--requirement|--constraint|--editable)\b")


def unmet_requirements(path: Path) -> list[str]:
    """What of a requirements file this image does not have, one sentence each; empty: all is there.

    Versions are compared as PEP 440 says; of a requirement by URL, the name alone. Lines for other platforms
    (PEP 508 markers) and pip's options for finding packages are passed over.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return [f"{path.name} cannot be read ({type(error).__name__})"]
    problems = (_problem(line, f"{path.name} line {number}") for number, line in _lines(text))
    return [problem for problem in problems if problem]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and contents of each logical line: continued lines joined, comments and blank lines left out."""
    joined, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        first = first or number
        joined += _COMMENT.sub("", line).rstrip()
        if joined.endswith("\\"):
            joined = joined[:-1] + " "
            continue
        if joined.strip():
            yield first, joined.strip()
        joined, first = "", 0
    if joined.strip():
        yield first, joined.strip()


def _problem(line: str, where: str) -> str | None:
    if line.startswith("-"):
        return f"{where} refers to another file: write it out" if _UNREADABLE_OPTIONS.match(line) else None
    try:
        requirement = Requirement(_PER_REQUIREMENT_OPTION.sub("", line))
    except InvalidRequirement:
        return f"{where} is not a requirement that can be read"
    if requirement.marker is not None and not requirement.marker.evaluate():
        return None
    try:
        installed = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if not requirement.specifier.contains(installed, prereleases=True):
        return f"{requirement.name} {installed} is installed, {requirement.specifier} is required"
    return None
