"""The support matrix as the Markdown of docs/declaration.md: ``python tests/support/support_table.py`` prints it."""

from dataclasses import fields

from chem_endpoints.spec.support_matrix import SUPPORT, Cell, KindSupport


def support_table() -> str:
    """A row per question, a column per kind; below it, what to use where AWS offers nothing, and each source."""
    kinds = list(SUPPORT)
    rows = [field.name for field in fields(KindSupport)]
    lines = [f"| | {' | '.join(kinds)} |", f"|---|{'---|' * len(kinds)}"]
    notes: dict[str, int] = {}
    for row in rows:
        cells = [getattr(SUPPORT[kind], row) for kind in kinds]
        lines.append(f"| {row.replace('_', ' ')} | {' | '.join(_shown(cell, notes) for cell in cells)} |")
    return "\n".join([*lines, "", *(f"{number}. {note}" for note, number in notes.items())])


def _shown(cell: Cell[object], notes: dict[str, int]) -> str:
    note = f"{cell.instead} ({cell.source})" if cell.instead else cell.source
    number = notes.setdefault(note, len(notes) + 1)
    value = {True: "yes", False: "no"}[cell.value] if isinstance(cell.value, bool) else f"{cell.value:,}"
    return f"{value} <sup>{number}</sup>"


if __name__ == "__main__":
    print(support_table())
