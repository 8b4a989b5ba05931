"""The page on what AWS offers for each kind of endpoint: the support matrix."""

from dataclasses import fields

from page_parts import generated_page, table

from chem_endpoints.spec.support_matrix import SUPPORT, Cell, KindSupport

INTRODUCTION = """\
What AWS supports for each `serving.kind`, with the AWS page that says so. A declaration that asks for a *no* is
refused with the note. Sizes are bytes, times seconds. How to choose a kind: [declaring an
endpoint](../declaration.md#which-kind)."""


def kinds_page() -> str:
    """A row per question, a column per kind; below it, what to use where AWS offers nothing, and each source."""
    notes: dict[str, int] = {}
    rows = [
        (field.name.replace("_", " "), *(_shown(getattr(support, field.name), notes) for support in SUPPORT.values()))
        for field in fields(KindSupport)
    ]
    told = "\n".join(f"{number}. {note}" for note, number in notes.items())
    return generated_page("What each kind supports", INTRODUCTION, [table(["what", *map(str, SUPPORT)], rows), told])


def _shown(cell: Cell[object], notes: dict[str, int]) -> str:
    note = f"{cell.instead} ({cell.source})" if cell.instead else cell.source
    number = notes.setdefault(note, len(notes) + 1)
    value = {True: "yes", False: "no"}[cell.value] if isinstance(cell.value, bool) else f"{cell.value:,}"
    return f"{value} <sup>{number}</sup>"
