"""What a template's declaration of a parameter allows.

Source: "Parameters", section "Properties", of the template reference in the CloudFormation user guide.
"""

import re
from collections.abc import Mapping
from typing import Any

from chem_endpoints.local.cfn_stack import CloudFormationError
from chem_endpoints.local.cfn_template import as_text


def check_parameter(name: str, declared: Mapping[str, Any], value: str) -> None:
    """Checks a value, of a list each item.

    The values of SSM parameters are read later, and not checked.

    Raises:
        CloudFormationError: the value is not allowed; a ``ConstraintDescription`` of the template says why.
    """
    kind = str(declared.get("Type", "String"))
    if kind.startswith("AWS::SSM::Parameter::Value<"):
        return
    several = kind == "CommaDelimitedList" or kind.startswith("List<")
    for item in [part.strip() for part in value.split(",")] if several else [value]:
        if broken := _broken(declared, item, number=kind in ("Number", "List<Number>")):
            own = declared.get("ConstraintDescription")
            told = f"failed to satisfy constraint: {own}" if own else broken
            raise CloudFormationError(f"Parameter '{name}' {told}")


def _broken(declared: Mapping[str, Any], value: str, *, number: bool) -> str | None:
    """What the value does not keep to; ``None``: it may be."""
    if number and not _is_number(value):
        return "must be a number"
    allowed = [as_text(one) for one in declared.get("AllowedValues", ())]
    if allowed and value not in allowed:
        return f"must be one of AllowedValues: [{', '.join(allowed)}]"
    pattern = declared.get("AllowedPattern")
    if pattern is not None and re.fullmatch(str(pattern), value) is None:
        return f"must match pattern {pattern}"
    for bound, measured, unit in (
        ("Length", len(value), " characters"),
        ("Value", float(value) if number else None, ""),
    ):
        least, most = declared.get(f"Min{bound}"), declared.get(f"Max{bound}")
        if measured is None:
            continue
        if least is not None and measured < float(least):
            return f"must be at least {least}{unit}"
        if most is not None and measured > float(most):
            return f"must be at most {most}{unit}"
    return None


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
