"""Writes the reference pages that follow from the code: ``python docs/site/reference.py [--check]``.

They lie in docs/reference/ and in git, so that they can be read without building the site; ``--check`` writes
nothing and fails where a page is no longer what the code says."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from alarms_page import alarms_page
from commands_page import commands_page
from declaration_page import declaration_page
from environment_page import environment_page
from errors_page import errors_page
from kinds_page import kinds_page
from python_page import python_page

FOLDER: Final = Path(__file__).parents[1] / "reference"
PAGES: Final[dict[str, Callable[[], str]]] = {
    "declaration.md": declaration_page,
    "kinds.md": kinds_page,
    "commands.md": commands_page,
    "python.md": python_page,
    "alarms.md": alarms_page,
    "environment.md": environment_page,
    "errors.md": errors_page,
}
"""File in docs/reference/ → what writes it."""


def main() -> int:
    """Writes or checks the pages; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is out of date")
    check = parser.parse_args().check
    FOLDER.mkdir(exist_ok=True)
    old = []
    for name, made in PAGES.items():
        page, text = FOLDER / name, made()
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        old.append(name)
        if not check:
            page.write_text(text, encoding="utf-8")
            print(f"docs/reference/{name}: written")
    if check and old:
        print(f"docs/reference: out of date: {', '.join(old)}. Write them: make docs", file=sys.stderr)
    return int(check and bool(old))


if __name__ == "__main__":
    sys.exit(main())
