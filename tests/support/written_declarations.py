"""Declarations as their authors write them, changed one field at a time."""

from copy import deepcopy
from typing import Any

import pytest

from chem_endpoints.spec.parsing import InvalidDeclarationError, parse_endpoint

Declaration = dict[str, Any]


def changed(declared: Declaration, *fields: tuple[str, object]) -> Declaration:
    """The declaration with fields set, each named by its dotted path."""
    copy = deepcopy(declared)
    for field, value in fields:
        section = copy
        *path, key = field.split(".")
        for name in path:
            section = section.setdefault(name, {})
        section[key] = value
    return copy


def mistakes(declared: Declaration) -> list[str]:
    """The lines that the author of a refused declaration reads."""
    with pytest.raises(InvalidDeclarationError) as caught:
        parse_endpoint(declared)
    return [violation.in_file("x.yaml").removeprefix("x.yaml: ") for violation in caught.value.violations]
