"""Hyperparameters as people write them, ``key=value``, checked against a family's settings."""

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from model_scripts.training.table import TrainingError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Settings = TypeVar("Settings", bound=DataclassInstance)
else:
    Settings = TypeVar("Settings")

Setting = float | int | str | bool


def read_settings(kind: type[Settings], given: Mapping[str, Setting], *, family: str) -> Settings:
    """The settings of a family: what is given, and the defaults for the rest.

    Args:
        kind: a dataclass whose fields have defaults; ``Annotated[int, pydantic.Field(ge=1)]`` bounds a number and
            ``Literal`` lists texts.
        given: name → value or its text.
        family: what messages call the family.

    Raises:
        TrainingError: no such setting, or not such a value; names the setting, what is allowed and the nearest name.
    """
    known = {field.name: field for field in fields(kind)}
    hints = get_type_hints(kind, include_extras=True)
    allowed = {name: _allowed(hints[name], field.default) for name, field in known.items()}
    for name in given:
        if name not in known:
            raise TrainingError(
                f"{family} has no setting {name!r}{_nearest(name, list(known))}; it has {_listed(allowed)}"
            )
    try:
        return TypeAdapter(kind).validate_python(dict(given))
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise TrainingError(f"{family}: {name}={given[name]} is not allowed: {name} is {allowed[name]}") from None


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f", perhaps {near[0]!r} is meant" if near else ""


def _listed(allowed: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {text}" for name, text in allowed.items())


def _allowed(hint: Any, default: object) -> str:
    """For example ``a whole number from 1 up to 20 (default 6)``."""
    schema = TypeAdapter(hint).json_schema()
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])} (default {default})"
    names = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
    return f"{names.get(schema['type'], 'a text')}{_bounds(schema)} (default {default})"


def _bounds(schema: Mapping[str, Any]) -> str:
    low = f" from {schema['minimum']}" if "minimum" in schema else ""
    above = f" above {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else ""
    below = f" below {schema['exclusiveMaximum']}" if "exclusiveMaximum" in schema else ""
    high = f" up to {schema['maximum']}" if "maximum" in schema else ""
    return f"{low}{above}{below}{high}"
