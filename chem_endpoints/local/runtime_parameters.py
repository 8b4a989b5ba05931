"""What the SageMaker runtime refuses of a request's headers: lengths and characters, as botocore describes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from chem_endpoints.local.invocation_errors import validation_error
from chem_endpoints.local.service_models import service_model

SHARED_HEADERS = ("X-Amzn-SageMaker-Custom-Attributes", "X-Amzn-SageMaker-Inference-Id")
"""Those of InvokeEndpointAsync that are checked here; its others have rules of their own."""

_JAVA_CLASSES = {r"[\p{Print}]": r"[\x20-\x7e]", r"\p{Print}": r"[\x20-\x7e]", r"\p{ASCII}": r"[\x00-\x7f]"}
"""The descriptions write patterns in Java's dialect."""


@dataclass(frozen=True, kw_only=True)
class _Rule:
    header: str
    member: str
    least: int
    most: int | None
    pattern: str | None

    def broken_by(self, value: str) -> str | None:
        """What the value must be and is not."""
        if len(value) < self.least:
            return f"Member must have length greater than or equal to {self.least}"
        if self.most is not None and len(value) > self.most:
            return f"Member must have length less than or equal to {self.most}"
        if self.pattern is not None and not re.fullmatch(_in_python(self.pattern), value, re.DOTALL):
            return f"Member must satisfy regular expression pattern: {self.pattern}"
        return None


def check_headers(operation: str, headers: Mapping[str, str]) -> None:
    """Checks the headers of a request. The values are confidential: no message repeats one.

    Args:
        operation: of ``sagemaker-runtime``, such as ``InvokeEndpoint``.
        headers: those that the caller sent.

    Raises:
        InvocationError: a ValidationError with all that is wrong, in the words of AWS's request validation.
    """
    broken = [
        f"Value at '{rule.member[0].lower()}{rule.member[1:]}' failed to satisfy constraint: {what}"
        for rule in _rules(operation)
        if rule.header in headers and (what := rule.broken_by(headers[rule.header]))
    ]
    if broken:
        errors = "error" if len(broken) == 1 else "errors"
        raise validation_error(f"{len(broken)} validation {errors} detected: {'; '.join(broken)}")


@cache
def _rules(operation: str) -> tuple[_Rule, ...]:
    shape_of_input = service_model("sagemaker-runtime").operation_model(operation).input_shape
    members = shape_of_input.members if shape_of_input is not None else {}
    return tuple(
        _Rule(
            header=shape.serialization["name"],
            member=name,
            least=int(shape.metadata.get("min", 0)),
            most=shape.metadata.get("max"),
            pattern=shape.metadata.get("pattern"),
        )
        for name, shape in members.items()
        if shape.serialization.get("location") == "header" and shape.type_name == "string"
    )


@cache
def _in_python(pattern: str) -> str:
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return pattern.replace(r"\z", r"\Z")
