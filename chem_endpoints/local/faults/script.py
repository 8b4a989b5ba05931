"""Faults as people order them: one, or a YAML script of many with their times."""

import math
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from chem_endpoints.local.faults.schedule import LIVE_KINDS, S3, TARGETS, Fault, FaultKind, Operation
from chem_endpoints.spec.parsing import InvalidDeclarationError, parse_model
from chem_endpoints.spec.strict_model import StrictModel, refusal
from chem_endpoints.spec.violation import Violation
from chem_endpoints.spec.yaml_file import UnreadableFileError, read_mapping

MOST_FAULTS = 100
"""Faults that a local AWS keeps at once."""

_DAY = 86_400.0
_NAMELESS = S3 | {Operation.DESCRIBE_ENDPOINT_CONFIG}
"""Operations that name no endpoint."""

Seconds = Annotated[float, Field(ge=0, le=_DAY, allow_inf_nan=False)]


class InvalidScriptError(ValueError):
    """Everything that is wrong with a script, one line per mistake."""


class FaultOrder(StrictModel):
    """One fault, as it is ordered."""

    kind: Annotated[FaultKind, Field(strict=False)]
    """What goes wrong, such as service_unavailable; `chem-endpoints local fault add --help` lists all kinds."""
    endpoint: str | None = None
    """Only calls that name this endpoint; default: those of all endpoints, and of S3."""
    operations: list[Annotated[Operation, Field(strict=False)]] | None = None
    """Only these, such as [InvokeEndpoint]; default: all that the kind can strike."""
    at_seconds: Seconds = 0.0
    """So long after the order it begins."""
    for_seconds: Seconds | None = None
    """So long it lasts; default: until it is cleared."""
    after_calls: Annotated[int, Field(ge=0)] = 0
    """So many calls of each operation pass first, counted from its beginning."""
    calls: Annotated[int, Field(ge=1)] | None = None
    """So many calls of each operation it may strike; default: all."""
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of these calls that it strikes."""
    seed: int = 0
    """Of the luck that decides: the same calls meet the same luck."""
    latency_seconds: Seconds | None = None
    """How long latency, s3_late, read_timeout and model_0 last."""
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    """What the container answers, for model_error."""

    @model_validator(mode="after")
    def _can_strike(self) -> "FaultOrder":
        if self.kind not in LIVE_KINDS:
            raise refusal(f"{self.kind}: who listens cannot play it. Stop the local AWS: chem-endpoints local down")
        try:
            fault = self.to_fault()
        except ValueError as error:
            raise refusal(str(error)) from None
        if not fault.operations:
            raise refusal(f"{self.kind} with an endpoint strikes nothing: these operations name none; leave it out")
        return self

    def to_fault(self) -> Fault:
        """The same for the schedule; its time begins with the order.

        Raises:
            ValueError: the kind cannot strike one of the operations, is no matter of time or takes no status.
        """
        operations = frozenset(self.operations) if self.operations is not None else TARGETS[self.kind]
        return Fault(
            kind=self.kind,
            operations=operations if self.endpoint is None else operations - _NAMELESS,
            first_call=self.after_calls + 1,
            calls=self.calls,
            after=self.at_seconds,
            until=math.inf if self.for_seconds is None else self.at_seconds + self.for_seconds,
            probability=self.probability,
            seconds=self.latency_seconds,
            status=self.status,
        )


class FaultScript(StrictModel):
    """Faults that are ordered together."""

    faults: Annotated[list[FaultOrder], Field(min_length=1, max_length=MOST_FAULTS)]
    """The faults; the first that strikes a call counts."""


def parse_script(written: dict[str, object]) -> FaultScript:
    """Checks a script.

    Raises:
        InvalidScriptError: with every mistake.
    """
    try:
        return parse_model(FaultScript, written)
    except InvalidDeclarationError as invalid:
        raise InvalidScriptError("\n".join(map(_line, invalid.violations))) from None


def read_script(path: Path) -> FaultScript:
    """Reads and checks a YAML file.

    Raises:
        InvalidScriptError: with every mistake, each with the file's name.
    """
    try:
        return parse_script(read_mapping(path))
    except UnreadableFileError as error:
        raise InvalidScriptError("\n".join(one.in_file(path.name) for one in error.violations)) from None
    except InvalidScriptError as error:
        raise InvalidScriptError("\n".join(f"{path.name}: {line}" for line in str(error).splitlines())) from None


def _line(violation: Violation) -> str:
    return violation.in_file("").removeprefix(": ")
