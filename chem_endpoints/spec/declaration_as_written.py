"""A declaration that may still be wrong: values are read from it only where they have the expected type."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

from chem_endpoints.spec.support_matrix import SUPPORT, Kind, KindSupport

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class WrittenDeclaration:
    """A declaration as written."""

    written: Mapping[str, object]

    def value(self, field: str, expected: type[_Value]) -> _Value | None:
        """The value at a dotted path; None where there is none, or one of another type."""
        found: object = self.written
        for key in field.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        return found if type(found) is expected else None

    def has(self, field: str) -> bool:
        """Whether something is written at the path; an empty list is as good as nothing."""
        section, _, key = field.rpartition(".")
        written = self.value(section, dict) if section else self.written
        return (written or {}).get(key) not in (None, (), [])

    def sections(self, field: str) -> list[tuple[str, "WrittenDeclaration"]]:
        """The sections of a list, each with its path."""
        found = self.value(field, list) or self.value(field, tuple) or ()
        return [(f"{field}.{i}", WrittenDeclaration(each)) for i, each in enumerate(found) if isinstance(each, Mapping)]

    @property
    def kind(self) -> Kind | None:
        """``serving.kind``; None for an unknown one."""
        kind = self.value("serving.kind", str)
        return cast("Kind", kind) if kind in SUPPORT else None

    @property
    def support(self) -> KindSupport | None:
        """What AWS supports for the kind."""
        return SUPPORT[self.kind] if self.kind else None
