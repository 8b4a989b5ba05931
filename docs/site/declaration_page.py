"""The page on the fields of a declaration, and of a stage: from the models that check them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from page_parts import code, generated_page, prose, table
from pydantic import BaseModel

from chem_endpoints.spec.endpoint_spec import SPEC_BY_KIND
from chem_endpoints.spec.stages import Stage

INTRODUCTION = """\
Every key of `endpoints/NAME.yaml`, then those of `stages.yaml`. A key that a kind does not have is refused, with
what to write instead. Rules between fields are told by `chem-endpoints validate`; `chem-endpoints schema` prints
the same as JSON Schema for your editor. How to choose: [declaring an endpoint](../declaration.md). What AWS offers
for which kind: [kinds](kinds.md)."""

_BOUNDS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
_REQUIRED = "**required**"


@dataclass(frozen=True, kw_only=True)
class Field:
    """A key of the file, as one kind of endpoint has it."""

    path: str
    kind: str
    type: str
    default: str
    text: str

    @property
    def section(self) -> str:
        """The path of what holds it; empty at the top."""
        return self.path.rpartition(".")[0]


def declaration_page() -> str:
    """The page."""
    fields = [
        field
        for kind, spec in SPEC_BY_KIND.items()
        for field in _fields(spec.model_json_schema(), kind, _definitions(spec))
    ]
    sections = list(dict.fromkeys(field.section for field in fields))
    parts = []
    for section in sorted(sections, key=lambda path: (_top(path), path.count("."), path)):
        parts.append(f"## `{section}`" if section else "## The endpoint")
        rows = _rows([field for field in fields if field.section == section])
        parts.append(table(["field", "kinds", "type and bounds", "default", "what it is"], rows))
    parts.append("## `stages.yaml`\n\nThe keys of each stage; `-c stage=NAME` chooses one.")
    stage = _fields(Stage.model_json_schema(), "", _definitions(Stage))
    parts.append(
        table(
            ["field", "type and bounds", "default", "what it is"],
            [(code(f.path), f.type, f.default, f.text) for f in stage if f.path != "name"],
        )
    )
    return generated_page("Fields of a declaration", INTRODUCTION, parts)


def _top(path: str) -> int:
    order = ["", "model", "callers", "serving", "client", "alarms"]
    first = path.partition(".")[0].removesuffix("[]")
    return order.index(first) if first in order else len(order)


def _rows(fields: list[Field]) -> Iterator[tuple[str, ...]]:
    """One row for kinds that have the same field, in the order in which the models name their fields."""
    same: dict[tuple[str, ...], list[str]] = {}
    for field in fields:
        same.setdefault((field.path, field.type, field.default, field.text), []).append(field.kind)
    names = list(dict.fromkeys(field.path for field in fields))
    for (path, type_, default, text), kinds in sorted(same.items(), key=lambda item: names.index(item[0][0])):
        shown = "all" if len(kinds) == len(SPEC_BY_KIND) else ", ".join(code(kind) for kind in kinds)
        yield code(path.rpartition(".")[2]), shown, type_, default, text


def _definitions(model: type[BaseModel]) -> Mapping[str, Any]:
    definitions: Mapping[str, Any] = model.model_json_schema().get("$defs", {})
    return definitions


def _fields(
    schema: Mapping[str, Any], kind: str, definitions: Mapping[str, Any], path: str = "", depth: int = 0
) -> Iterator[Field]:
    for name, written in schema.get("properties", {}).items():
        place = f"{path}.{name}" if path else name
        inner, many = _inner(written, definitions)
        here = f"{place}[]" if many else place
        default = _REQUIRED if name in schema.get("required", ()) else _default(written)
        text = prose(written.get("description") or (inner or {}).get("description", ""))
        assert text, f"{kind} {place}: the field has no description in chem_endpoints/spec"
        yield Field(path=place, kind=kind, type=_type(written, definitions), default=default, text=text)
        if inner is not None:
            yield from _fields(inner, kind, definitions, here, depth + 1)


def _inner(written: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, bool]:
    """The section that the field holds, if it holds one, and whether it holds a list of them."""
    for one in _choices(written):
        if "$ref" in one:
            return definitions[one["$ref"].rpartition("/")[2]], False
        if one.get("type") == "array" and "$ref" in one.get("items", {}):
            return definitions[one["items"]["$ref"].rpartition("/")[2]], True
    return None, False


def _choices(written: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    choices = written.get("anyOf", [written])
    return [one for one in choices if one.get("type") != "null"]


def _default(written: Mapping[str, Any]) -> str:
    default = written.get("default", "")
    if default is None or default in ({}, [], ""):
        return "none"
    if isinstance(default, dict):
        return "as below"
    if isinstance(default, list):
        return ", ".join(code(one) for one in default)
    return code({True: "true", False: "false"}[default] if isinstance(default, bool) else default)


def _type(written: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    return " or ".join(_one_type(one, definitions) for one in _choices(written))


def _one_type(written: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "$ref" in written:
        return "section"
    if "const" in written:
        return code(written["const"])
    if "enum" in written:
        return ", ".join(code(one) for one in written["enum"])
    if written.get("type") == "array":
        return f"list of {_one_type(written.get('items', {}), definitions)}"
    bounds = [form.format(f"{written[key]:,}") for key, form in _BOUNDS.items() if key in written]
    names = {"object": "mapping", "string": "text", "integer": "integer", "number": "number", "boolean": "true, false"}
    return " ".join([names.get(written.get("type", ""), "any"), ", ".join(bounds)]).strip()
