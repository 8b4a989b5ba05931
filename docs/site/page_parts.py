"""What the generated pages are made of: headings, tables, and the line that says where a page comes from."""

import re
from collections.abc import Iterable, Sequence


def generated_page(title: str, introduction: str, parts: Iterable[str]) -> str:
    """A whole page; each part is a heading, a paragraph or a table."""
    note = "<!-- Written by `make docs` from the code: change the code, not this page. -->"
    return "\n\n".join([f"# {title}", note, introduction, *parts]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; each cell stands in one line."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cell(each) for each in row)} |" for row in rows]
    return "\n".join(lines)


def cell(value: object) -> str:
    """Text as a cell may hold it; upright strokes that separate no cells are escaped."""
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(str(value).split()))


def code(value: object) -> str:
    """As code; nothing for nothing."""
    return f"`{value}`" if value != "" else ""


def prose(docstring: str) -> str:
    """A docstring's text in one paragraph, its double backticks as Markdown has them."""
    return " ".join(docstring.replace("``", "`").split())
