"""From what a file says to a checked declaration, or to the list of everything that is wrong with it."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from chem_endpoints.spec.endpoint_spec import BROKEN_RULES, SPEC_BY_KIND, EndpointSpec, RealtimeSpec, kind_of
from chem_endpoints.spec.rules import broken_rules
from chem_endpoints.spec.strict_model import REFUSED
from chem_endpoints.spec.violation import NO_VALUE, Violation

_Model = TypeVar("_Model", bound=BaseModel)

_SECTIONS_THAT_DEPEND_ON_THE_KIND = ("serving", "client", "alarms")

_REASONS = {
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt:g}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt:g}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "string_type": "must be a text; put it in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a section of key: value lines",
    "model_type": "must be a section of key: value lines",
    "invalid_key": "must be a text; put the key in quotes",
}


class InvalidDeclarationError(Exception):
    """Everything that is wrong in one file."""

    def __init__(self, violations: tuple[Violation, ...]) -> None:
        self.violations = violations
        super().__init__("; ".join(f"{violation.field}: {violation.reason}" for violation in violations))


def parse_endpoint(written: Mapping[str, object]) -> EndpointSpec:
    """Checks a declaration as read from a file.

    Raises:
        InvalidDeclarationError: with every violation, of single values and of rules between them.
    """
    kind = kind_of(written)
    spec_type = next((spec for known, spec in SPEC_BY_KIND.items() if known == kind), None)
    if spec_type is None:
        raise InvalidDeclarationError((_unknown_kind(written), *_violations_of_any_kind(written)))
    rules = broken_rules(written)
    try:
        return parse_model(spec_type, written)
    except InvalidDeclarationError as invalid:
        ruled = {violation.field for violation in rules}
        others = tuple(violation for violation in invalid.violations if violation.field not in ruled)
        raise InvalidDeclarationError((*others, *rules)) from None


def parse_model(model: type[_Model], written: Mapping[str, object]) -> _Model:
    """Checks one section.

    Raises:
        InvalidDeclarationError: with every violation.
    """
    try:
        return model.model_validate(written)
    except ValidationError as error:
        details = error.errors(include_url=False)
        found = (violation for detail in details for violation in _violations(model, detail))
        raise InvalidDeclarationError(tuple(found)) from None


def _unknown_kind(written: Mapping[str, object]) -> Violation:
    kind = kind_of(written)
    reason = f"must be one of {', '.join(SPEC_BY_KIND)}"
    return Violation(field="serving.kind", reason=reason, value=NO_VALUE if kind is None else kind)


def _violations_of_any_kind(written: Mapping[str, object]) -> tuple[Violation, ...]:
    shared = {key: value for key, value in written.items() if key not in _SECTIONS_THAT_DEPEND_ON_THE_KIND}
    try:
        parse_model(RealtimeSpec, shared)
    except InvalidDeclarationError as invalid:
        return tuple(violation for violation in invalid.violations if violation.field != "serving")
    return ()


def _violations(model: type[BaseModel], detail: ErrorDetails) -> tuple[Violation, ...]:
    if detail["type"] == BROKEN_RULES:
        return cast("tuple[Violation, ...]", detail["ctx"]["violations"])
    return (_violation(model, detail),)


def _violation(model: type[BaseModel], detail: ErrorDetails) -> Violation:
    field = ".".join(map(str, detail["loc"]))
    if detail["type"] == "missing":
        return Violation(field=field, reason=f"is missing. Add it: {_help(model, detail)}")
    if detail["type"] == "extra_forbidden":
        return Violation(field=field, reason=_unknown_key(model, detail))
    if detail["type"] == REFUSED:
        return Violation(field=field, reason=detail["msg"], value=detail["input"])
    reason = _REASONS.get(detail["type"], detail["msg"]).format(**detail.get("ctx", {}))
    return Violation(field=field, reason=reason, value=detail["input"])


def _unknown_key(model: type[BaseModel], detail: ErrorDetails) -> str:
    known = [*_fields_beside(model, detail)]
    nearest = get_close_matches(str(detail["loc"][-1]), known, n=1)
    advice = f"did you mean {nearest[0]}?" if nearest else f"known keys: {', '.join(known)}"
    return f"is not a known key; {advice}"


def _help(model: type[BaseModel], detail: ErrorDetails) -> str:
    field = _fields_beside(model, detail)[str(detail["loc"][-1])]
    return " ".join((field.description or "").split())


def _fields_beside(model: type[BaseModel], detail: ErrorDetails) -> dict[str, FieldInfo]:
    """The fields of the section in which the error lies."""
    for key in detail["loc"][:-1]:
        if isinstance(key, str):  # a number is a place in a list of sections
            model = _section(model.model_fields[key].annotation)
    return model.model_fields


def _section(annotation: Any) -> type[BaseModel]:
    """``Section`` of ``Section`` and of ``Section | None``."""
    candidates = [annotation, *get_args(annotation)]
    return next(each for each in candidates if isinstance(each, type) and issubclass(each, BaseModel))
