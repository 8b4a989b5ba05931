"""Reading YAML so that nothing that a person wrote is lost silently."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from chem_endpoints.spec.violation import Violation


class UnreadableFileError(Exception):
    """A file that is not one YAML mapping with distinct keys."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        self.violations = violations
        super().__init__("; ".join(violation.reason for violation in violations))


def read_mapping(path: Path) -> dict[str, object]:
    """The mapping that a YAML file holds.

    Raises:
        UnreadableFileError: no such file, a syntax error, a key that stands twice, or no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(f"cannot be read: {error}") from None
    contents, repeated = _parse(text)
    if repeated:
        raise UnreadableFileError(tuple(repeated))
    if not isinstance(contents, dict):
        raise _unreadable("must be key: value lines")
    return contents


def _parse(text: str) -> tuple[object, list[Violation]]:
    """What a YAML text holds, and the keys that stand twice in it."""
    try:
        loader = _Loader(text)
        return loader.get_single_data(), loader.repeated
    except yaml.YAMLError as error:
        raise _unreadable(f"is not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise _unreadable("is nested too deeply; a declaration has three levels") from None
    except (ValueError, LookupError, AttributeError) as error:
        # PyYAML checks neither the 99th of a month nor what an explicit tag such as !!bool stands before.
        raise _unreadable(f"holds a value that is none of its type ({error}); put it in quotes") from None


def _unreadable(reason: str) -> UnreadableFileError:
    return UnreadableFileError((Violation(field="", reason=reason),))


class _Loader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys; this one remembers both."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.repeated: list[Violation] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a text", key_node.start_mark)
            if key in seen:
                reason = f"key {key!r} stands twice, the second time in line {key_node.start_mark.line + 1}; keep one"
                self.repeated.append(Violation(field="", reason=reason))
            seen.add(key)
        return super().construct_mapping(node, deep=deep)
