"""Rules that concern more than one value of a declaration.

They read a declaration that may still be wrong elsewhere, and keep silent about values that are missing or of the
wrong type; so one reading of a file reports everything that is wrong in it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

from chem_endpoints.spec.instance_types import has_gpu, is_burstable
from chem_endpoints.spec.support_matrix import SUPPORT, Kind, KindSupport
from chem_endpoints.spec.violation import Violation

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class _Declaration:
    """A declaration as written; its values are there only if they have the expected type."""

    written: Mapping[str, object]

    def value(self, field: str, expected: type[_Value]) -> _Value | None:
        found: object = self.written
        for key in field.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        return found if type(found) is expected else None

    def has(self, field: str) -> bool:
        section, _, key = field.rpartition(".")
        return (self.value(section, dict) or {}).get(key) is not None

    @property
    def kind(self) -> Kind | None:
        kind = self.value("serving.kind", str)
        return cast("Kind", kind) if kind in SUPPORT else None

    @property
    def support(self) -> KindSupport | None:
        return SUPPORT[self.kind] if self.kind else None


def broken_rules(written: Mapping[str, object]) -> tuple[Violation, ...]:
    """What contradicts itself, or what AWS does not offer for the declared kind."""
    declaration = _Declaration(written)
    return tuple(violation for rule in _RULES for violation in rule(declaration))


def _image_fits_the_instance(declaration: _Declaration) -> Iterator[Violation]:
    instance_type = declaration.value("serving.instance_type", str)
    image = declaration.value("model.image", str) or "base"
    if instance_type is None:
        return
    if image == "deep-gpu" and not has_gpu(instance_type):
        reason = "has no GPU, but model.image is deep-gpu; choose for example ml.g5.xlarge, or model.image: deep"
        yield Violation(field="serving.instance_type", reason=reason, value=instance_type)
    if image != "deep-gpu" and has_gpu(instance_type):
        reason = f"has a GPU that image {image} cannot use; choose model.image: deep-gpu or a CPU type"
        yield Violation(field="serving.instance_type", reason=reason, value=instance_type)


def _burstable_types_do_not_scale(declaration: _Declaration) -> Iterator[Violation]:
    instance_type = declaration.value("serving.instance_type", str)
    scales = declaration.kind == "async" or declaration.has("serving.scaling")
    if not (instance_type and is_burstable(instance_type) and scales and declaration.support):
        return
    cell = declaration.support.burstable_autoscaling
    if not cell.value:
        reason = f"cannot autoscale, because it is burstable: {cell.instead}"
        yield Violation(field="serving.instance_type", reason=reason, value=instance_type)


def _minimum_is_below_maximum(declaration: _Declaration) -> Iterator[Violation]:
    minimum = declaration.value("serving.scaling.min", int)
    maximum = declaration.value("serving.scaling.max", int)
    if minimum is not None and maximum is not None and minimum > maximum:
        reason = f"must be at least serving.scaling.min, which is {minimum}"
        yield Violation(field="serving.scaling.max", reason=reason, value=maximum)


def _only_some_kinds_reach_zero(declaration: _Declaration) -> Iterator[Violation]:
    minimum = declaration.value("serving.scaling.min", int)
    if minimum == 0 and declaration.support and not declaration.support.scale_to_zero.value:
        reason = f"must be at least 1 for {declaration.kind}: {declaration.support.scale_to_zero.instead}"
        yield Violation(field="serving.scaling.min", reason=reason, value=minimum)


def _first_instances_lie_within_the_scaling(declaration: _Declaration) -> Iterator[Violation]:
    initial = declaration.value("serving.initial_instances", int)
    minimum = declaration.value("serving.scaling.min", int)
    maximum = declaration.value("serving.scaling.max", int)
    if initial is None:
        return
    if minimum is not None and initial < minimum:
        reason = f"must be at least serving.scaling.min, which is {minimum}"
        yield Violation(field="serving.initial_instances", reason=reason, value=initial)
    if maximum is not None and initial > maximum:
        reason = f"must be at most serving.scaling.max, which is {maximum}"
        yield Violation(field="serving.initial_instances", reason=reason, value=initial)


def _sections_belong_to_the_kind(declaration: _Declaration) -> Iterator[Violation]:
    support = declaration.support
    if support is None:
        return
    for section, cell in (("capture", support.data_capture), ("retain", support.retained_objects)):
        if not cell.value and declaration.has(f"serving.{section}"):
            reason = f"AWS does not offer it for {declaration.kind} endpoints ({cell.source}); {cell.instead}"
            yield Violation(field=f"serving.{section}", reason=reason)


_RULES: tuple[Callable[[_Declaration], Iterator[Violation]], ...] = (
    _image_fits_the_instance,
    _burstable_types_do_not_scale,
    _minimum_is_below_maximum,
    _only_some_kinds_reach_zero,
    _first_instances_lie_within_the_scaling,
    _sections_belong_to_the_kind,
)
