"""One mistake in a declaration, and the error that lists them all."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

NO_VALUE: Final = object()
"""Stands for "there is no value to show"."""

_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A field, why its value is refused and what to do; the value itself where it helps."""

    field: str
    """Dotted path, for example ``serving.scaling.max``; empty for the file as a whole."""
    reason: str
    """What is wrong and what to do."""
    value: object = NO_VALUE
    """The refused value."""

    def in_file(self, file: str) -> str:
        """The line that the author of ``file`` reads."""
        place = f"{file}: {self.field}" if self.field else file
        return f"{place}: {self.reason}{self._shown_value}"

    @property
    def _shown_value(self) -> str:
        if self.value is NO_VALUE or isinstance(self.value, dict | list):
            return ""
        text = repr(self.value)
        return f" (got {text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + '…'})"


class DeclarationError(Exception):
    """Every mistake of every declaration, one per line: file, field, reason, what to do."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        count = f"{len(self.lines)} mistake{'s' if len(self.lines) > 1 else ''} in the declarations:"
        super().__init__("\n".join([count, *(f"  {line}" for line in self.lines)]))
